"""What people say of assets, and the glossary that they say it with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAME = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_GUID = sa.String(length=36)


def upgrade() -> None:
    """Add the tables."""
    _asset_classifications()
    _asset_labels()
    _asset_contacts()
    _glossaries()
    _glossary_terms()
    _glossary_categories()
    _glossary_term_categories()
    _glossary_term_relations()
    _asset_terms()


def _asset_classifications() -> None:
    op.create_table(
        "asset_classifications",
        sa.Column("asset_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("type_name", sa.String(length=255), nullable=False),
        sa.Column("attributes", _JSON, nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("by_what", sa.String(length=16), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("from_id", _BIG_ID, nullable=True),
        sa.Column("details", _JSON, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "by_what IN ('person', 'rule', 'propagation')", name=op.f("ck_asset_classifications_by_what")
        ),
        sa.CheckConstraint(
            "state IN ('accepted', 'suggested', 'rejected')", name=op.f("ck_asset_classifications_state")
        ),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_asset_classifications_asset_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["from_id"], ["assets.id"], name=op.f("fk_asset_classifications_from_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("asset_id", "type_name", name=op.f("pk_asset_classifications")),
    )
    op.create_index(
        op.f("ix_asset_classifications_type_name_state"), "asset_classifications", ["type_name", "state"], unique=False
    )


def _asset_labels() -> None:
    op.create_table(
        "asset_labels",
        sa.Column("asset_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("label", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_asset_labels_asset_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("asset_id", "label", name=op.f("pk_asset_labels")),
    )
    op.create_index(op.f("ix_asset_labels_label"), "asset_labels", ["label"], unique=False)


def _asset_contacts() -> None:
    op.create_table(
        "asset_contacts",
        sa.Column("asset_id", _BIG_ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("contact_id", sa.String(length=255), nullable=False),
        sa.Column("info", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_asset_contacts_asset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", "kind", "contact_id", name=op.f("pk_asset_contacts")),
    )
    op.create_index(op.f("ix_asset_contacts_contact_id_kind"), "asset_contacts", ["contact_id", "kind"], unique=False)


def _glossaries() -> None:
    op.create_table(
        "glossaries",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("guid", _GUID, nullable=False),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("definition", _JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glossaries")),
        sa.UniqueConstraint("guid", name=op.f("uq_glossaries_guid")),
        sa.UniqueConstraint("name", name=op.f("uq_glossaries_name")),
        sqlite_autoincrement=True,
    )


def _glossary_terms() -> None:
    op.create_table(
        "glossary_terms",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("guid", _GUID, nullable=False),
        sa.Column("glossary_id", _BIG_ID, nullable=False),
        sa.Column("parent_id", _BIG_ID, nullable=True),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("definition", _JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["glossary_id"], ["glossaries.id"], name=op.f("fk_glossary_terms_glossary_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["glossary_terms.id"], name=op.f("fk_glossary_terms_parent_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glossary_terms")),
        sa.UniqueConstraint("glossary_id", "name", name=op.f("uq_glossary_terms_glossary_id_name")),
        sa.UniqueConstraint("guid", name=op.f("uq_glossary_terms_guid")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_glossary_terms_parent_id"), "glossary_terms", ["parent_id"], unique=False)


def _glossary_categories() -> None:
    op.create_table(
        "glossary_categories",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("guid", _GUID, nullable=False),
        sa.Column("glossary_id", _BIG_ID, nullable=False),
        sa.Column("parent_id", _BIG_ID, nullable=True),
        sa.Column("name", _NAME, nullable=False),
        sa.Column("definition", _JSON, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["glossary_id"], ["glossaries.id"], name=op.f("fk_glossary_categories_glossary_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"],
            ["glossary_categories.id"],
            name=op.f("fk_glossary_categories_parent_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glossary_categories")),
        sa.UniqueConstraint("guid", name=op.f("uq_glossary_categories_guid")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_glossary_categories_glossary_id_name"), "glossary_categories", ["glossary_id", "name"], unique=False
    )
    op.create_index(op.f("ix_glossary_categories_parent_id"), "glossary_categories", ["parent_id"], unique=False)


def _glossary_term_categories() -> None:
    op.create_table(
        "glossary_term_categories",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("term_id", _BIG_ID, nullable=False),
        sa.Column("category_id", _BIG_ID, nullable=False),
        sa.Column("details", _JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["glossary_categories.id"],
            name=op.f("fk_glossary_term_categories_category_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["term_id"], ["glossary_terms.id"], name=op.f("fk_glossary_term_categories_term_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glossary_term_categories")),
        sa.UniqueConstraint("term_id", "category_id", name=op.f("uq_glossary_term_categories_term_id_category_id")),
    )
    op.create_index(
        op.f("ix_glossary_term_categories_category_id"), "glossary_term_categories", ["category_id"], unique=False
    )


def _glossary_term_relations() -> None:
    op.create_table(
        "glossary_term_relations",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("term_id", _BIG_ID, nullable=False),
        sa.Column("other_id", _BIG_ID, nullable=False),
        sa.Column("details", _JSON, nullable=True),
        sa.ForeignKeyConstraint(
            ["other_id"], ["glossary_terms.id"], name=op.f("fk_glossary_term_relations_other_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["term_id"], ["glossary_terms.id"], name=op.f("fk_glossary_term_relations_term_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_glossary_term_relations")),
        sa.UniqueConstraint(
            "term_id", "other_id", "kind", name=op.f("uq_glossary_term_relations_term_id_other_id_kind")
        ),
    )
    op.create_index(op.f("ix_glossary_term_relations_other_id"), "glossary_term_relations", ["other_id"], unique=False)


def _asset_terms() -> None:
    op.create_table(
        "asset_terms",
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("asset_id", _BIG_ID, nullable=False),
        sa.Column("term_id", _BIG_ID, nullable=False),
        sa.Column("details", _JSON, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["asset_id"], ["assets.id"], name=op.f("fk_asset_terms_asset_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["term_id"], ["glossary_terms.id"], name=op.f("fk_asset_terms_term_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_terms")),
        sa.UniqueConstraint("asset_id", "term_id", name=op.f("uq_asset_terms_asset_id_term_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_asset_terms_term_id"), "asset_terms", ["term_id"], unique=False)
