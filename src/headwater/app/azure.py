"""Azure Machine Learning workspaces to choose from, for who may register one."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.access import Action, Actor
from headwater.access.audit import record
from headwater.access.events import Event
from headwater.errors import UsageError
from headwater.secret import Secret
from headwater.store import Database, tables, utc_now
from headwater.workspaces import Credential, check_credential, credential_kinds, make_credential
from headwater.workspaces.azureml import SubscriptionChoice, WorkspaceChoice, list_subscriptions, list_workspaces
from headwater.workspaces.azureml.configuration import PUBLIC_MANAGEMENT
from headwater.workspaces.permissions import require_administrator, writable_collection
from headwater.workspaces.stored_credentials import NewCredential

__all__ = ["Azure"]

_KIND = "azureml"


class Azure:
    """Lists subscriptions and workspaces with a credential that is kept nowhere.

    Every method asks for ``source.register`` at the collection where a workspace is to be registered, and may raise:
        NotFoundError: there is no such collection, or none that the actor may see.
        ForbiddenError: the actor may not register there, or lend the identity of Headwater's own machine.
        UsageError: the credential is none that Azure takes.
        NetworkError, WorkspaceError: Azure does not answer, refuses, or its answer cannot be used.

    Args:
        database: the metadata database.
        management: the origin of Azure Resource Manager; by default the public cloud's.
    """

    def __init__(self, database: Database, management: str = PUBLIC_MANAGEMENT) -> None:
        self._database = database
        self._management = management

    def subscriptions(
        self,
        actor: Actor,
        kind: str,
        fields: Mapping[str, str] | None = None,
        *,
        secret: Secret | None = None,
        collection: str = tables.ROOT_COLLECTION,
    ) -> list[SubscriptionChoice]:
        """The subscriptions that the credential's account sees, by name."""
        credential = self._credential(actor, NewCredential(kind, dict(fields or {}), secret), collection)
        return list_subscriptions(credential, origin=self._management)

    def workspaces(
        self,
        actor: Actor,
        subscription_id: str,
        kind: str,
        fields: Mapping[str, str] | None = None,
        *,
        secret: Secret | None = None,
        collection: str = tables.ROOT_COLLECTION,
    ) -> list[WorkspaceChoice]:
        """The workspaces of a subscription, by name, each with the address to register it by."""
        credential = self._credential(actor, NewCredential(kind, dict(fields or {}), secret), collection)
        return list_workspaces(credential, subscription_id, origin=self._management)

    def _credential(self, actor: Actor, given: NewCredential, collection: str) -> Credential:
        """The credential, once whoever asks may use it; its use goes on record."""
        with self._database.begin() as connection:
            place = writable_collection(connection, actor, Action.SOURCE_REGISTER, collection)
            given.check()
            kind = check_credential(given.kind, given.fields, has_secret=given.has_secret)
            taken = credential_kinds(_KIND)
            if kind.name not in taken:
                raise UsageError(
                    f"Azure takes no credential of kind {kind.name}.", hint=f"It takes: {', '.join(sorted(taken))}."
                )
            if kind.uses_machine_identity:
                require_administrator(connection, actor, "a credential that is the identity of Headwater's own machine")
            record(
                connection, Event.CREDENTIAL_USED, actor, now=utc_now(), target="azure", scope_id=place.scope_id,
                credential=kind.name, personal=False, purpose="choosing a workspace",
            )  # fmt: skip
        return make_credential(kind.name, given.fields, None if given.secret is None else given.secret.reveal())
