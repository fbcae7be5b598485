"""What the API takes and answers about sources, connections, their credentials, and collections."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from headwater import workspaces
from headwater.catalog import ScanOptions, ScanSummary
from headwater.secret import Secret
from headwater.server.answers import WITHOUT_NUL, Answer, RunStatus

CredentialMode = Literal["service", "personal"]
"""Whose credential is used at a source: the one that Headwater keeps for it, or each person's own."""

Privacy = Literal["None", "Public", "Organizational", "Private"]
"""To whom a connection's data may go."""

Line = Annotated[str, Field(max_length=1_000, pattern=WITHOUT_NUL)]
Address = Annotated[str, Field(max_length=2_000, pattern=WITHOUT_NUL)]
Networks = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=100)]
FieldName = Annotated[str, Field(max_length=64)]

# -- credentials -------------------------------------------------------------------------------------------------------


class GivenCredential(Answer):
    """A credential: its kind, its public fields, and the secret, which no answer ever shows."""

    kind: Annotated[str, Field(max_length=64)]
    fields: Annotated[dict[FieldName, Line], Field(max_length=20)] = Field(default_factory=dict)
    secret: Annotated[SecretStr, Field(max_length=10_000)] | None = None

    def given(self) -> dict[str, Any]:
        """The fields and the secret, as services take them."""
        secret = None if self.secret is None else Secret(self.secret.get_secret_value())
        return {"fields": self.fields, "secret": secret}


class NewCredential(GivenCredential):
    """``reference``: where the secret is kept instead: ``env:NAME``, ``file:PATH`` or ``plugin:NAME:…``."""

    reference: Line | None = None

    def given(self) -> dict[str, Any]:
        return {**super().given(), "reference": self.reference}


class Credential(Answer):
    """What may be shown of a credential. ``reference`` is null where Headwater stores the secret itself."""

    kind: str
    fields: dict[str, str]
    has_secret: bool
    reference: str | None
    changed_at: datetime


class SourceCredential(Answer):
    """``credential`` is null where there is none."""

    credential: Credential | None


class CredentialField(Answer):
    name: str
    required: bool


class CredentialKind(Answer):
    """``machine``: it is the identity of Headwater's own machine, which is an administrator's to lend."""

    name: str
    description: str
    fields: list[CredentialField]
    has_secret: bool
    machine: bool

    @classmethod
    def of(cls, kind: workspaces.CredentialKind) -> CredentialKind:
        """The answer for a kind of credential."""
        return cls(
            name=kind.name,
            description=kind.description,
            fields=[CredentialField(name=name, required=name in kind.required) for name in kind.fields],
            has_secret=kind.has_secret,
            machine=kind.uses_machine_identity,
        )


class SourceKind(Answer):
    name: str
    credentials: list[CredentialKind]

    @classmethod
    def of(cls, name: str, credentials: Names[str]) -> SourceKind:
        """The answer for a kind of source that takes these kinds of credential."""
        known = workspaces.CREDENTIAL_KINDS.values()
        return cls(name=name, credentials=[CredentialKind.of(kind) for kind in known if kind.name in credentials])


class SourceKinds(Answer):
    value: list[SourceKind]


# -- sources -----------------------------------------------------------------------------------------------------------


class NewScan(Answer):
    """``incremental`` lists everything too, and reads only versions that no scan has read before."""

    kind: Literal["full", "incremental"] = "full"
    models: Annotated[list[str], Field(default_factory=list, max_length=100)]
    excluded_models: Annotated[list[str], Field(default_factory=list, max_length=100)]
    experiments: Annotated[list[str], Field(default_factory=list, max_length=100)]
    tags: Annotated[dict[str, str], Field(default_factory=dict, max_length=100)]
    unregistered_runs: bool = False
    unregistered_models: bool = False
    confirm_removals: bool = False

    def options(self) -> ScanOptions:
        """What is asked of the scan.

        Raises:
            UsageError: that makes no sense.
        """
        return ScanOptions.from_json(self.model_dump())


class NewSourceSchedule(Answer):
    """``when``: daily, every 15 minutes, cron 0 6 * * 1 Europe/Berlin, webhook, or never."""

    when: Annotated[str, Field(max_length=200, pattern=WITHOUT_NUL)]
    scan: Annotated[NewScan, Field(default_factory=lambda: NewScan.model_validate({}))]


class SourceSchedule(Answer):
    """``next_due`` is null while it is paused."""

    cron: str
    time_zone: str
    next_due: datetime | None
    paused: bool
    paused_reason: str | None


class Scan(Answer):
    status: RunStatus
    started_at: datetime
    ended_at: datetime | None
    assets: int


class Source(Answer):
    """``collection`` is empty where it may not be seen. ``scope:ID`` with ``scope_id`` names it where roles are given.

    ``settings``: ``subscription``, the Azure subscription it belongs to. ``trusted``: loading its models may run code.
    """

    name: str
    display_name: str
    kind: str
    url: str
    collection: str
    settings: dict[str, str]
    credential_mode: CredentialMode
    private_networks: list[str]
    trusted: bool
    created_at: datetime
    scope_id: int
    last_scan: Scan | None

    @classmethod
    def of(cls, source: workspaces.Source, scans: Mapping[str, ScanSummary]) -> Source:
        """The answer for a source; ``scans``: the latest of each."""
        scan = scans.get(source.name)
        return cls(
            name=source.name,
            display_name=source.display_name,
            kind=source.kind,
            url=source.url,
            collection=source.collection,
            settings=dict(source.settings),
            credential_mode=source.credential_mode,
            private_networks=list(source.private_networks),
            trusted=source.trusted,
            created_at=source.created_at,
            scope_id=source.scope_id,
            last_scan=None if scan is None else Scan.model_validate(scan),
        )


class Sources(Answer):
    """``after`` goes into the request for the next page; null: there is none."""

    total: int
    after: str | None
    value: list[Source]


class NewSource(Answer):
    """``name`` is what M calls it by; ``settings``: ``subscription``, the Azure subscription it belongs to."""

    name: Line
    display_name: Line = ""
    kind: Line
    url: Address
    collection: Line = "root"
    settings: Annotated[dict[FieldName, Line], Field(max_length=20)] = Field(default_factory=dict)
    credential_mode: CredentialMode = "service"
    private_networks: Networks = Field(default_factory=list)
    trusted: bool = False


class Trust(Answer):
    """``trusted``: loading the source's models, which for most is running code, is allowed here."""

    trusted: bool


class SourceChanges(Answer):
    """What is left out stays. At another origin, credentials and private networks are forgotten; at another address,
    that it was trusted.
    """

    display_name: Line | None = None
    url: Address | None = None
    collection: Line | None = None
    credential_mode: CredentialMode | None = None
    private_networks: Networks | None = None


class Workspace(Answer):
    """What a workspace says of itself."""

    kind: str
    url: str
    qualified_name: str
    display_name: str


# -- Azure -------------------------------------------------------------------------------------------------------------


class AzureQuestion(Answer):
    """``collection``: where a workspace is to be registered. The credential is used once and kept nowhere."""

    collection: Line = "root"
    credential: GivenCredential


class WorkspaceQuestion(AzureQuestion):
    subscription_id: Line


class AzureSubscription(Answer):
    subscription_id: str
    name: str
    state: str


class AzureSubscriptions(Answer):
    value: list[AzureSubscription]


class AzureWorkspace(Answer):
    """``url`` is the address to register it by, ``studio_url`` its page in the browser."""

    name: str
    display_name: str
    resource_group: str
    location: str
    kind: str
    url: str
    studio_url: str


class AzureWorkspaces(Answer):
    value: list[AzureWorkspace]


# -- connections -------------------------------------------------------------------------------------------------------


class Connection(Answer):
    """``collection`` is empty where it may not be seen. ``scope:ID`` with ``scope_id`` names it in requests."""

    name: str
    kind: str
    path: str
    privacy: Privacy
    collection: str
    private_networks: list[str]
    credential_kind: str
    created_at: datetime
    scope_id: int


class Connections(Answer):
    """``after`` goes into the request for the next page; null: there is none."""

    total: int
    after: str | None
    value: list[Connection]


class NewConnection(Answer):
    """``kind`` and ``path`` as M has them: ``Web``, ``PostgreSQL``, ``Folder``, …"""

    name: Line
    kind: Line
    path: Address
    credential: NewCredential = Field(default_factory=lambda: NewCredential(kind="anonymous"))
    privacy: Privacy = "None"
    collection: Line = "root"
    private_networks: Networks = Field(default_factory=list)

    def given(self) -> dict[str, Any]:
        """What of it has a name, as the service takes it."""
        return {
            "credential": self.credential.kind,
            **self.credential.given(),
            "privacy": self.privacy,
            "collection": self.collection,
            "private_networks": self.private_networks,
        }


class ConnectionChanges(Answer):
    """What is left out stays. At another origin, the credential and private networks are forgotten."""

    path: Address | None = None
    privacy: Privacy | None = None
    collection: Line | None = None
    private_networks: Networks | None = None


# -- collections -------------------------------------------------------------------------------------------------------


class Collection(Answer):
    """``parent`` is null for the root, and where the parent may not be seen."""

    name: str
    display_name: str
    parent: str | None
    scope_id: int


class Collections(Answer):
    value: list[Collection]


class NewCollection(Answer):
    name: Line
    display_name: Line = ""
    parent: Line = "root"
