"""Reading a served MLflow model as a workspace that holds one model and one endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from urllib.parse import urlsplit

from headwater.errors import NotFoundError, RemoteError, UsageError, WorkspaceError
from headwater.net import HttpClient, parse_origin
from headwater.workspaces.base import (
    Capability,
    Credential,
    EndpointInfo,
    JobInfo,
    ModelInfo,
    ModelVersionInfo,
    WorkspaceInfo,
)
from headwater.workspaces.endpoints import SCORING_SECONDS, endpoint_identity

__all__ = ["MLflowServingConnector"]

BUSY_TRIES = 4
#: What the one model is called, and the one endpoint: the server says nothing of the model but that it is there.
_MODEL = "model"
_VERSION = "1"
_INVOCATIONS = "/invocations"
_MLFLOW_VERSION = re.compile(r"\d{1,3}\.\d{1,3}(?:\.\w{1,16}){1,3}")
_MAX_BYTES = 64 * 1024


class MLflowServingConnector:
    """A model that MLflow serves: ``/ping``, ``/version`` and ``/invocations``.

    The server's own OpenAPI document describes none of the model's columns, so it counts as none: the schema comes
    from the registered model, or from a person.

    Args:
        url: the server's address, with the path it is mounted under; with or without ``/invocations``.
        credential: what stands before the server asks for; the server itself asks for nothing.
        private_networks: networks that are not public and that may be reached all the same.
        timeout: seconds to wait for each answer of ``/ping`` and ``/version``.

    Raises:
        UsageError: ``url`` is no address.
    """

    kind: str = "mlflow_serving"
    capabilities: frozenset[Capability] = frozenset({"endpoints"})
    credential_kinds: frozenset[str] = frozenset({"anonymous", "basic", "token", "key"})

    def __init__(
        self,
        url: str,
        *,
        credential: Credential | None = None,
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
        timeout: float = 30.0,
    ) -> None:
        origin = parse_origin(url)
        self._origin = str(origin)
        self._prefix = urlsplit(url.strip()).path.rstrip("/").removesuffix(_INVOCATIONS)
        self._qualified_name = f"{self.kind}://{origin.netloc}{self._prefix}"
        self._credential = credential
        self._private_networks = private_networks
        self._http = self._client(timeout, BUSY_TRIES)

    def close(self) -> None:
        self._http.close()

    def test(self) -> WorkspaceInfo:
        version = self._mlflow_version()
        if not self._is_loaded():
            raise WorkspaceError(
                "The server runs, and has no model loaded.", place=self._url, hint="See the server's own log."
            )
        return WorkspaceInfo(
            kind=self.kind,
            url=self._url,
            qualified_name=self._qualified_name,
            display_name=f"{self._url} (MLflow {version})",
        )

    def list_models(self) -> Iterator[ModelInfo]:
        self._mlflow_version()
        yield ModelInfo(name=_MODEL, latest_version=_VERSION)

    def list_versions(self, model: str | None = None) -> Iterator[ModelVersionInfo]:
        self._mlflow_version()
        if model in {None, _MODEL}:
            yield ModelVersionInfo(model=_MODEL, version=_VERSION, source=self._url)

    def get_version(self, model: str, version: str | None = None, alias: str | None = None) -> ModelVersionInfo:
        if version is not None and alias is not None:
            raise UsageError("A version and an alias were given.", hint="Give one of them, or neither for the latest.")
        found = next(self.list_versions(model), None)
        if found is None or alias is not None or version not in {None, _VERSION}:
            raise self._none("such model or version", f"What is served is '{_MODEL}', version {_VERSION}.")
        return found

    def get_job(self, run_id: str) -> JobInfo:
        raise self._none(f"job '{run_id}'", "A served model does not tell how it was made.")

    def download_version(self, model: str, version: str, to: Path) -> Path:
        raise WorkspaceError(
            f"The files of model '{model}' cannot be had from what serves it.",
            place=self._url,
            hint="Register the workspace that the model was served from as well.",
        )

    def model_identity(self, version: ModelVersionInfo) -> str:
        # Nothing tells which model is served, so this names the place and not what is in it.
        return f"{self._qualified_name}#"

    def list_endpoints(self) -> Iterator[EndpointInfo]:
        self._mlflow_version()
        yield EndpointInfo(
            name=_MODEL,
            kind="mlflow",
            url=f"{self._origin}{self._prefix}{_INVOCATIONS}",
            state="Succeeded" if self._is_loaded() else "Failed",
        )

    def get_endpoint(self, name: str) -> EndpointInfo:
        found = next(endpoint for endpoint in self.list_endpoints())
        if name != found.name:
            raise self._none(f"endpoint '{name}'", f"What is served is '{_MODEL}'.")
        return found

    def endpoint_client(self, name: str) -> HttpClient:
        self.get_endpoint(name)
        return self._client(SCORING_SECONDS)

    def endpoint_identity(self, endpoint: EndpointInfo) -> str:
        return endpoint_identity(self._qualified_name, endpoint)

    @property
    def _url(self) -> str:
        return self._origin + self._prefix

    def _client(self, timeout: float, busy_tries: int = 1) -> HttpClient:
        return HttpClient(
            self._origin,
            credential=self._credential.headers if self._credential else None,
            private_networks=self._private_networks,
            timeout=timeout,
            busy_tries=busy_tries,
        )

    def _mlflow_version(self) -> str:
        """MLflow's version, which proves that MLflow answers there.

        Raises:
            WorkspaceError: something else does.
        """
        said = (
            self._http.get_bytes(f"{self._prefix}/version", max_bytes=_MAX_BYTES)
            .decode("ascii", "replace")
            .strip()
            .strip('"')
        )
        if not _MLFLOW_VERSION.fullmatch(said):
            raise WorkspaceError(
                "The answer to /version is not that of a model that MLflow serves.",
                place=self._url,
                hint="Give the address that 'mlflow models serve' listens at.",
            )
        return said

    def _is_loaded(self) -> bool:
        """Whether the server has its model: without one it answers "not found"."""
        try:
            self._http.get_bytes(f"{self._prefix}/ping", max_bytes=_MAX_BYTES)
        except RemoteError as error:
            if error.status != 404:
                raise
            return False
        return True

    def _none(self, what: str, hint: str) -> NotFoundError:
        return NotFoundError(f"There is no {what}.", place=self._url, hint=hint)
