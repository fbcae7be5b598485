"""Registered models that are scored on this machine: their files, whether these may be loaded, and what loads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from headwater.models.discovery import FunctionDescription
from headwater.models.fingerprint import call_description, call_fingerprint
from headwater.models.onnx import OnnxScorer, is_onnx, signature_from_onnx
from headwater.models.scorer import Scorer
from headwater.models.signature import Signature
from headwater.models.workers.artifacts import ArtifactCache
from headwater.models.workers.environments import Environments
from headwater.models.workers.pool import ScorerPool
from headwater.models.workers.requirements import requirements_of
from headwater.models.workers.trust import Loading, check_artifact

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
        folder, loading = self._checked(found, identity, download)
        name, signature = found.name.function, found.signature
        # With another schema, supplied since, it is another scorer: its answers have other types.
        key = call_fingerprint(call_description(identity, signature))
        if loading is Loading.DATA:
            return self._pool.kept(key, lambda: OnnxScorer(folder, signature, name=name))
        return self._pool.worker(key, name, signature, folder)

    def prepare(
        self,
        found: FunctionDescription,
        identity: str,
        download: Download,
        progress: Callable[[str], None] = lambda _: None,
    ) -> Signature | None:
        """Fetch a version's files and build the environment that they need, so that no refresh has to wait for it.

        Returns:
            what an ONNX graph itself tells of a model whose signature is missing; None where it is not, or nothing is.

        Raises:
            ModelError: as :meth:`scorer` says, or the environment cannot be built.
        """
        progress("fetching the model's files")
        folder, loading = self._checked(found, identity, download)
        if loading is Loading.CODE:
            self._environments.build(requirements_of(folder), progress)
            return None
        return signature_from_onnx(folder) if found.signature is None else None

    def _checked(self, found: FunctionDescription, identity: str, download: Download) -> tuple[Path, Loading]:
        """The version's files, and how they are loaded."""
        assert found.registered is not None, "only registered models have files"
        folder = self._artifacts.get(identity, found.registered.digest, download)
        trusted, name = self._trusted(found.name.source), found.name.function
        return folder, check_artifact(folder, trusted=trusted, name=name, runs_onnx=is_onnx(folder))
