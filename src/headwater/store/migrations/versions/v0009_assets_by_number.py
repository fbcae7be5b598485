"""Assets get numbers, and their columns are assets; one relation of flow; history; types of people's own."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_GUID = sa.String(length=36)

#: What is laid aside while the tables are made anew.
_OLD = ("assets", "asset_columns", "containment", "process_inputs", "process_outputs", "column_lineage")


def upgrade() -> None:
    """Make the tables anew, with all that was in them."""
    for table in ("column_lineage", "process_outputs", "process_inputs", "containment", "asset_columns", "assets"):
        op.execute(f"CREATE TABLE old_{table} AS SELECT * FROM {table}")  # noqa: S608 -- names of ours
        op.drop_table(table)
    _assets()
    _asset_names()
    _asset_columns()
    _asset_history()
    _catalog_state()
    _asset_tombstones()
    _type_definitions()
    _flow_edges()
    _column_lineage()
    _relationships()
    _add_columns()
    _copy()
    for table in _OLD:
        op.drop_table(f"old_{table}")


def _assets() -> None:
    op.create_table(
        "assets",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("guid", _GUID, nullable=False),
        sa.Column("type_name", sa.String(length=255), nullable=False),
        sa.Column("qualified_name", _NAME, nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("collection_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=True),
        sa.Column("attributes", _JSON, nullable=False),
        sa.Column("user_description", sa.Text(), nullable=True),
        sa.Column("sensitivity", sa.String(length=255), nullable=True),
        sa.Column("endorsement", sa.String(length=64), nullable=True),
        sa.Column("custom_attributes", _JSON, nullable=True),
        sa.Column("business_attributes", _JSON, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("last_seen_at", _TIME, nullable=False),
        sa.Column("last_scan_id", sa.Integer(), nullable=True),
        sa.Column("change", _BIG_ID, nullable=False),
        sa.Column("scope_id", _BIG_ID, nullable=True),
        sa.CheckConstraint("status IN ('active', 'missing', 'deleted')", name=op.f("ck_assets_status")),
        sa.ForeignKeyConstraint(["collection_id"], ["collections.id"], name=op.f("fk_assets_collection_id")),
        sa.ForeignKeyConstraint(["scope_id"], ["scopes.id"], name=op.f("fk_assets_scope_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_assets_source_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("guid", name=op.f("uq_assets_guid")),
        sa.UniqueConstraint("qualified_name", "type_name", name=op.f("uq_assets_qualified_name_type_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_assets_change"), "assets", ["change"], unique=False)
    op.create_index(op.f("ix_assets_collection_id_type_name"), "assets", ["collection_id", "type_name"], unique=False)
    op.create_index(op.f("ix_assets_scope_id"), "assets", ["scope_id"], unique=False)
    op.create_index(op.f("ix_assets_source_id_last_scan_id"), "assets", ["source_id", "last_scan_id"], unique=False)


def _asset_names() -> None:
    op.create_table(
        "asset_names",
        sa.Column("type_name", sa.String(length=255), nullable=False),
        sa.Column("qualified_name", _NAME, nullable=False),
        sa.Column("asset_id", _BIG_ID, nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("merged", _JSON, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint("reason IN ('alias', 'renamed', 'merged')", name=op.f("ck_asset_names_reason")),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_asset_names_asset_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("type_name", "qualified_name", name=op.f("pk_asset_names")),
    )
    op.create_index(op.f("ix_asset_names_asset_id"), "asset_names", ["asset_id"], unique=False)


def _asset_columns() -> None:
    op.create_table(
        "asset_columns",
        sa.Column("asset_id", _BIG_ID, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("column_id", _BIG_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_asset_columns_asset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["column_id"], ["assets.id"], name=op.f("fk_asset_columns_column_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", "ordinal", name=op.f("pk_asset_columns")),
    )
    op.create_index(op.f("ix_asset_columns_column_id"), "asset_columns", ["column_id"], unique=False)


def _asset_history() -> None:
    op.create_table(
        "asset_history",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("asset_id", _BIG_ID, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("by_id", _GUID, nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("changes", _JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_asset_history_asset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_history")),
    )
    op.create_index(op.f("ix_asset_history_asset_id_id"), "asset_history", ["asset_id", "id"], unique=False)


def _catalog_state() -> None:
    op.create_table(
        "catalog_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change", _BIG_ID, nullable=False),
        sa.Column("types", _BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalog_state")),
    )


def _asset_tombstones() -> None:
    op.create_table(
        "asset_tombstones",
        sa.Column("asset_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("change", _BIG_ID, nullable=False),
        sa.PrimaryKeyConstraint("asset_id", name=op.f("pk_asset_tombstones")),
    )
    op.create_index(op.f("ix_asset_tombstones_change"), "asset_tombstones", ["change"], unique=False)


def _type_definitions() -> None:
    op.create_table(
        "type_definitions",
        sa.Column("guid", _GUID, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("category", sa.String(length=32), nullable=False),
        sa.Column("definition", _JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "category IN ('ENTITY', 'CLASSIFICATION', 'ENUM', 'STRUCT', 'RELATIONSHIP', 'BUSINESS_METADATA')",
            name=op.f("ck_type_definitions_category"),
        ),
        sa.PrimaryKeyConstraint("guid", name=op.f("pk_type_definitions")),
        sa.UniqueConstraint("name", name=op.f("uq_type_definitions_name")),
    )


def _flow_edges() -> None:
    op.create_table(
        "flow_edges",
        sa.Column("target_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("source_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("attributes", _JSON, nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["assets.id"], name=op.f("fk_flow_edges_source_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["target_id"], ["assets.id"], name=op.f("fk_flow_edges_target_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("target_id", "source_id", "kind", name=op.f("pk_flow_edges")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_flow_edges_source_id_target_id_kind"), "flow_edges", ["source_id", "target_id", "kind"], unique=False
    )


def _column_lineage() -> None:
    op.create_table(
        "column_lineage",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("process_id", _BIG_ID, nullable=False),
        sa.Column("source_id", _BIG_ID, nullable=False),
        sa.Column("source_column", sa.Text(), nullable=True),
        sa.Column("target_id", _BIG_ID, nullable=False),
        sa.Column("target_column", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["process_id"], ["assets.id"], name=op.f("fk_column_lineage_process_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["assets.id"], name=op.f("fk_column_lineage_source_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["assets.id"], name=op.f("fk_column_lineage_target_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column_lineage")),
    )
    op.create_index(op.f("ix_column_lineage_process_id"), "column_lineage", ["process_id"], unique=False)
    op.create_index(
        op.f("ix_column_lineage_source_id_source_column"),
        "column_lineage",
        ["source_id", "source_column"],
        unique=False,
    )
    op.create_index(
        op.f("ix_column_lineage_target_id_target_column"),
        "column_lineage",
        ["target_id", "target_column"],
        unique=False,
    )


def _relationships() -> None:
    op.create_table(
        "relationships",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("type_name", sa.String(length=255), nullable=False),
        sa.Column("end1_id", _BIG_ID, nullable=False),
        sa.Column("end2_id", _BIG_ID, nullable=False),
        sa.Column("attributes", _JSON, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["end1_id"], ["assets.id"], name=op.f("fk_relationships_end1_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["end2_id"], ["assets.id"], name=op.f("fk_relationships_end2_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relationships")),
        sa.UniqueConstraint("end1_id", "end2_id", "type_name", name=op.f("uq_relationships_end1_id_end2_id_type_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_relationships_end2_id_type_name"), "relationships", ["end2_id", "type_name"], unique=False)


def _add_columns() -> None:
    op.add_column("scans", sa.Column("options", _JSON, nullable=False, server_default="{}"))
    op.add_column("scans", sa.Column("details", _JSON, nullable=False, server_default="{}"))
    op.add_column("collections", sa.Column("description", sa.Text(), nullable=False, server_default=""))
    op.add_column("collections", sa.Column("created_at", _TIME, nullable=True))
    op.add_column("collections", sa.Column("created_by", sa.Text(), nullable=False, server_default=""))


def _copy() -> None:
    op.execute("INSERT INTO catalog_state (id, change, types) VALUES (1, 1, 1)")
    op.execute("""
        INSERT INTO assets (guid, type_name, qualified_name, display_name, collection_id, source_id, attributes, status,
            version, created_at, created_by, updated_at, updated_by, last_seen_at, last_scan_id, change, scope_id)
        SELECT guid, type_name, qualified_name, display_name, collection_id, source_id, attributes, status,
            1, created_at, 'Headwater', updated_at, 'Headwater', last_seen_at, last_scan_id, 1, scope_id
        FROM old_assets ORDER BY created_at, guid""")
    _copy_columns()
    _copy_edges("input", "old_process_inputs", "asset_guid", "process_guid")
    _copy_edges("output", "old_process_outputs", "process_guid", "asset_guid")
    _copy_containment()
    op.execute("""
        INSERT INTO column_lineage (process_id, source_id, source_column, target_id, target_column, via)
        SELECT process.id, source.id, old.source_column, target.id, old.target_column, old.via
        FROM old_column_lineage AS old JOIN assets AS process ON process.guid = old.process_guid
        JOIN assets AS source ON source.guid = old.source_asset_guid
        JOIN assets AS target ON target.guid = old.target_asset_guid ORDER BY old.id""")


def _copy_columns() -> None:
    """Every column becomes an asset beside the one it is of."""
    connection = op.get_bind()
    old = connection.execute(
        sa.text("""
        SELECT a.id, a.qualified_name, a.collection_id, a.source_id, a.status, a.created_at, a.updated_at,
            a.last_seen_at, a.last_scan_id, a.scope_id, c.ordinal, c.name, c.type, c.attributes
        FROM old_asset_columns AS c JOIN assets AS a ON a.guid = c.asset_guid ORDER BY a.id, c.ordinal""").columns(
            created_at=_TIME, updated_at=_TIME, last_seen_at=_TIME, attributes=_JSON
        )
    ).all()
    names: set[str] = set()
    for row in old:
        name = f"{row.qualified_name}#{row.name}"
        if name in names:
            name = f"{row.qualified_name}#output/{row.name}"
        names.add(name)
        _add_column(connection, row, name)


def _add_column(connection: sa.Connection, row: sa.Row[Any], name: str) -> None:
    kept = (
        "collection_id",
        "source_id",
        "status",
        "created_at",
        "updated_at",
        "last_seen_at",
        "last_scan_id",
        "scope_id",
    )
    values = {key: row._mapping[key] for key in kept} | {
        "guid": str(uuid4()),
        "type_name": "column",
        "qualified_name": name,
        "display_name": row.name,
        "attributes": {**(row.attributes or {}), "data_type": row.type},
        "version": 1,
        "created_by": "Headwater",
        "updated_by": "Headwater",
        "change": 1,
    }
    assets = sa.table("assets", *(sa.column(key, _kind(key)) for key in (*values, "id")))
    made = connection.execute(sa.insert(assets).values(values).returning(assets.c.id)).scalar_one()
    links = sa.table("asset_columns", *(sa.column(key) for key in ("asset_id", "ordinal", "column_id")))
    connection.execute(sa.insert(links).values(asset_id=row.id, ordinal=row.ordinal, column_id=made))


def _kind(name: str) -> sa.types.TypeEngine[Any] | None:
    return _JSON if name == "attributes" else _TIME if name.endswith("_at") else None


def _copy_edges(kind: str, table: str, source: str, target: str) -> None:
    number = {"input": 1, "output": 2}[kind]
    op.execute(f"""
        INSERT INTO flow_edges (target_id, source_id, kind)
        SELECT target.id, source.id, {number} FROM {table} AS old
        JOIN assets AS source ON source.guid = old.{source} JOIN assets AS target ON target.guid = old.{target}""")  # noqa: S608 -- names of ours


def _copy_containment() -> None:
    """A file that is part of a folder flows into it; every other thing is related to what holds it."""
    joined = """FROM old_containment AS old JOIN assets AS parent ON parent.guid = old.parent_guid
        JOIN assets AS child ON child.guid = old.child_guid"""
    datasets = "parent.type_name = 'dataset' AND child.type_name = 'dataset'"
    op.execute(
        f"INSERT INTO flow_edges (target_id, source_id, kind) SELECT parent.id, child.id, 3 {joined} WHERE {datasets}"
    )
    op.execute(f"""
        INSERT INTO relationships (type_name, end1_id, end2_id, created_at, created_by)
        SELECT parent.type_name || '_' || child.type_name, parent.id, child.id, child.created_at, 'Headwater'
        {joined} WHERE NOT ({datasets})""")
