"""Reading an MLflow server as a workspace."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import urlsplit

from headwater.errors import NetworkError, NotFoundError, UsageError, WorkspaceError
from headwater.net import HttpClient
from headwater.secret import Secret
from headwater.workspaces.base import (
    Capability,
    Credential,
    EndpointInfo,
    ExperimentInfo,
    JobInfo,
    ModelInfo,
    ModelVersionInfo,
    WorkspaceInfo,
)
from headwater.workspaces.endpoints import endpoint_identity
from headwater.workspaces.mlflow import extract
from headwater.workspaces.mlflow.client import MLflowClient
from headwater.workspaces.mlflow.configuration import MLflowConfiguration
from headwater.workspaces.mlflow.webhooks import EVENTS, WebhookTest

__all__ = ["MLflowConnector"]

T = TypeVar("T")
MAX_MLMODEL_BYTES = 16 * 1024 * 1024
MAX_ARTIFACT_FILES = 20_000
MAX_ARTIFACT_BYTES = 32 * 1024**3
MAX_ARTIFACT_DEPTH = 32
_NOT_ENDED = ("RUNNING", "SCHEDULED")
_PROXIED = "mlflow-artifacts"
_TOP = PurePosixPath()


class MLflowConnector:
    """An MLflow 3 tracking server, read over its REST interface; MLflow itself is not needed here.

    Args:
        url: the server's address, with the path it is mounted under.
        credential: a user's name and password, or a token that what stands before the server asks for.
        private_networks: networks that are not public and that may be reached all the same.
        timeout: seconds to wait for each answer.
    """

    kind: str = "mlflow"
    capabilities: frozenset[Capability] = frozenset(
        {"aliases", "signatures", "jobs", "datasets", "artifacts", "job_listing", "unregistered_models"}
    )
    credential_kinds: frozenset[str] = frozenset({"anonymous", "basic", "token", "key"})

    def __init__(
        self,
        url: str,
        *,
        credential: Credential | None = None,
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
        timeout: float = 30.0,
    ) -> None:
        self._configuration = MLflowConfiguration.from_url(url)
        self._client = MLflowClient(self._configuration, credential, private_networks, timeout)
        self._experiments: dict[str, str] = {}

    def close(self) -> None:
        self._client.close()

    def test(self) -> WorkspaceInfo:
        for item in self._client.search_models(max_results=1):
            self._read(extract.model, item)
            break
        return WorkspaceInfo(
            kind=self.kind,
            url=self._configuration.url,
            qualified_name=self._configuration.qualified_name,
            display_name=self._configuration.url,
        )

    def list_models(self) -> Iterator[ModelInfo]:
        return (self._read(extract.model, item) for item in self._client.search_models())

    def list_versions(self, model: str | None = None) -> Iterator[ModelVersionInfo]:
        return (self._read(extract.model_version, item) for item in self._client.search_versions(model))

    def get_version(self, model: str, version: str | None = None, alias: str | None = None) -> ModelVersionInfo:
        if version is not None and alias is not None:
            raise UsageError("A version and an alias were given.", hint="Give one of them, or neither for the latest.")
        if alias is not None:
            item = self._client.version_by_alias(model, alias)
        else:
            item = self._client.version(model, version or self._latest(model))
        aliases = [
            entry["alias"]
            for entry in self._client.model(model).get("aliases", [])
            if str(entry["version"]) == str(item["version"])
        ]
        return self._with_signature(self._read(extract.model_version, item, aliases))

    def get_job(self, run_id: str) -> JobInfo:
        item = self._client.run(run_id)
        experiment = self._experiment(str(item.get("info", {}).get("experiment_id", "")))
        return self._read(extract.job, item, experiment, self._configuration.qualified_name)

    def read_signature(self, listed: ModelVersionInfo) -> ModelVersionInfo:
        """``listed`` with its signature and digest; of a model that nobody registered, too."""
        return self._with_signature(listed)

    def list_experiments(self) -> Iterator[ExperimentInfo]:
        return (self._read(extract.experiment, item) for item in self._client.search_experiments())

    def list_jobs(
        self, experiments: Collection[str] | None = None, *, ended_after: datetime | None = None
    ) -> Iterator[JobInfo]:
        names = {found.id: found.name for found in self.list_experiments()}
        ids = [found for found, name in names.items() if experiments is None or name in experiments]
        home = self._configuration.qualified_name
        for condition in _conditions(ended_after):
            for item in self._client.search_runs(ids, condition):
                experiment_id = str(item.get("info", {}).get("experiment_id", ""))
                yield self._read(extract.job, item, names.get(experiment_id, experiment_id), home)

    def list_unregistered_models(self, experiments: Collection[str] | None = None) -> Iterator[ModelVersionInfo]:
        """Every model that was logged, with those that were registered since: only their versions tell."""
        ids = [found.id for found in self.list_experiments() if experiments is None or found.name in experiments]
        return (self._read(extract.logged_model, item) for item in self._client.search_logged_models(ids))

    def create_webhook(self, name: str, url: str, secret: Secret) -> str:
        """Have the server post what happens to registered models to ``url``, signed; returns the webhook's id.

        MLflow posts to https addresses on the public internet alone unless it was told otherwise, and needs a key of
        its own to keep secrets by (``MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY``).

        Raises:
            RemoteError: the server refuses the address, or the account may not manage webhooks.
        """
        return self._client.create_webhook(name, url, secret.reveal(), EVENTS)

    def test_webhook(self, webhook_id: str) -> WebhookTest:
        """Have the server post an example now."""
        result = self._client.test_webhook(webhook_id)
        return WebhookTest(bool(result.get("success")), int(result.get("response_status") or 0))

    def delete_webhook(self, webhook_id: str) -> None:
        """Have the server post nothing more.

        Raises:
            NotFoundError: there is no such webhook.
        """
        self._client.delete_webhook(webhook_id)

    def download_version(self, model: str, version: str, to: Path) -> Path:
        location = urlsplit(self._client.version_location(model, version))
        if location.scheme != _PROXIED:
            raise WorkspaceError(
                f"The artifact of version {version} of model '{model}' is not served by the MLflow server.",
                place=self._configuration.url,
                hint="Start the server with --serve-artifacts and log the model again.",
            )
        to.mkdir(parents=True, exist_ok=True)
        _Download(self._client, to.resolve()).folder(location.path.strip("/"))
        if not (to / "MLmodel").is_file():
            raise WorkspaceError(
                f"The artifact of version {version} of model '{model}' has no MLmodel file.",
                place=self._configuration.url,
                hint="Log and register the model again.",
            )
        return to

    def model_identity(self, version: ModelVersionInfo) -> str:
        digest = version.digest or self._with_signature(version).digest
        origin = version.model_id or version.run_id or version.source
        return f"{self._configuration.qualified_name}#{origin}#{digest}"

    def list_endpoints(self) -> Iterator[EndpointInfo]:
        return iter(())

    def get_endpoint(self, name: str) -> EndpointInfo:
        raise self._no_endpoint(name)

    def endpoint_client(self, name: str) -> HttpClient:
        raise self._no_endpoint(name)

    def endpoint_identity(self, endpoint: EndpointInfo) -> str:
        return endpoint_identity(self._configuration.qualified_name, endpoint)

    def _no_endpoint(self, name: str) -> NotFoundError:
        return NotFoundError(
            f"There is no endpoint '{name}'.",
            place=self._configuration.url,
            hint="A tracking server deploys no models. Register what serves the model as a source of its own.",
        )

    def _latest(self, model: str) -> str:
        numbers = [int(item["version"]) for item in self._client.search_versions(model)]
        if not numbers:
            raise NotFoundError(
                f"There is no model '{model}', or it has no version.",
                place=self._configuration.url,
                hint="List what the workspace holds.",
            )
        return str(max(numbers))

    def _with_signature(self, version: ModelVersionInfo) -> ModelVersionInfo:
        content = self._mlmodel(version)
        place = f"{self._configuration.url}, model '{version.model}', version {version.version}"
        signature, digest = extract.parse_mlmodel(content, place)
        return replace(version, signature=signature, digest=digest)

    def _mlmodel(self, version: ModelVersionInfo) -> bytes:
        if version.version:
            return self._client.version_file(version.model, version.version, "MLmodel", MAX_MLMODEL_BYTES)
        place = urlsplit(version.source)
        if place.scheme != _PROXIED:
            raise NotFoundError(
                f"The files of the model '{version.model}' are not served by the MLflow server.",
                place=self._configuration.url,
                hint="Start the server with --serve-artifacts, or register the model.",
            )
        return self._client.artifact(f"{place.path.strip('/')}/MLmodel", MAX_MLMODEL_BYTES)

    def _experiment(self, experiment_id: str) -> str:
        """The experiment's name; its id where that may not be read: a name is not worth losing the run for."""
        if experiment_id not in self._experiments:
            try:
                self._experiments[experiment_id] = str(self._client.experiment(experiment_id)["name"])
            except (NetworkError, NotFoundError, KeyError):
                return experiment_id
        return self._experiments[experiment_id]

    def _read(self, reader: Callable[..., T], *arguments: Any) -> T:
        """``reader(*arguments)``; an item of another form than MLflow's is the workspace's fault and says so."""
        try:
            return reader(*arguments)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise WorkspaceError(
                "The server's answer does not have the form MLflow gives it.",
                place=self._configuration.url,
                hint="Check that the address is an MLflow 3 tracking server's.",
            ) from error


def _conditions(ended_after: datetime | None) -> tuple[str, ...]:
    """What leads to all runs, or to those that end later than a moment: MLflow's filters know no "or"."""
    if ended_after is None:
        return ("",)
    since = int(ended_after.timestamp() * 1000)
    return (f"attributes.end_time > {since}", *(f"attributes.status = '{status}'" for status in _NOT_ENDED))


class _Download:
    """One artifact folder on its way to disk: never outside its root, never beyond the limits."""

    def __init__(self, client: MLflowClient, root: Path) -> None:
        self._client = client
        self._root = root
        self._files = 0
        self._bytes = 0

    def folder(self, remote: str, below: PurePosixPath = _TOP) -> None:
        """Fetch what is in the server's folder ``remote`` into ``below`` under the root."""
        if len(below.parts) > MAX_ARTIFACT_DEPTH:
            raise self._refused("is nested too deeply")
        for item in self._client.list_artifacts(f"{remote}/{below}" if below.parts else remote):
            name = str(item.get("path", "")).rstrip("/").rpartition("/")[2]
            target = self._target(below, name)
            if item.get("is_dir"):
                target.mkdir(exist_ok=True)
                self.folder(remote, below / name)
            else:
                self._file(f"{remote}/{below / name}", target)

    def _file(self, remote: str, target: Path) -> None:
        self._files += 1
        if self._files > MAX_ARTIFACT_FILES:
            raise self._refused(f"has more than {MAX_ARTIFACT_FILES:,} files")
        self._bytes += self._client.download_artifact(remote, target, MAX_ARTIFACT_BYTES - self._bytes)

    def _target(self, below: PurePosixPath, name: str) -> Path:
        """The file ``name`` of folder ``below`` on disk, if that is inside the root however it is spelled."""
        if name in {"", ".", ".."} or any(character in name for character in "/\\:\0"):
            raise self._refused("holds a file whose name is not one")
        target = (self._root / below / name).resolve()
        if not target.is_relative_to(self._root):
            raise self._refused("holds a file whose name leads elsewhere")
        return target

    def _refused(self, why: str) -> WorkspaceError:
        return WorkspaceError(
            f"The model's artifact {why}; the download was stopped.",
            place=self._client.configuration.url,
            hint="Check the artifact in the workspace: it may have been tampered with.",
        )
