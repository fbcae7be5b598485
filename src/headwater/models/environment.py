"""The model functions of one refresh, preview or call: looked up when they are first asked for, and then fixed.

Everything that one environment scores under a name is scored by the same version, whatever happens to aliases
meanwhile. Make a new environment for each refresh, and for each time that somebody looks anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeAlias
from urllib.parse import urlsplit

from headwater.errors import NotFoundError, UsageError
from headwater.models.apart import EntityModels
from headwater.models.cancelling import Cancellation
from headwater.models.counting import NothingScorer
from headwater.models.discovery import Discovery, FunctionDescription
from headwater.models.earlier import EarlierVersions, KeptPredictions
from headwater.models.fingerprint import call_description, call_fingerprint
from headwater.models.functions import ModelFunction
from headwater.models.ledger import Ledger, LedgerPredictions
from headwater.models.names import ModelName
from headwater.models.options import CallOptions
from headwater.models.predictions import KeptForGood, Predictions, SessionPredictions
from headwater.models.results import ResultForm
from headwater.models.rights import ModelRights
from headwater.models.run import Calling
from headwater.models.scorer import Scorer
from headwater.models.services import ServiceScorer
from headwater.models.signature import Signature
from headwater.models.statistics import Progress, ScoringStatistics

__all__ = [
    "EntityModels",
    "LedgerStore",
    "ModelEnvironment",
    "ModelScorers",
    "PredictionStore",
    "ResolvedModel",
    "Reuse",
    "SessionStore",
]


Reuse: TypeAlias = Literal["version", "revision", "max_age", "none"]
"""The rule by which a prediction that was made before is used again."""

OnUsed: TypeAlias = Callable[[FunctionDescription, ScoringStatistics], None]
"""Told what was done with a model."""


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """What a name stood for in this environment.

    ``immutable_identity`` names exactly this artifact or deployment, for ever; "" where nothing does.
    """

    name: str
    description: FunctionDescription
    immutable_identity: str
    function: ModelFunction

    @property
    def reuse(self) -> Reuse:
        """Which rule says that predictions made before hold: of this version, of this deployment, by their age."""
        if self.immutable_identity:
            return "version" if self.description.registered is not None else "revision"
        return "none" if self.description.supplied.reuse is None else "max_age"


class PredictionStore(Protocol):
    """Where the predictions of calls are kept."""

    def open(
        self, identity: str, signature: Signature, params: Mapping[str, Any], max_age: timedelta | None
    ) -> Predictions:
        """The predictions of one call: of exactly this model, with these params."""
        ...


class LedgerStore:
    """Keeps predictions in the ledger, for ever and for everybody."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def open(
        self, identity: str, signature: Signature, params: Mapping[str, Any], max_age: timedelta | None
    ) -> Predictions:
        description = call_description(identity, signature, params)
        fingerprint = call_fingerprint(description)
        self._ledger.register(fingerprint, description)
        return LedgerPredictions(self._ledger, fingerprint, max_age)


class SessionStore:
    """Keeps predictions for as long as somebody looks at previews; several environments may share one."""

    def __init__(self) -> None:
        self._calls: dict[str, SessionPredictions] = {}
        self._lock = threading.Lock()

    def open(
        self, identity: str, signature: Signature, params: Mapping[str, Any], max_age: timedelta | None
    ) -> Predictions:
        fingerprint = call_fingerprint(call_description(identity, signature, params))
        with self._lock:
            return self._calls.setdefault(fingerprint, SessionPredictions())


class ModelScorers(Protocol):
    """What scores with registered models."""

    def scorer(self, found: FunctionDescription, identity: str, download: Callable[[Path], Path]) -> Scorer:
        """The scorer of a registered version, which several environments may share.

        Args:
            found: the model, with its signature.
            identity: what exactly is loaded.
            download: writes its files under a new folder, and returns the one that holds ``MLmodel``.
        """
        ...

    def prepare(
        self,
        found: FunctionDescription,
        identity: str,
        download: Callable[[Path], Path],
        progress: Callable[[str], None],
    ) -> Signature | None:
        """Fetch a registered version's files and build the environment that they need.

        What the files tell of a missing signature comes back.
        """
        ...


@dataclass(slots=True)
class _Resolved:
    """What has been looked up, by name, and what has to be closed."""

    models: dict[str, ResolvedModel] = field(default_factory=dict)
    opened: ExitStack = field(default_factory=ExitStack)


class ModelEnvironment:
    """The model functions of registered workspaces.

    Args:
        discovery: looks names up, for whoever runs what calls the models.
        rights: theirs.
        scorers: what scores with registered models; shared, and not closed here.
        store: where predictions are kept; None keeps none.
        on_progress: told how far each function is.
        on_close: called when the environment is closed.
        on_used: told what was done with each model, when the environment is closed.
        earlier: what earlier versions have to say; nothing, where that is None.
        counts_only: score nothing: all that there is to score becomes null, and is counted.
    """

    def __init__(
        self,
        discovery: Discovery,
        rights: ModelRights,
        scorers: ModelScorers,
        store: PredictionStore | None = None,
        *,
        on_progress: Progress | None = None,
        on_close: Callable[[], None] = lambda: None,
        on_used: OnUsed = lambda _model, _done: None,
        earlier: EarlierVersions | None = None,
        counts_only: bool = False,
    ) -> None:
        self.discovery = discovery
        self.cancellation = Cancellation()
        self._rights = rights
        self._scorers = scorers
        self._store = store
        self._on_progress = on_progress
        self._on_close = on_close
        self._on_used = on_used
        self._earlier = earlier or EarlierVersions()
        self._counts_only = counts_only
        self._resolved = _Resolved()
        self._expected: int | None = None
        self._apart: list[EntityModels] = []
        self._lock = threading.RLock()

    def resolve(self, name: str) -> ModelFunction | None:
        """The function of this name; None when its first part is no source's.

        Raises:
            NotFoundError: the source has no such model, version or alias that may be read.
            SchemaError: it cannot be called, for want of a usable schema or because it is not ready.
            NetworkError, WorkspaceError: the workspace cannot be asked.
        """
        parts = ModelName.parse(name)
        if parts is None or parts.source not in self.discovery.sources:
            return None
        with self._lock:
            if name not in self._resolved.models:
                self._resolved.models[name] = self._resolve(name, parts)
            return self._resolved.models[name].function

    @property
    def models(self) -> tuple[ResolvedModel, ...]:
        """What has been resolved so far, in that order."""
        with self._lock:
            return tuple(self._resolved.models.values())

    def expect(self, rows: int | None) -> None:
        """Say how many rows there will be, for whoever watches; None: nobody knows."""
        self._expected = rows

    def apart(self, rows: int | None) -> EntityModels:
        """The same models, counted apart: for one of several that call them side by side.

        Args:
            rows: how many it will have; None: nobody knows.
        """
        made = EntityModels(self, rows)
        with self._lock:
            self._apart.append(made)
        return made

    def cancel(self) -> None:
        """Call off all that is under way: it ends within a second, with ScoringError ``model.cancelled``."""
        self.cancellation.cancel()

    def warm(self) -> None:
        """Start the processes of all functions resolved so far, in the background."""
        for model in self.models:
            model.function.warm()

    def prepare(self, found: FunctionDescription, progress: Callable[[str], None]) -> Signature | None:
        """Get ready what a registered model needs to be called, so that nobody has to wait for it later.

        Returns:
            its signature, where it has none and its files tell one.

        Raises:
            UsageError: it is deployed, and needs nothing here.
            ModelError: its files may not be loaded, or the environment that they need cannot be built.
        """
        if found.registered is None:
            raise UsageError(f"{found.name.function} is deployed, and needs nothing here.", hint="Call it.")
        return self._scorers.prepare(found, self._identity(found), self._download(found), progress)

    def close(self) -> None:
        """Put on record what was called, and let go of the services that were."""
        for model in self.models:
            name = model.description.name
            apart = [own.function.statistics for part in self._apart for own in part.models if own.name == model.name]
            done = ScoringStatistics.total([model.function.statistics, *apart])
            if done.calls:
                version = model.description.version
                self._rights.invoked(name.source, name.model, version, rows=done.sent, calls=done.calls)
            if done.rows and not self._counts_only:
                self._on_used(model.description, done)
        self._resolved.opened.close()
        self._on_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _resolve(self, name: str, parts: ModelName) -> ResolvedModel:
        found = self.discovery.describe(self._earlier.resolve(name, parts))
        if found.problem is not None:
            raise found.problem
        assert found.signature is not None, "what has no problem has a schema"
        identity = self._identity(found)
        calling = Calling(
            function=name,
            signature=found.signature,
            scorer=self._scorer_of(found, identity),
            permit=partial(self._rights.check_invoke, found.name.source, found.name.model),
            result=ResultForm(found.signature),
            cancellation=self.cancellation,
            on_progress=self._on_progress,
            rows_total=lambda: self._expected,
        )
        kept = self._earlier.kept_of(name, parts) if found.registered is not None else ()
        predictions = partial(self._predictions, found, identity, kept)
        function = ModelFunction(found.qualified_name, found.version, calling, predictions=predictions)
        return ResolvedModel(name, found, identity, function)

    def _identity(self, found: FunctionDescription) -> str:
        """What tells exactly this artifact or deployment from all others; "" where nothing does."""
        connector = self.discovery.connector(found.name.source)
        if found.registered is not None:
            return connector.model_identity(found.registered)
        assert found.endpoint is not None, "registered, or deployed"
        return connector.endpoint_identity(found.endpoint) if found.endpoint.revision else ""

    def _predictions(
        self, found: FunctionDescription, identity: str, kept: Sequence[ModelName], options: CallOptions
    ) -> Predictions | None:
        """Where predictions are kept; nowhere, where the same call may have another answer tomorrow."""
        if self._store is None or found.signature is None:
            return None
        reuse = found.supplied.reuse
        if identity:
            newest = self._store.open(identity, found.signature, options.params, None)
            # A result that tells its model's version would tell the newest of what an earlier one said.
            earlier = [] if options.include_model else self._earlier_predictions(kept, identity, options)
            if earlier and isinstance(newest, KeptForGood):
                return KeptPredictions(newest, [one for one in earlier if isinstance(one, KeptForGood)])
            return newest
        if reuse is None and not isinstance(self._store, SessionStore):
            return None
        assert found.endpoint is not None, "a registered model has an identity"
        connector = self.discovery.connector(found.name.source)
        return self._store.open(connector.endpoint_identity(found.endpoint), found.signature, options.params, reuse)

    def _earlier_predictions(
        self, kept: Sequence[ModelName], identity: str, options: CallOptions
    ) -> Sequence[Predictions]:
        """The predictions of earlier versions; those of a version that is gone from its workspace count no more."""
        assert self._store is not None, "asked for by whoever keeps predictions"
        found = []
        for name in kept:
            try:
                version = self.discovery.describe(name)
            except NotFoundError:
                continue
            own = self._identity(version) if version.signature is not None else identity
            if version.signature is not None and own != identity:
                found.append(self._store.open(own, version.signature, options.params, None))
        return found

    def _scorer_of(self, found: FunctionDescription, identity: str) -> Callable[[], Scorer]:
        if self._counts_only:
            assert found.signature is not None, "what has no problem has a schema"
            return partial(NothingScorer, found.signature)
        if found.registered is not None:
            return partial(self._scorers.scorer, found, identity, self._download(found))
        return _Once(partial(self._service_scorer, found))

    def _download(self, found: FunctionDescription) -> Callable[[Path], Path]:
        assert found.registered is not None, "only registered models have files"
        connector = self.discovery.connector(found.name.source)
        return partial(connector.download_version, found.registered.model, found.registered.version)

    def _service_scorer(self, found: FunctionDescription) -> Scorer:
        """A scorer of this environment alone: it calls with the credential of whoever this runs for."""
        assert found.endpoint is not None and found.signature is not None, "a callable deployed model"
        client = self.discovery.connector(found.name.source).endpoint_client(found.name.model)
        parts = urlsplit(found.endpoint.url)
        scorer = ServiceScorer(
            client,
            found.service_form(bool(found.signature.params)),
            found.signature,
            name=found.name.function,
            url_path=f"{parts.path}{'?' if parts.query else ''}{parts.query}",
            check=partial(self._rights.check_invoke, found.name.source, found.name.model),
        )
        self._resolved.opened.callback(scorer.close)
        return scorer


class _Once:
    """Makes a scorer when it is first asked for."""

    def __init__(self, make: Callable[[], Scorer]) -> None:
        self._make = make
        self._made: Scorer | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Scorer:
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made
