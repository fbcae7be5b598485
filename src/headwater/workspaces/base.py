"""What a machine-learning workspace holds, and what a connector to one must be able to do.

The dataclasses are what every connector gives, whatever the workspace calls it. A connector is found by its kind
through the entry point group ``headwater.workspaces`` and called as
``factory(url, credential=…, private_networks=…)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, final, runtime_checkable

from headwater.net import HttpClient

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "Capability",
    "Connector",
    "ConnectorFactory",
    "Credential",
    "DataAssetInfo",
    "DataLister",
    "DataSource",
    "DataSourceFactory",
    "DatasetInfo",
    "DeploymentInfo",
    "EndpointInfo",
    "EndpointKind",
    "ExperimentInfo",
    "JobInfo",
    "JobLister",
    "ModelInfo",
    "ModelVersionInfo",
    "SignatureInfo",
    "SignatureReader",
    "UnregisteredModelLister",
    "WorkspaceInfo",
]

#: What a connector may declare. ``aliases``: versions have movable names. ``signatures``: versions can state their
#: columns. ``jobs``: the run behind a version can be read. ``datasets``: a job names the data it read.
#: ``artifacts``: a version's files can be downloaded; where it is missing, ``download_version`` raises WorkspaceError.
#: ``endpoints``: models are deployed as services there, which can be called. ``job_listing``: it is a ``JobLister``.
#: ``data_assets``: it is a ``DataLister``. ``unregistered_models``: it is an ``UnregisteredModelLister``.
Capability = Literal[
    "aliases",
    "signatures",
    "jobs",
    "datasets",
    "artifacts",
    "endpoints",
    "job_listing",
    "data_assets",
    "unregistered_models",
]

#: How a service wants its rows: ``mlflow`` (/invocations of a served MLflow model), ``azureml`` (an entry script with
#: schema decorators, or what automated ML makes), ``azureml_mlflow`` (a managed online endpoint of an MLflow model:
#: ``input_data``), ``azureml_classic`` (a classic web service), ``openapi`` (whatever its description says).
EndpointKind = Literal["mlflow", "azureml", "azureml_mlflow", "azureml_classic", "openapi"]


class Credential(ABC):
    """What shows a workspace who is calling. Its text form shows none of it. Threads may share one."""

    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """What to send with a request that goes out now; a token is fetched or renewed behind this where need be.

        Raises:
            NetworkError: a token is needed, and whoever issues it does not answer or refuses.
        """

    def for_resource(self, resource: str) -> Credential:
        """This credential as it is shown to ``resource``, an address without a path.

        A token is issued for one resource and is of no use at another; every other credential is itself.
        """
        return self

    @final
    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


@dataclass(frozen=True, slots=True)
class WorkspaceInfo:
    """The workspace itself. ``qualified_name`` starts the names of all that is in it: ``mlflow://host:port``."""

    kind: str
    url: str
    qualified_name: str
    display_name: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A registered model. ``aliases`` maps an alias to a version."""

    name: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    latest_version: str | None = None


@dataclass(frozen=True, slots=True)
class SignatureInfo:
    """A version's signature as MLflow writes it: each part is the parsed JSON list, or None where it has none.

    An input or output column is ``{"type", "name"?, "required"?}`` or ``{"type": "tensor", "tensor-spec": {…}}``;
    a parameter is ``{"name", "type", "default", "shape"?}``.
    """

    inputs: list[dict[str, Any]] | None
    outputs: list[dict[str, Any]] | None
    params: list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True)
class ModelVersionInfo:
    """One version of a registered model.

    ``signature`` and ``digest`` (of the artifact's ``MLmodel`` file) are None where the version was only listed:
    ``Connector.get_version`` reads them.
    """

    model: str
    version: str
    model_id: str | None = None
    run_id: str | None = None
    source: str = ""
    status: str = "READY"
    aliases: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    description: str = ""
    created_at: datetime | None = None
    signature: SignatureInfo | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """A dataset that a job read.

    ``qualified_name`` is the identity (OpenLineage's naming: ``file:///…``, ``s3://bucket/key``,
    ``postgres://host:port/db.schema.table``); ``digest`` says which state of it was read. ``parts`` are the
    qualified names of the files where the source lists several. ``schema`` is (column, type) in order; empty
    where the job did not log it. ``context`` is the use: ``training``, ``evaluation`` …
    """

    name: str
    digest: str
    source: str
    source_type: str
    qualified_name: str
    schema: tuple[tuple[str, str], ...] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)
    context: str = ""
    parts: tuple[str, ...] = ()


#: Tags that say who started a run: MLflow's, Azure ML's, and one that people use.
_OWNER_TAGS = ("mlflow.user", "azureml.user", "owner")


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A run that produced, or may have produced, a model version.

    ``kind`` is the workspace's word for what sort of job it is ("command", "pipeline", "AutoML" …; "" where it has
    none), ``parent_run_id`` the run that it is a step of. ``outputs`` are the datasets that it wrote.
    """

    run_id: str
    name: str = ""
    experiment: str = ""
    status: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[DatasetInfo, ...] = ()
    outputs: tuple[DatasetInfo, ...] = ()
    kind: str = ""
    parent_run_id: str | None = None

    @property
    def owner(self) -> str:
        """Who started it, as its tags say; "" where none does."""
        return next((self.tags[tag] for tag in _OWNER_TAGS if self.tags.get(tag)), "")


@dataclass(frozen=True, slots=True)
class ExperimentInfo:
    """What jobs are gathered under; ``id`` is what the workspace calls it by."""

    id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    archived: bool = False


@dataclass(frozen=True, slots=True)
class DataAssetInfo:
    """Data that a source holds, or has registered under a name.

    Attributes:
        qualified_name: its identity, as for a ``DatasetInfo``: where the data is.
        display_name: what people call it.
        kind: what it is.
        source_type: where such data lies ("local", "delta", "postgres", "azureml" …).
        columns: (name, type in the source's own words) in order; None where they were not looked at.
        parts: the qualified names of what it consists of, where it names several.
        parent: the qualified name of the data asset that holds it; None where none does.
        aliases: further addresses of the same data.
        version: what the source calls this state of it; "" where it has no versions.
        digest: what tells this state of it from others; "" where nothing does.
        rows: how many, where that is known without reading them.
        size: its bytes, where they are known.
        archived: the source keeps it from people's eyes.
        primary_key: the columns that tell its rows apart, where the source says so.
        partition_columns: the columns by whose values its files lie apart.
        column_descriptions: what the source says about columns, by their names.
        problem: why it could not be looked into, although it is there; "" where there is nothing to say.
    """

    qualified_name: str
    display_name: str
    kind: Literal["file", "folder", "table", "view"]
    source_type: str
    columns: tuple[tuple[str, str], ...] | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    parent: str | None = None
    aliases: tuple[str, ...] = ()
    version: str = ""
    digest: str = ""
    rows: int | None = None
    size: int | None = None
    updated_at: datetime | None = None
    archived: bool = False
    primary_key: tuple[str, ...] = ()
    partition_columns: tuple[str, ...] = ()
    column_descriptions: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True)
class DeploymentInfo:
    """What stands behind an endpoint; ``traffic`` is its share of the calls in percent.

    ``model`` and ``model_version`` name the registered model where the workspace tells it; ``revision`` changes
    whenever what is deployed changes, "" where the workspace does not tell.
    """

    name: str
    traffic: int = 0
    model: str = ""
    model_version: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class EndpointInfo:
    """A model that is deployed as a service.

    Attributes:
        name: as it is called within the workspace.
        kind: how it wants its rows.
        url: where rows are scored; "" while the service has no address yet, and where that may not be called.
        state: the workspace's word for it; "Succeeded" for one that works.
        deployments: what stands behind it.
        document: its OpenAPI description, parsed; None where it was only listed, or has none.
        operation: the path of the operation within ``document`` and its method ("/score", "post"); ("", "") where
            the description has one alone.
        problem: why it cannot be called, or why its description could not be had although it may have one; "" where
            there is nothing to say.
    """

    name: str
    kind: EndpointKind
    url: str
    description: str = ""
    state: str = "Succeeded"
    tags: Mapping[str, str] = field(default_factory=dict)
    deployments: tuple[DeploymentInfo, ...] = ()
    document: Mapping[str, Any] | None = None
    operation: tuple[str, str] = ("", "")
    created_at: datetime | None = None
    problem: str = ""

    @property
    def revision(self) -> str:
        """What tells this state of the service from all others: the only called deployment's revision, else ""."""
        called = [deployment for deployment in self.deployments if deployment.traffic]
        return called[0].revision if len(called) == 1 else ""


@runtime_checkable
class Connector(Protocol):
    """Read access to one workspace.

    Every method may raise ``UnreachableError`` (nobody answered), ``RemoteError`` (it answered with a failure),
    ``OriginDeniedError`` (it would have sent us elsewhere) and ``WorkspaceError`` (its answer cannot be used); asking
    for one thing by name raises ``NotFoundError`` when there is none. A listing that fails raises; it never ends early
    as if it were complete, and never leaves out what it cannot read.

    Attributes:
        kind: what the entry point is called.
        capabilities: what this kind of workspace can tell at all.
        credential_kinds: the kinds of credential (``credentials.CREDENTIAL_KINDS``) that such a workspace takes.
    """

    kind: str
    capabilities: frozenset[Capability]
    credential_kinds: frozenset[str]

    def test(self) -> WorkspaceInfo:
        """Prove that the workspace answers and the credential is accepted."""
        ...

    def list_models(self) -> Iterator[ModelInfo]:
        """Every registered model, page by page."""
        ...

    def list_versions(self, model: str | None = None) -> Iterator[ModelVersionInfo]:
        """Every version of ``model``, or of all models; without signatures and digests."""
        ...

    def get_version(self, model: str, version: str | None = None, alias: str | None = None) -> ModelVersionInfo:
        """One version with its signature: by number, by alias, or the latest.

        The latest is the one with the highest number, or the newest where versions have names instead. No alias is
        found where the workspace has none (no ``aliases`` among the capabilities).
        """
        ...

    def get_job(self, run_id: str) -> JobInfo:
        """The run with its parameters, latest metrics and input datasets, as far as the workspace tells them."""
        ...

    def download_version(self, model: str, version: str, to: Path) -> Path:
        """Write the version's artifact folder under ``to`` and return the folder that holds ``MLmodel``.

        No file is written outside ``to``, whatever names the workspace gives.
        """
        ...

    def model_identity(self, version: ModelVersionInfo) -> str:
        """A name for exactly this artifact, stable across renames, never given to another artifact."""
        ...

    def list_endpoints(self) -> Iterator[EndpointInfo]:
        """Every model that is deployed as a service and takes rows, whatever its state; without the documents.

        Nothing, where the workspace deploys none (no ``endpoints`` among the capabilities).
        """
        ...

    def get_endpoint(self, name: str) -> EndpointInfo:
        """One deployed model with its OpenAPI description, where it has one.

        A description that cannot be had does not fail this: the workspace told the rest, and a schema can be given by
        hand. ``problem`` says why.
        """
        ...

    def endpoint_client(self, name: str) -> HttpClient:
        """What calls a deployed model: bound to the origin of its address, with the credential for it and no other.

        It asks once and repeats nothing by itself. It lives on when the connector is closed; the caller closes it.

        Raises:
            WorkspaceError: the service cannot be called: it is not ready, or its address is none.
            OriginDeniedError: the workspace names an address that may not be called.
        """
        ...

    def endpoint_identity(self, endpoint: EndpointInfo) -> str:
        """A name for exactly this state of the service, as far as it can be told.

        It ends in the deployment's revision, else in the digest of the description, else in "#": then nothing
        tells one state from another. Only a revision says that the model behind it is the same.
        """
        ...

    def close(self) -> None:
        """Let go of connections; using the connector afterwards is an error."""
        ...


@runtime_checkable
class JobLister(Protocol):
    """A connector that can list jobs, whether or not a model came of them. Its methods raise as a ``Connector``'s."""

    def list_experiments(self) -> Iterator[ExperimentInfo]:
        """Every experiment, archived ones too."""
        ...

    def list_jobs(
        self, experiments: Collection[str] | None = None, *, ended_after: datetime | None = None
    ) -> Iterator[JobInfo]:
        """The jobs of some experiments, by name (None: of all), as ``Connector.get_job`` gives each.

        ``ended_after`` leaves out those that ended by then; what runs still is never left out.
        """
        ...


@runtime_checkable
class DataLister(Protocol):
    """A source that can list data. Its methods raise as a ``Connector``'s."""

    def list_data_assets(self) -> Iterator[DataAssetInfo]:
        """All data that it holds or has registered; of what is versioned, the latest version."""
        ...


@runtime_checkable
class SignatureReader(Protocol):
    """A connector that reads what a listed version lacks without looking the version up again; raises as one."""

    def read_signature(self, listed: ModelVersionInfo) -> ModelVersionInfo:
        """``listed`` with its signature and digest."""
        ...


@runtime_checkable
class UnregisteredModelLister(Protocol):
    """A connector to a workspace that keeps models which nobody registered. Its methods raise as a ``Connector``'s."""

    def list_unregistered_models(self, experiments: Collection[str] | None = None) -> Iterator[ModelVersionInfo]:
        """The models logged under some experiments, by name (None: all); ``version`` is "", ``model`` its name."""
        ...


@runtime_checkable
class DataSource(DataLister, Protocol):
    """Read access to a place that holds data and no models. Its methods raise as a ``Connector``'s.

    Its class says ``holds_models = False``, by which it is told from a connector before one is made. Where its address
    is no http one, its static method ``destination`` reads it as ``addresses.source_url`` reads others.

    Attributes:
        kind: what the entry point is called.
        capabilities: ``data_assets``, and what else it has.
        credential_kinds: the kinds of credential (``credentials.CREDENTIAL_KINDS``) that such a place takes.
    """

    kind: str
    capabilities: frozenset[Capability]
    credential_kinds: frozenset[str]

    def test(self) -> WorkspaceInfo:
        """Prove that the place is there and the credential is accepted."""
        ...

    def sample(self, qualified_name: str, rows: int) -> pa.Table:
        """The first rows of a data asset, no more than ``rows``, and fewer where those are large.

        Raises:
            NotFoundError: the source holds no data asset of that name, or one without rows (a folder, a schema).
        """
        ...

    def close(self) -> None:
        """Let go of connections; using the source afterwards is an error."""
        ...


class ConnectorFactory(Protocol):
    """What an entry point of the group ``headwater.workspaces`` names."""

    def __call__(
        self,
        url: str,
        *,
        credential: Credential | None = None,
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
    ) -> Connector: ...


class DataSourceFactory(Protocol):
    """What an entry point of that group names, if it says ``holds_models = False``.

    ``folders`` are those of this machine whose files, and the files below them, an administrator allowed.
    """

    def __call__(
        self,
        url: str,
        *,
        credential: Credential | None = None,
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
        folders: Sequence[Path] = (),
    ) -> DataSource: ...
