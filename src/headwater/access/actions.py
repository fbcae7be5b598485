"""Every action that a role can allow."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from headwater.errors import UsageError

__all__ = ["Action", "check_patterns", "matching"]


class Action(StrEnum):
    """What somebody may do, ``subject.verb``; ``description`` says it in a sentence.

    >>> Action.MODEL_INVOKE.value, Action("model.invoke").description
    ('model.invoke', 'Call a model or a scoring service, and so have rows scored.')
    """

    description: str

    def __new__(cls, value: str, description: str) -> Action:
        made = str.__new__(cls, value)
        made._value_ = value
        made.description = description
        return made

    SERVER_READ = "server.read", "See the server's settings and how it is doing."
    SERVER_MANAGE = "server.manage", "Change the server's settings, allowed origins among them."
    SOURCE_READ = "source.read", "See a registered workspace, its address and its scans."
    SOURCE_REGISTER = "source.register", "Register, change and remove a workspace."
    SOURCE_SCAN = "source.scan", "Define scans of a workspace, and start and stop them."
    MODEL_READ = "model.read", "See a model, its versions and its signature."
    MODEL_INVOKE = "model.invoke", "Call a model or a scoring service, and so have rows scored."
    DATAFLOW_READ = "dataflow.read", "See a dataflow's queries and the history of its refreshes."
    DATAFLOW_CREATE = "dataflow.create", "Create a dataflow in a collection."
    DATAFLOW_EDIT = "dataflow.edit", "Change a dataflow's queries and its schedule."
    DATAFLOW_REFRESH = "dataflow.refresh", "Start and cancel a dataflow's refreshes."
    DATAFLOW_DELETE = "dataflow.delete", "Delete a dataflow and the tables it published."
    TABLE_READ = "table.read", "Read and download a published table's rows."
    ASSET_READ = "asset.read", "See an asset of the catalog, its columns and its lineage."
    ASSET_CREATE = "asset.create", "Add assets and lineage to the catalog, also by pushing them."
    ASSET_EDIT = "asset.edit", "Change an asset's attributes."
    ASSET_MOVE = "asset.move", "Move an asset to another collection."
    ASSET_DELETE = "asset.delete", "Delete an asset from the catalog."
    ASSET_ANNOTATE = "asset.annotate", "Describe, classify and label an asset, and name its contacts."
    ASSET_SHARE = "asset.share", "Share what an asset stands for with others."
    COLLECTION_READ = "collection.read", "See a collection and its description."
    COLLECTION_CREATE = "collection.create", "Create a collection within another."
    COLLECTION_EDIT = "collection.edit", "Rename and move a collection, and cut what it inherits."
    COLLECTION_DELETE = "collection.delete", "Delete an empty collection."
    CONNECTION_READ = (
        "connection.read",
        "See that there is a connection, its kind and where it leads; never its secret.",
    )
    CONNECTION_USE = "connection.use", "Read data through a connection."
    CONNECTION_CREATE = "connection.create", "Create a connection in a collection."
    CONNECTION_MANAGE = "connection.manage", "Change a connection and its credential, and delete it."
    PEOPLE_READ = "people.read", "See who the users are, and the groups with their members."
    PEOPLE_MANAGE = "people.manage", "Invite, change and disable users, and change groups."
    AUDIT_READ = "audit.read", "Read and export the audit log."
    AUDIT_MANAGE = "audit.manage", "Set how long the audit log is kept."
    ROLES_READ = "roles.read", "See who has which role at a scope."
    ROLES_ASSIGN = "roles.assign", "Give and take roles at a scope."
    ROLES_DEFINE = "roles.define", "Create, change and delete roles of one's own."


def matching(patterns: Iterable[str]) -> frozenset[Action]:
    """The known actions that any of ``patterns`` stands for; ``*`` in one stands for any text.

    >>> [str(action) for action in sorted(matching(["roles.*", "*.invoke"]))]
    ['model.invoke', 'roles.assign', 'roles.define', 'roles.read']
    """
    return frozenset(action for pattern in patterns for action in Action if _expression(pattern).fullmatch(action))


def check_patterns(patterns: Iterable[str]) -> None:
    """Refuse patterns that stand for nothing, which are mistakes.

    Raises:
        UsageError: a pattern stands for no known action (``access.action``).
    """
    for pattern in patterns:
        if not matching([pattern]):
            raise UsageError(
                f"No action is called '{pattern}'.",
                code="access.action",
                hint="Actions look like 'model.read'; '*' stands for any text, as in 'model.*'.",
            )


def _expression(pattern: str) -> re.Pattern[str]:
    # A run of stars stands for what one does; taken one by one, they would be tried in every combination.
    return re.compile(".*".join(map(re.escape, re.split(r"\*+", pattern))))
