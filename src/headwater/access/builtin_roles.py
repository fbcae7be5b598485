"""The roles that every installation has."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BUILT_IN_ROLES", "OWNER", "BuiltInRole"]

OWNER = "Owner"

#: Seeing roles and giving them, at the scope where the role itself was given.
_SHARING = ("roles.read", "roles.assign")


@dataclass(frozen=True, slots=True)
class BuiltInRole:
    """``actions`` less ``not_actions``. ``survives_cut``: given above a restricted collection, it holds in it too."""

    name: str
    description: str
    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    survives_cut: bool = False


BUILT_IN_ROLES = (
    # Azure's.
    BuiltInRole(OWNER, "Everything, and giving roles to others.", ("*",)),
    BuiltInRole(
        "Contributor",
        "Everything but giving roles, managing people and the server, and the audit log.",
        ("*",),
        ("roles.assign", "roles.define", "people.*", "audit.*", "server.manage"),
    ),
    # One grant is enough to use a model, so reading includes invoking.
    BuiltInRole(
        "Reader",
        "See everything but people and the audit log, read published tables, and invoke models.",
        ("*.read", "model.invoke"),
        ("people.read", "audit.read"),
    ),
    # Purview's, each with exactly what it has there.
    BuiltInRole(
        "Collection administrator",
        "Create, change and delete collections below, and give roles. Not cut off by restricted inheritance.",
        ("collection.*", *_SHARING),
        survives_cut=True,
    ),
    BuiltInRole(
        "Data source administrator",
        "Register workspaces and scan them. Sees no assets.",
        ("collection.read", "source.*"),
    ),
    BuiltInRole(
        "Data curator",
        "Create, change, move, delete and annotate assets, also through the API.",
        ("collection.read", "asset.*"),
        ("asset.share",),
    ),
    BuiltInRole("Data reader", "See assets and their lineage.", ("collection.read", "asset.read")),
    BuiltInRole("Data share contributor", "Share assets.", ("collection.read", "asset.share")),
    # A dataflow's.
    BuiltInRole("Dataflow reader", "Read a dataflow's tables, and nothing else of it.", ("table.read",)),
    BuiltInRole(
        "Dataflow refresher",
        "Read a dataflow and its tables, and refresh it.",
        ("table.read", "dataflow.read", "dataflow.refresh"),
    ),
    BuiltInRole(
        "Dataflow editor",
        "Read, refresh and change a dataflow.",
        ("table.read", "dataflow.read", "dataflow.refresh", "dataflow.edit"),
    ),
    BuiltInRole(
        "Dataflow owner",
        "Read, refresh, change and delete a dataflow, and give roles on it.",
        ("table.read", "dataflow.*", *_SHARING),
        ("dataflow.create",),
    ),
    # A connection's.
    BuiltInRole("Connection user", "Read data through a connection.", ("connection.read", "connection.use")),
    BuiltInRole(
        "Connection manager",
        "Use, change and delete a connection, and say who else may.",
        ("connection.*", *_SHARING),
        ("connection.create",),
    ),
)
