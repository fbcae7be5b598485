"""Reading a scoring service as a workspace that holds one model: the service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

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
from headwater.workspaces.endpoints import SCORING_SECONDS, endpoint_identity, token_resource
from headwater.workspaces.entra import EntraCredential
from headwater.workspaces.openapi.configuration import OpenAPIConfiguration
from headwater.workspaces.openapi.document import MAX_BYTES, Document, read_document
from headwater.workspaces.openapi.operations import (
    Operation,
    endpoint_kind,
    list_operations,
    matches,
    name_operations,
)
from headwater.workspaces.openapi.servers import CORRECT_ADDRESS, scoring_url

__all__ = ["OpenAPIConnector"]

BUSY_TRIES = 4
#: Answers to an address at which there is nothing of the kind.
_ABSENT = frozenset({404, 405, 406, 410})
#: The version of a service that does not name one.
_UNNAMED = "1"


class OpenAPIConnector:
    """A scoring service that describes itself by OpenAPI.

    It is one model, and its endpoints are the operations that take JSON.

    Args:
        url: the service's address, or its description's; a fragment (``#/score``, ``#scoreClaim``) means one
            operation alone.
        credential: what the service asks for; a token of Microsoft Entra ID goes to Azure ML's endpoints alone.
        private_networks: networks that are not public and that may be reached all the same.
        timeout: seconds to wait for each answer.

    Raises:
        UsageError: ``url`` is no address, or the service takes no such credential.
    """

    kind: str = "openapi"
    capabilities: frozenset[Capability] = frozenset({"endpoints"})
    #: A fragment means one of the operations.
    takes_fragment: bool = True
    credential_kinds: frozenset[str] = frozenset(
        {"anonymous", "basic", "token", "key", "entra_client_secret", "entra_managed_identity", "entra_cli"}
    )

    def __init__(
        self,
        url: str,
        *,
        credential: Credential | None = None,
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
        timeout: float = 30.0,
    ) -> None:
        self._configuration = OpenAPIConfiguration.from_url(url)
        self._candidates = self._configuration.candidates()
        self._credential = _bound(credential, self._configuration.origin)
        self._private_networks = private_networks
        self._http = HttpClient(
            self._configuration.origin,
            credential=self._credential.headers if self._credential else None,
            private_networks=private_networks,
            timeout=timeout,
            max_bytes=MAX_BYTES,
            busy_tries=BUSY_TRIES,
        )

    def close(self) -> None:
        self._http.close()

    def test(self) -> WorkspaceInfo:
        document = self.document()
        return WorkspaceInfo(
            kind=self.kind,
            url=self._configuration.url,
            qualified_name=self._configuration.qualified_name,
            display_name=f"{self._name(document)} (OpenAPI {document.specification})",
        )

    def list_models(self) -> Iterator[ModelInfo]:
        document = self.document()
        yield ModelInfo(
            name=self._name(document),
            description=document.description,
            latest_version=document.version or _UNNAMED,
        )

    def list_versions(self, model: str | None = None) -> Iterator[ModelVersionInfo]:
        found = self._version(self.document())
        return iter([found] if model in {None, found.model} else [])

    def get_version(self, model: str, version: str | None = None, alias: str | None = None) -> ModelVersionInfo:
        if version is not None and alias is not None:
            raise UsageError("A version and an alias were given.", hint="Give one of them, or neither for the latest.")
        found = self._version(self.document())
        if model != found.model or alias is not None or version not in {None, found.version}:
            raise self._none("such model or version", f"The service is '{found.model}', version {found.version}.")
        return found

    def get_job(self, run_id: str) -> JobInfo:
        raise self._none(f"job '{run_id}'", "A scoring service does not tell how its model was made.")

    def download_version(self, model: str, version: str, to: Path) -> Path:
        raise WorkspaceError(
            f"The files of model '{model}' cannot be had from a scoring service.",
            place=self._configuration.url,
            hint="Register the workspace that the model was deployed from as well.",
        )

    def model_identity(self, version: ModelVersionInfo) -> str:
        digest = version.digest or self.document().digest
        return f"{self._configuration.qualified_name}#{digest}"

    def list_endpoints(self) -> Iterator[EndpointInfo]:
        return (replace(endpoint, document=None) for endpoint in self._endpoints(self.document()).values())

    def get_endpoint(self, name: str) -> EndpointInfo:
        found = self._endpoints(self.document()).get(name)
        if found is None:
            raise self._none(f"operation '{name}' that takes JSON", "List what the workspace holds.")
        return found

    def endpoint_client(self, name: str) -> HttpClient:
        endpoint = self.get_endpoint(name)
        if not endpoint.url:
            raise WorkspaceError(endpoint.problem, place=self._configuration.url, hint=CORRECT_ADDRESS)
        return HttpClient(
            self._configuration.origin,
            credential=self._credential.headers if self._credential else None,
            private_networks=self._private_networks,
            timeout=SCORING_SECONDS,
        )

    def endpoint_identity(self, endpoint: EndpointInfo) -> str:
        described = endpoint if endpoint.document is not None else self.get_endpoint(endpoint.name)
        path, method = described.operation
        # Sources that mean one operation each, of one description, all call theirs by the service's name.
        which = f"#{method} {path}" if path else ""
        return endpoint_identity(self._configuration.qualified_name, described) + which

    def document(self) -> Document:
        """The service's description as it is now.

        Raises:
            UnreachableError: nobody answered.
            RemoteError: the service answered with a failure.
            WorkspaceError: it has no description, or none that can be read.
        """
        unusable: WorkspaceError | None = None
        for path in self._candidates:
            try:
                found = read_document(self._http.get_bytes(path), self._configuration.url)
            except RemoteError as error:
                if error.status not in _ABSENT:
                    raise
            except WorkspaceError as error:
                unusable = unusable or error
            else:
                # Where it was found it is looked for first from now on.
                self._candidates = [path, *(other for other in self._candidates if other != path)]
                return found
        raise unusable or WorkspaceError(
            "The service has no description by OpenAPI where one is usually found.",
            place=self._configuration.url,
            hint="Give the address of the service's swagger.json or openapi.json.",
        )

    def _version(self, document: Document) -> ModelVersionInfo:
        return ModelVersionInfo(
            model=self._name(document),
            version=document.version or _UNNAMED,
            source=self._configuration.url,
            description=document.description,
            digest=document.digest,
        )

    def _endpoints(self, document: Document) -> dict[str, EndpointInfo]:
        """The operations that are meant, by what they are called."""
        known = list_operations(document.content)
        named = name_operations(self._meant(known), self._name(document))
        return {name: self._endpoint(document, name, operation, len(known) == 1) for name, operation in named.items()}

    def _meant(self, known: list[Operation]) -> list[Operation]:
        """The operations that the registered address means.

        Raises:
            WorkspaceError: it means one that the description does not have.
        """
        fragment = self._configuration.fragment
        meant = [operation for operation in known if not fragment or matches(operation, fragment)]
        if fragment and not meant:
            raise WorkspaceError(
                "The description has no such operation that takes JSON.",
                place=f"{self._configuration.url}#{fragment}",
                hint="Write the operation's path or its id after '#', as the description has it.",
            )
        return meant

    def _endpoint(self, document: Document, name: str, operation: Operation, alone: bool) -> EndpointInfo:
        kind = endpoint_kind(document.content, operation)
        found_at = self._configuration.origin + self._candidates[0]
        url, problem = "", ""
        try:
            url = scoring_url(document.content, operation, kind, self._configuration, found_at)
        except WorkspaceError as error:
            problem = error.message
        return EndpointInfo(
            name=name,
            kind=kind,
            url=url,
            description=operation.summary or document.description,
            document=document.content,
            operation=("", "") if alone else (operation.path, operation.method),
            problem=problem,
        )

    def _name(self, document: Document) -> str:
        return document.title or parse_origin(self._configuration.origin).host

    def _none(self, what: str, hint: str) -> NotFoundError:
        return NotFoundError(f"There is no {what}.", place=self._configuration.url, hint=hint)


def _bound(credential: Credential | None, origin: str) -> Credential | None:
    """The credential as it is shown to a service at ``origin``.

    A token would be good for every one of Azure ML's endpoints, so nobody but these gets it.
    """
    resource = token_resource(origin)
    if credential is not None and resource is not None:
        return credential.for_resource(resource)
    if isinstance(credential, EntraCredential):
        raise UsageError(
            "A token of Microsoft Entra ID is for Azure Machine Learning's managed online endpoints alone.",
            place=origin,
            hint="Store a key or a token of the service's own for this address.",
        )
    return credential
