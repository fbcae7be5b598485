"""Model functions by the names M uses: ``demo.arrival_delay``, ``…@1``, ``…@champion``.

A name is a registered source's, a dot, and a model's; after an ``@`` a version number or an alias. Without one, or with
``@latest``, it is the version with the highest number: what was registered last is what is called, and whoever wants
to decide about that pins an alias.

A name is looked up in the workspace when it is first asked for and then stays what it was, so everything that one
refresh or session scores is scored by the same version, whatever happens to aliases meanwhile. Make a new environment
for each.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import quote

from headwater.errors import NotFoundError
from headwater.models.fingerprint import call_description, call_fingerprint
from headwater.models.functions import BATCH_ROWS, ModelFunction
from headwater.models.ledger import Ledger
from headwater.models.rights import ModelRights
from headwater.models.run import Memory
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.scorer import Scorer
from headwater.models.signature import Signature
from headwater.models.workers.artifacts import ArtifactCache
from headwater.models.workers.pool import ScorerPool
from headwater.models.workers.process import WorkerOptions
from headwater.models.workers.trust import check_artifact
from headwater.workspaces.base import Connector, ModelVersionInfo

__all__ = ["FunctionProgress", "ModelEnvironment", "ModelName", "ResolvedModel"]

FunctionProgress: TypeAlias = Callable[[str, int, int | None], None]
"""Called with a function's name, the rows done, and the rows there will be (None: unknown)."""

_LATEST = "latest"


@dataclass(frozen=True, slots=True)
class ModelName:
    """The parts of a model function's name; ``selector`` is a version, an alias, or empty for the latest version.

    >>> ModelName.parse("demo.arrival_delay@champion")
    ModelName(source='demo', model='arrival_delay', selector='champion')
    >>> ModelName.parse("Table") is None
    True
    """

    source: str
    model: str
    selector: str = ""

    @classmethod
    def parse(cls, name: str) -> ModelName | None:
        """The parts; None when it has no dot."""
        source, _, rest = name.partition(".")
        model, mark, selector = rest.rpartition("@")
        if not mark:
            model, selector = rest, ""
        return cls(source, model, "" if selector == _LATEST else selector) if source and model else None

    @property
    def version(self) -> str | None:
        """The selector where it is a version number."""
        return self.selector if self.selector.isdecimal() else None

    @property
    def alias(self) -> str | None:
        """The selector where it is an alias."""
        return self.selector if self.selector and not self.selector.isdecimal() else None


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """What a name stood for in this environment. ``immutable_identity`` names exactly this artifact, for ever."""

    name: str
    version: ModelVersionInfo
    immutable_identity: str
    function: ModelFunction


class ModelEnvironment:
    """The model functions of registered workspaces, for one refresh or session.

    Args:
        sources: connectors by the source's name; not closed here.
        cache: the folder for downloaded artifacts and the logs of scoring processes.
        rights: of whoever runs what calls the models.
        trusted: whether a source, by its name, may have code of its models run here.
        ledger: where predictions are kept; None (a preview, ``headwater run``) keeps none.
        scorers: the processes to share; None makes some for this environment, which :meth:`close` ends.
        options: for those made here.
        batch_rows: the most rows in one call of a model.
        on_progress: told the rows done of each function.
        on_close: called when the environment is closed.
    """

    def __init__(
        self,
        sources: Mapping[str, Connector],
        cache: Path,
        ledger: Ledger | None = None,
        *,
        rights: ModelRights,
        trusted: Callable[[str], bool],
        scorers: ScorerPool | None = None,
        options: WorkerOptions | None = None,
        batch_rows: int = BATCH_ROWS,
        on_progress: FunctionProgress | None = None,
        on_close: Callable[[], None] = lambda: None,
    ) -> None:
        self._sources = sources
        self._on_close = on_close
        self._rights = rights
        self._trusted = trusted
        self._artifacts = ArtifactCache(cache / "artifacts")
        self._ledger = ledger
        self._own_scorers = None if scorers is not None else ScorerPool(cache / "logs", options)
        self._scorers = scorers or self._own_scorers
        self._batch_rows = batch_rows
        self._on_progress = on_progress
        self._resolved: dict[str, ResolvedModel] = {}
        self._workspaces: dict[str, str] = {}
        self._lock = threading.RLock()

    def resolve(self, name: str) -> ModelFunction | None:
        """The function of this name; None when its first part is no source's.

        Raises:
            NotFoundError: the source has no such model, version or alias that may be read.
            SchemaError: the version has no usable signature.
            NetworkError, WorkspaceError: the workspace cannot be asked.
        """
        parts = ModelName.parse(name)
        if parts is None or parts.source not in self._sources:
            return None
        with self._lock:
            if name not in self._resolved:
                self._resolved[name] = self._resolve(name, parts)
            return self._resolved[name].function

    @property
    def models(self) -> tuple[ResolvedModel, ...]:
        """What has been resolved so far, in that order."""
        with self._lock:
            return tuple(self._resolved.values())

    def warm(self) -> None:
        """Start the processes of all functions resolved so far, in the background."""
        for model in self.models:
            model.function.warm()

    def close(self) -> None:
        """Put on record what was called, and end the processes that this environment started."""
        for model in self.models:
            done = model.function.statistics
            if done.calls:
                source = model.name.partition(".")[0]
                self._rights.invoked(
                    source, model.version.model, model.version.version, rows=done.sent, calls=done.calls
                )
        if self._own_scorers is not None:
            self._own_scorers.close()
        self._on_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _resolve(self, name: str, parts: ModelName) -> ResolvedModel:
        connector = self._sources[parts.source]
        if not self._rights.may_read(parts.source, parts.model):
            raise self._not_found(connector, parts)
        version = self._version(connector, parts)
        signature = _signature(version, name)
        identity = connector.model_identity(version)
        function = ModelFunction(
            name,
            self._qualified_name(parts.source, connector, version),
            signature,
            partial(self._scorer, connector, version, identity, name, signature),
            permit=partial(self._rights.check_invoke, parts.source, parts.model),
            memory=self._memory(identity, signature),
            batch_rows=self._batch_rows,
            on_progress=None if self._on_progress is None else partial(self._on_progress, name),
        )
        return ResolvedModel(name, version, identity, function)

    def _version(self, connector: Connector, parts: ModelName) -> ModelVersionInfo:
        try:
            return connector.get_version(parts.model, version=parts.version, alias=parts.alias)
        except NotFoundError as error:
            raise self._not_found(connector, parts) from error

    def _not_found(self, connector: Connector, parts: ModelName) -> NotFoundError:
        """What there is instead, by names that are near, of what may be read."""
        listed = {model.name: model for model in connector.list_models()}
        models = {name: model for name, model in listed.items() if self._rights.may_read(parts.source, name)}
        if parts.model not in models:
            what, wanted, names = f"model '{parts.model}'", parts.model, list(models)
        elif parts.selector:
            what, wanted = f"version or alias '{parts.selector}' of the model '{parts.model}'", parts.selector
            names = [*models[parts.model].aliases, *(v.version for v in connector.list_versions(parts.model))]
        else:
            what, wanted, names = f"version of the model '{parts.model}'", "", []
        near = difflib.get_close_matches(wanted, names, n=5, cutoff=0.5) or sorted(names)[:10]
        return NotFoundError(
            f"The source '{parts.source}' has no {what}, or none that may be read.",
            place=parts.source,
            hint=f"There is: {', '.join(near)}." if near else "Register one in the workspace.",
        )

    def _qualified_name(self, source: str, connector: Connector, version: ModelVersionInfo) -> str:
        if source not in self._workspaces:
            self._workspaces[source] = connector.test().qualified_name
        return version_name(self._workspaces[source], version)

    def _memory(self, identity: str, signature: Signature) -> Memory | None:
        if self._ledger is None:
            return None
        description = call_description(identity, signature)
        fingerprint = call_fingerprint(description)
        self._ledger.register(fingerprint, description)
        return Memory(self._ledger, fingerprint)

    def _scorer(
        self, connector: Connector, version: ModelVersionInfo, identity: str, name: str, signature: Signature
    ) -> Scorer:
        assert self._scorers is not None, "given, or made here"

        trusted = self._trusted(name.partition(".")[0])

        def folder() -> Path:
            download = partial(connector.download_version, version.model, version.version)
            found = self._artifacts.get(identity, version.digest, download)
            check_artifact(found, trusted=trusted, name=name)
            return found

        if not trusted:
            folder()  # a process that others started may hold this very model
        return self._scorers.scorer(identity, name, signature, folder)


def version_name(workspace: str, version: ModelVersionInfo) -> str:
    """The qualified name of a version, as the catalog has it; ``workspace`` is the workspace's qualified name."""
    return f"{workspace}/models/{_segment(version.model)}/versions/{_segment(version.version)}"


def _segment(text: str) -> str:
    """The text without the characters that would end a segment of a qualified name."""
    return "".join(quote(letter, safe="") if letter in "%/#?" else letter for letter in text)


def _signature(version: ModelVersionInfo, name: str) -> Signature:
    declared = version.signature
    if declared is None:
        return from_mlflow(None, None, model=name)
    return from_mlflow(declared.inputs, declared.outputs, declared.params, model=name)
