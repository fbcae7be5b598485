"""What a name stands for: a registered model or a deployed one, its schema, and where that schema comes from.

A schema that somebody supplied counts before the workspace's own. Without one, a registered model has MLflow's
signature; a deployed one what its OpenAPI description says, or the signature of the registered version behind it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from headwater.errors import HeadwaterError, NotFoundError, SchemaError, WorkspaceError
from headwater.models.forms import ServiceForm
from headwater.models.forms.mlflow import input_data_form, mlflow_form
from headwater.models.function_settings import FunctionSettings, Supplied
from headwater.models.names import ModelName
from headwater.models.rights import ModelRights
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.schemas.openapi import from_openapi
from headwater.models.schemas.service import ServiceSchema
from headwater.models.schemas.stored import signature_from_json
from headwater.models.signature import Signature
from headwater.workspaces.base import Connector, EndpointInfo, JobInfo, ModelInfo, ModelVersionInfo
from headwater.workspaces.naming import endpoint_name, version_name

__all__ = ["Discovery", "FunctionDescription", "FunctionKind", "ListedFunction", "SchemaOrigin"]

FunctionKind: TypeAlias = Literal["model", "endpoint"]

SchemaOrigin: TypeAlias = Literal["", "signature", "openapi", "supplied"]
"""Where a schema comes from: nowhere, an MLflow signature, a service's description, a person."""

_READY = frozenset({"", "Succeeded", "Healthy", "READY"})

#: Deployed models of which a signature alone tells how they want their rows.
_KNOWN_FORMS = frozenset({"mlflow", "azureml_mlflow"})


@dataclass(frozen=True, slots=True)
class ListedFunction:
    """What a listing of a workspace tells of a model or a deployed model; its schema has not been looked at."""

    name: ModelName
    kind: FunctionKind
    description: str = ""
    version: str = ""
    aliases: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class FunctionDescription:
    """A model as a function, or why it is none.

    Attributes:
        name: as M calls it.
        kind: registered and scored here, or deployed and called there.
        version: what it resolves to now; "" for a deployed model whose workspace does not tell.
        qualified_name: in the catalog.
        description: the workspace's words.
        signature: None where it cannot be had; ``problem`` then says why.
        origin: where the signature comes from.
        service: a deployed model's form, where its description told it.
        problem: why it cannot be called; None where it can.
        registered: a registered model's version.
        endpoint: a deployed model.
        supplied: what somebody said about it.
    """

    name: ModelName
    kind: FunctionKind
    version: str
    qualified_name: str
    description: str = ""
    signature: Signature | None = None
    origin: SchemaOrigin = ""
    service: ServiceSchema | None = None
    problem: HeadwaterError | None = None
    registered: ModelVersionInfo | None = None
    endpoint: EndpointInfo | None = None
    supplied: Supplied = field(default_factory=Supplied)

    @property
    def is_callable(self) -> bool:
        """Whether it can be called now, as far as is known without calling it."""
        return self.problem is None and self.signature is not None

    def service_form(self, has_params: bool) -> ServiceForm:
        """What writes rows for a deployed model that can be called."""
        assert self.signature is not None and self.endpoint is not None, "asked of a callable deployed model"
        if self.service is not None:
            return self.service.service_form()
        if self.endpoint.kind == "mlflow":
            return mlflow_form(self.signature, has_params=has_params)
        return input_data_form(self.signature)


class Discovery:
    """Looks up names in workspaces, for whoever ``rights`` are of.

    Args:
        sources: connectors by the source's name, which call the workspace with the credential that its mode names.
        rights: what may be seen of them besides.
        settings: what people supplied; None where nobody could.
    """

    def __init__(
        self, sources: Mapping[str, Connector], rights: ModelRights, settings: FunctionSettings | None = None
    ) -> None:
        self._sources = sources
        self._rights = rights
        self._settings = settings
        self._workspaces: dict[str, str] = {}
        #: The sources that may be known of.
        self.sources = rights.sources(list(sources))

    def connector(self, source: str) -> Connector:
        """The connector to one of :attr:`sources`."""
        return self._sources[source]

    def list(self, source: str) -> list[ListedFunction]:
        """All that may be read of a source, by name. A deployed model hides a registered one of its name.

        Raises:
            NetworkError, WorkspaceError: the workspace cannot be asked.
        """
        connector = self._sources[source]
        found = {info.name: _listed_model(source, info) for info in connector.list_models() if _scored(connector)}
        found |= {info.name: _listed_endpoint(source, info) for info in connector.list_endpoints()}
        readable = self._rights.readable(source, found)
        return [found[name] for name in sorted(found) if name in readable]

    def describe(self, name: ModelName) -> FunctionDescription:
        """What a name stands for now.

        Raises:
            NotFoundError: the source has no such model, version or alias that may be read.
            NetworkError, WorkspaceError: the workspace cannot be asked.
        """
        connector = self._sources[name.source]
        if not self._rights.may_read(name.source, name.model):
            raise self._not_found(connector, name)
        supplied = self._settings.get(name.source, name.model) if self._settings else Supplied()
        try:
            if "endpoints" in connector.capabilities and (found := self._endpoint(connector, name, supplied)):
                return found
            return self._model(connector, name, supplied)
        except NotFoundError as error:
            raise self._not_found(connector, name) from error

    def job(self, found: FunctionDescription) -> JobInfo | None:
        """The run behind a registered version, with its metrics and who made it; None where it cannot be had."""
        if found.registered is None or found.registered.run_id is None:
            return None
        try:
            return self.connector(found.name.source).get_job(found.registered.run_id)
        except HeadwaterError:
            return None  # whoever may read a model may not always read the run that made it

    def workspace(self, source: str) -> str:
        """The qualified name of a source's workspace."""
        if source not in self._workspaces:
            self._workspaces[source] = self._sources[source].test().qualified_name
        return self._workspaces[source]

    # -- registered models -----------------------------------------------------------------------------------------

    def _model(self, connector: Connector, name: ModelName, supplied: Supplied) -> FunctionDescription:
        lost: NotFoundError | None = None
        try:
            version = connector.get_version(name.model, version=name.version, alias=name.alias)
        except NotFoundError as error:
            version, lost = _listed_version(connector, name, error), error
        found = FunctionDescription(
            name,
            "model",
            version.version,
            version_name(self.workspace(name.source), version.model, version.version),
            version.description,
            registered=version,
            supplied=supplied,
        )
        if "artifacts" not in connector.capabilities:
            return replace(found, problem=_not_deployed(name.function))
        if lost is not None:
            return replace(found, problem=_no_files(name.function, lost))
        return _typed(found, lambda: (_registered_signature(version, name.function), None, "signature"))

    # -- deployed models -------------------------------------------------------------------------------------------

    def _endpoint(self, connector: Connector, name: ModelName, supplied: Supplied) -> FunctionDescription | None:
        if name.selector:
            return None  # what is behind an endpoint is decided where it is deployed
        try:
            endpoint = connector.get_endpoint(name.model)
        except NotFoundError:
            return None
        called = [deployment for deployment in endpoint.deployments if deployment.traffic]
        found = FunctionDescription(
            name,
            "endpoint",
            (called[0].model_version or called[0].name) if len(called) == 1 else "",
            endpoint_name(self.workspace(name.source), endpoint.name),
            endpoint.description,
            endpoint=endpoint,
            supplied=supplied,
        )
        if not endpoint.url or endpoint.state not in _READY:
            return replace(found, problem=_not_ready(name.function, endpoint))
        return _typed(found, lambda: _deployed_schema(connector, endpoint, name.function))

    # -- what there is instead -------------------------------------------------------------------------------------

    def _not_found(self, connector: Connector, name: ModelName) -> NotFoundError:
        """What there is instead, by names that are near, of what may be read."""
        listed = {found.name.model: found for found in self.list(name.source)}
        if name.model not in listed:
            what, wanted, names = f"model '{name.model}'", name.model, list(listed)
        elif name.selector:
            what, wanted = f"version or alias '{name.selector}' of the model '{name.model}'", name.selector
            names = [*(listed[name.model].aliases or ()), *_versions(connector, name.model)]
        else:
            what, wanted, names = f"version of the model '{name.model}'", "", []
        near = difflib.get_close_matches(wanted, names, n=5, cutoff=0.5) or sorted(names)[:10]
        return NotFoundError(
            f"The source '{name.source}' has no {what}, or none that may be read.",
            place=name.source,
            hint=f"There is: {', '.join(near)}." if near else "Register one in the workspace.",
        )


_Schema: TypeAlias = tuple[Signature, ServiceSchema | None, SchemaOrigin]


def _typed(found: FunctionDescription, read: Callable[[], _Schema]) -> FunctionDescription:
    """The description with its schema, or with why there is none."""
    try:
        if found.supplied.schema is not None:
            signature, service = read_supplied(found.supplied.schema)
            if service is None and found.endpoint is not None and found.endpoint.kind not in _KNOWN_FORMS:
                raise _no_form(found.name.function)
            return replace(found, signature=signature, service=service, origin="supplied")
        signature, service, origin = read()
    except SchemaError as problem:
        return replace(found, problem=problem)
    return replace(found, signature=signature, service=service, origin=origin)


def read_supplied(stored: Mapping[str, object]) -> tuple[Signature, ServiceSchema | None]:
    """A schema that somebody supplied, as it is stored: of a service with its form, or a signature alone.

    Raises:
        SchemaError: it cannot be read.
    """
    if "signature" in stored:
        service = ServiceSchema.from_json(stored)
        return service.signature, service
    return signature_from_json(stored), None


def _registered_signature(version: ModelVersionInfo, function: str) -> Signature:
    declared = version.signature
    if declared is None:
        return from_mlflow(None, None, model=function)
    return from_mlflow(declared.inputs, declared.outputs, declared.params, model=function)


def _deployed_schema(connector: Connector, endpoint: EndpointInfo, function: str) -> _Schema:
    if endpoint.document is not None:
        service = from_openapi(endpoint.document, kind=endpoint.kind, operation=endpoint.operation, model=function)
        return service.signature, service, "openapi"
    version = _behind(connector, endpoint)
    if version is not None and version.signature is not None:
        return _registered_signature(version, function), None, "signature"
    raise SchemaError(
        f"{function} has no description that tells what it takes{f': {endpoint.problem}' if endpoint.problem else ''}.",
        code="model.schema.no_document",
        place=function,
        hint="Add schema decorators to its entry script, or supply a schema (headwater functions supply).",
    )


def _behind(connector: Connector, endpoint: EndpointInfo) -> ModelVersionInfo | None:
    """The one registered version that an endpoint of an MLflow model calls, where its workspace can tell of it."""
    called = [deployment for deployment in endpoint.deployments if deployment.traffic]
    if endpoint.kind not in {"mlflow", "azureml_mlflow"} or len(called) != 1 or not called[0].model:
        return None
    try:
        return connector.get_version(called[0].model, version=called[0].model_version or None)
    except (NotFoundError, WorkspaceError):
        return None  # deployed from elsewhere, or deleted since


def _scored(connector: Connector) -> bool:
    """Whether a listing of registered models is one of functions: a service's one model is its endpoint."""
    return connector.kind not in _SERVICES


#: Connectors to services, whose listing of models is a listing of the same endpoints.
_SERVICES = frozenset({"openapi", "mlflow_serving"})


def _listed_model(source: str, info: ModelInfo) -> ListedFunction:
    version = info.latest_version or ""
    return ListedFunction(ModelName(source, info.name), "model", info.description, version, info.aliases, info.tags)


def _listed_endpoint(source: str, info: EndpointInfo) -> ListedFunction:
    return ListedFunction(ModelName(source, info.name), "endpoint", info.description, tags=info.tags)


def _listed_version(connector: Connector, name: ModelName, error: NotFoundError) -> ModelVersionInfo:
    """The version as it is listed, where there is one whose files cannot be found; else the error."""
    listed = [version for version in connector.list_versions(name.model) if name.version in {None, version.version}]
    if not listed or name.alias is not None:
        raise error
    return max(listed, key=lambda version: int(version.version) if version.version.isdecimal() else 0)


def _versions(connector: Connector, model: str) -> Iterator[str]:
    return (version.version for version in connector.list_versions(model))


def _no_files(function: str, error: NotFoundError) -> SchemaError:
    return SchemaError(
        f"{function} is registered, and its files cannot be had: {error.message}",
        code="model.schema.no_files",
        place=function,
        hint="Log and register the model again, where the workspace's server can reach it.",
    )


def _not_deployed(function: str) -> SchemaError:
    return SchemaError(
        f"{function} is registered, and its files cannot be had from its workspace.",
        code="model.not_deployed",
        place=function,
        hint="Deploy it to an online endpoint: the endpoint is then a function.",
    )


def _not_ready(function: str, endpoint: EndpointInfo) -> SchemaError:
    why = f": {endpoint.problem}" if endpoint.problem else f" (its state is '{endpoint.state}')"
    return SchemaError(
        f"The endpoint {function} cannot be called{why}.",
        code="model.not_ready",
        place=function,
        hint="See its deployments in the workspace.",
    )


def _no_form(function: str) -> SchemaError:
    return SchemaError(
        f"The schema that was supplied for {function} does not tell how the service wants its rows.",
        code="model.schema.no_form",
        place=function,
        hint="Supply the service's OpenAPI document instead.",
    )
