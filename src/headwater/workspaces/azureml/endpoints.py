"""Online endpoints: what is deployed in a workspace, how it describes itself, and what calls it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from headwater.errors import NetworkError, NotFoundError, RemoteError, UsageError, WorkspaceError
from headwater.net import HttpClient, Origin, parse_origin
from headwater.workspaces.azureml import extract
from headwater.workspaces.azureml.client import ResourceManager, segment
from headwater.workspaces.azureml.configuration import AzureMLConfiguration
from headwater.workspaces.azureml.endpoint_credentials import EndpointToken, entra_token, key_credential
from headwater.workspaces.azureml.scoring_addresses import same_origin, scoring_origin
from headwater.workspaces.base import Credential, DeploymentInfo, EndpointInfo, EndpointKind
from headwater.workspaces.endpoints import SCORING_SECONDS
from headwater.workspaces.openapi.document import MAX_BYTES, read_document
from headwater.workspaces.openapi.operations import endpoint_kind, list_operations, operation_of

__all__ = ["OnlineEndpoints"]

T = TypeVar("T")
#: Version 2 cannot describe every entry script, and the server then answers "not found".
_VERSIONS = ("3", "2")
_ABSENT = frozenset({404, 405, 406, 410})
_DESCRIPTION_SECONDS = 60.0
_DESCRIPTION_TRIES = 3
_SHORT_MODEL = re.compile(r"azureml:([^:/@]+)(?::([^:/@]+)|@[^:/@]+)")
_MODEL = re.compile(
    r"(?:azureml:/?)?(?P<home>/.+/workspaces/[^/]+)/models/(?P<name>[^/]+)/versions/(?P<version>[^/]+)", re.IGNORECASE
)
_MLFLOW_MODELS = frozenset({"mlflow_model", "mlflowmodel"})
_KEYS_REMEDY = (
    "Have the credential's account given the role AzureML Data Scientist on the workspace: "
    "Reader sees endpoints, and may not have their keys and tokens."
)
_ONCE_READY = "Wait until the endpoint is ready, or see its page in the studio."


class OnlineEndpoints:
    """The online endpoints of one workspace. Batch endpoints take files and not rows: they are none of these.

    Args:
        manager: the management plane.
        configuration: the workspace's address.
        credential: the account that reads the workspace.
        private_networks: networks that are not public and that may be reached all the same.
        timeout: seconds to wait for each answer of the management plane.
    """

    def __init__(
        self,
        manager: ResourceManager,
        configuration: AzureMLConfiguration,
        credential: Credential | None,
        private_networks: Sequence[IPv4Network | IPv6Network],
        timeout: float,
    ) -> None:
        self._manager = manager
        self._configuration = configuration
        self._management = parse_origin(configuration.origin)
        self._credential = credential
        self._private_networks = tuple(private_networks)
        self._timeout = timeout
        self._model_types: dict[tuple[str, str], str] = {}

    def endpoints(self) -> Iterator[EndpointInfo]:
        """Every online endpoint with its deployments; one call for the list, and one or two for each."""
        path = f"{self._configuration.path}/onlineEndpoints"
        return (self._endpoint(item) for item in self._manager.all(path, "listing of online endpoints"))

    def endpoint(self, name: str) -> EndpointInfo:
        """An endpoint with its description.

        Raises:
            NotFoundError: there is none of that name.
        """
        item = self._item(name)
        endpoint = self._endpoint(item)
        if not endpoint.url:
            return endpoint
        try:
            found = self._document(item, endpoint)
        except (NetworkError, WorkspaceError, UsageError) as error:
            return replace(endpoint, problem=f"{error.message} {error.hint}".strip())
        return endpoint if found is None else _described(endpoint, found)

    def client(self, name: str) -> HttpClient:
        """What calls an endpoint; see ``Connector.endpoint_client``."""
        item = self._item(name)
        endpoint = self._read(extract.endpoint, item)
        if not endpoint.url:
            raise WorkspaceError(
                f"The endpoint '{name}' cannot be called: it has no address, and its state is {endpoint.state}.",
                place=self._configuration.url,
                hint=_ONCE_READY,
            )
        return self._client(item, endpoint, SCORING_SECONDS)

    def _item(self, name: str) -> dict[str, Any]:
        return self._manager.one(self._path(name), f"online endpoint '{name}'")

    def _path(self, name: str) -> str:
        return f"{self._configuration.path}/onlineEndpoints/{segment(name)}"

    def _endpoint(self, item: Mapping[str, Any]) -> EndpointInfo:
        endpoint = self._read(extract.endpoint, item)
        listed = list(self._deployments(endpoint.name))
        models = [self._model(deployment) for deployment in listed]
        deployments = self._read(extract.deployments, item, listed, models)
        endpoint = replace(endpoint, deployments=deployments, kind=self._kind(deployments, listed))
        if not endpoint.url:
            return endpoint
        try:
            self._origin(endpoint.url)
        except (NetworkError, WorkspaceError) as error:
            return replace(endpoint, url="", problem=error.message)
        return endpoint

    def _deployments(self, name: str) -> Iterator[dict[str, Any]]:
        try:
            yield from self._manager.all(f"{self._path(name)}/deployments", f"online endpoint '{name}'")
        except NotFoundError:
            # It was deleted since it was listed.
            return

    def _kind(self, deployments: Sequence[DeploymentInfo], listed: Sequence[Mapping[str, Any]]) -> EndpointKind:
        """How rows are taken, as far as it shows in what gets most of the calls: without a script, by MLflow's own."""
        pairs = list(zip(deployments, listed, strict=False))
        if not pairs:
            return "azureml"
        deployment, item = max(pairs, key=lambda pair: pair[0].traffic)
        if extract.is_scripted(item) or self._model_type(deployment) not in _MLFLOW_MODELS:
            return "azureml"
        return "azureml_mlflow"

    def _model(self, deployment: Mapping[str, Any]) -> tuple[str, str]:
        """Name and version of the registered model behind a deployment; "" where it is none of this workspace's."""
        reference = extract.text(extract.properties(deployment).get("model"))
        short, long = _SHORT_MODEL.fullmatch(reference), _MODEL.fullmatch(reference)
        if short:
            return short[1], short[2] or ""
        if long and self._configuration.holds(long["home"]):
            return unquote(long["name"]), unquote(long["version"])
        return "", ""

    def _model_type(self, deployment: DeploymentInfo) -> str:
        """What kind of model a deployment is of; "" where that may not be looked up, or is gone."""
        key = (deployment.model, deployment.model_version)
        if not all(key):
            return ""
        if key not in self._model_types:
            name, version = key
            try:
                path = f"{self._configuration.path}/models/{segment(name)}/versions/{segment(version)}"
                item = self._manager.one(path, f"version {version} of model '{name}'")
            except NotFoundError:
                return ""
            except RemoteError as error:
                if error.status != 403:
                    raise
                return ""
            self._model_types[key] = extract.text(extract.properties(item).get("modelType")).lower()
        return self._model_types[key]

    def _document(self, item: Mapping[str, Any], endpoint: EndpointInfo) -> Mapping[str, Any] | None:
        """The endpoint's description; None where it has none, or names one at another origin than its own."""
        address = extract.text(extract.properties(item).get("swaggerUri"))
        if not same_origin(address, endpoint.url):
            return None
        with self._client(item, endpoint, _DESCRIPTION_SECONDS, _DESCRIPTION_TRIES) as client:
            for version in _VERSIONS:
                try:
                    content = client.get_bytes(address, {"version": version}, max_bytes=MAX_BYTES)
                except RemoteError as error:
                    if error.status not in _ABSENT:
                        raise
                else:
                    return read_document(content, str(client.origin)).content
        return None

    def _client(self, item: Mapping[str, Any], endpoint: EndpointInfo, seconds: float, tries: int = 1) -> HttpClient:
        origin = self._origin(endpoint.url)
        mode = extract.text(extract.properties(item).get("authMode")).lower()
        credential = self._shown(endpoint.name, mode, origin)
        # What the account may not have is said here, and not in the midst of scoring.
        credential.headers()
        return HttpClient(
            str(origin),
            credential=credential.headers,
            private_networks=self._private_networks,
            timeout=seconds,
            deadline=2 * seconds,
            busy_tries=tries,
        )

    def _origin(self, url: str) -> Origin:
        return scoring_origin(url, self._management, self._private_networks)

    def _shown(self, name: str, mode: str, origin: Origin) -> Credential:
        """What the endpoint at ``origin`` is shown: what the workspace gives out for it, or the account itself."""
        path, place = self._path(name), f"{self._configuration.url}, endpoint '{name}'"
        if mode == "key":
            return key_credential(self._action(path, "listKeys", name), place)
        if mode == "amltoken":
            return EndpointToken(lambda: self._action(path, "token", name), place)
        if mode == "aadtoken":
            return entra_token(self._credential, origin, self._management, place)
        raise WorkspaceError("The endpoint's way of authentication is not known.", place=place, hint=_ONCE_READY)

    def _action(self, path: str, action: str, name: str) -> dict[str, Any]:
        """What a workspace gives out for an endpoint. It is asked again long after the connector is closed."""
        manager = ResourceManager(
            self._configuration.origin,
            self._credential,
            self._private_networks,
            self._timeout,
            place=self._configuration.url,
        )
        with closing(manager):
            return manager.action(f"{path}/{action}", f"online endpoint '{name}'", _KEYS_REMEDY)

    def _read(self, reader: Callable[..., T], *arguments: Any) -> T:
        try:
            return reader(*arguments)
        except (KeyError, TypeError, ValueError) as error:
            raise self._manager.unusable() from error


def _described(endpoint: EndpointInfo, document: Mapping[str, Any]) -> EndpointInfo:
    """The endpoint with its description, which tells more of its kind than the workspace does."""
    path, method = operation_of(document, urlsplit(endpoint.url).path)
    known = list_operations(document)
    meant = next((found for found in known if not path or (found.path, found.method) == (path, method)), None)
    told = endpoint_kind(document, meant) if meant else "openapi"
    # An entry script without decorators is described by its name alone: an MLflow model's, too.
    kind = endpoint.kind if told == "openapi" or (told, endpoint.kind) == ("azureml", "azureml_mlflow") else told
    return replace(endpoint, kind=kind, document=document, operation=(path, method))
