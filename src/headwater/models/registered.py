"""Registered models that are scored on this machine: their files, whether these may be loaded, and what loads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from headwater.models.discovery import FunctionDescription
from headwater.models.fingerprint import call_description, call_fingerprint
from headwater.models.scorer import Scorer
from headwater.models.workers.artifacts import ArtifactCache
from headwater.models.workers.environments import Environments
from headwater.models.workers.pool import ScorerPool
from headwater.models.workers.requirements import requirements_of
from headwater.models.workers.trust import check_artifact

__all__ = ["Download", "RegisteredModels"]

Download: TypeAlias = Callable[[Path], Path]
"""Writes a version's files under a new folder, and returns the one that holds ``MLmodel``."""


class RegisteredModels:
    """What scores with registered models; :class:`headwater.models.environment.ModelScorers`.

    Args:
        artifacts: the files of models.
        pool: the processes, shared by all that call the same version.
        environments: what models may need to be loaded.
        trusted: whether models of a source, by its name, may run code here.
    """

    def __init__(
        self,
        artifacts: ArtifactCache,
        pool: ScorerPool,
        environments: Environments,
        trusted: Callable[[str], bool],
    ) -> None:
        self._artifacts = artifacts
        self._pool = pool
        self._environments = environments
        self._trusted = trusted

    def scorer(self, found: FunctionDescription, identity: str, download: Download) -> Scorer:
        """The scorer of a registered version.

        Raises:
            ModelError: its files are not those that were described, may not be loaded, or need an environment that
                was not built.
            NetworkError, WorkspaceError: its files cannot be had.
        """
        assert found.signature is not None, "what is called has a schema"
        folder = self._checked(found, identity, download)
        # With another schema, supplied since, it is another scorer: its answers have other types.
        key = call_fingerprint(call_description(identity, found.signature))
        return self._pool.scorer(key, found.name.function, found.signature, lambda: folder)

    def prepare(
        self,
        found: FunctionDescription,
        identity: str,
        download: Download,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Fetch a version's files and build the environment that they need, so that no refresh has to wait for it.

        Raises:
            ModelError: as :meth:`scorer` says, or the environment cannot be built.
        """
        progress("fetching the model's files")
        folder = self._checked(found, identity, download)
        self._environments.build(requirements_of(folder), progress)

    def _checked(self, found: FunctionDescription, identity: str, download: Download) -> Path:
        assert found.registered is not None, "only registered models have files"
        folder = self._artifacts.get(identity, found.registered.digest, download)
        check_artifact(folder, trusted=self._trusted(found.name.source), name=found.name.function)
        return folder
