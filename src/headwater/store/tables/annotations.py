"""What people say of assets, and the glossary that they say it with."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.types import GUID, BigId, JsonValue, Name, UtcDateTime

__all__ = [
    "CLASSIFICATION_STATES",
    "CLASSIFIED_BY",
    "asset_classifications",
    "asset_contacts",
    "asset_labels",
    "asset_terms",
    "glossaries",
    "glossary_categories",
    "glossary_term_categories",
    "glossary_term_relations",
    "glossary_terms",
]

#: A suggestion waits for somebody; one that was rejected stays, so that it is not made again.
CLASSIFICATION_STATES = ("accepted", "suggested", "rejected")
CLASSIFIED_BY = ("person", "rule", "propagation")

asset_classifications = Table(
    "asset_classifications",
    metadata,
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("type_name", String(255), primary_key=True),
    Column("attributes", JsonValue),
    Column("state", String(16), nullable=False, default="accepted"),
    Column("by_what", String(16), nullable=False, default="person"),
    # Of a suggestion: how sure its rule is, from 0 to 1, and why, in words that hold no row's value.
    Column("confidence", Float),
    Column("reason", Text),
    # Where a propagated one comes from.
    Column("from_id", BigId, ForeignKey("assets.id", ondelete="SET NULL")),
    # Atlas's further fields of it: propagate, validityPeriods, source.
    Column("details", JsonValue),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Index(None, "type_name", "state"),
    # Suggestions are few among the accepted.
    Index(None, "state", "by_what"),
    one_of("state", CLASSIFICATION_STATES),
    one_of("by_what", CLASSIFIED_BY),
)

asset_labels = Table(
    "asset_labels",
    metadata,
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("label", String(255), primary_key=True),
    Index(None, "label"),
)

asset_contacts = Table(
    "asset_contacts",
    metadata,
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    # "Owner", "Expert", or another word of the organisation's.
    Column("kind", String(64), primary_key=True),
    # A person or group of this installation, or whatever id another directory gives them.
    Column("contact_id", String(255), primary_key=True),
    Column("info", Text),
    Index(None, "contact_id", "kind"),
)

glossaries = Table(
    "glossaries",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("guid", GUID, nullable=False, unique=True),
    Column("name", Name, nullable=False, unique=True),
    Column("definition", JsonValue, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", Text, nullable=False),
    sqlite_autoincrement=True,
)

#: ``name`` is unique within its glossary; ``definition`` has everything that is not a reference.
glossary_terms = Table(
    "glossary_terms",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("guid", GUID, nullable=False, unique=True),
    Column("glossary_id", BigId, ForeignKey("glossaries.id", ondelete="CASCADE"), nullable=False),
    Column("parent_id", BigId, ForeignKey("glossary_terms.id", ondelete="SET NULL"), index=True),
    Column("name", Name, nullable=False),
    Column("status", String(32), nullable=False, default="Draft"),
    Column("definition", JsonValue, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", Text, nullable=False),
    UniqueConstraint("glossary_id", "name"),
    sqlite_autoincrement=True,
)

glossary_categories = Table(
    "glossary_categories",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("guid", GUID, nullable=False, unique=True),
    Column("glossary_id", BigId, ForeignKey("glossaries.id", ondelete="CASCADE"), nullable=False),
    Column("parent_id", BigId, ForeignKey("glossary_categories.id", ondelete="SET NULL"), index=True),
    Column("name", Name, nullable=False),
    Column("definition", JsonValue, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", Text, nullable=False),
    Index(None, "glossary_id", "name"),
    sqlite_autoincrement=True,
)

glossary_term_categories = Table(
    "glossary_term_categories",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("term_id", BigId, ForeignKey("glossary_terms.id", ondelete="CASCADE"), nullable=False),
    Column("category_id", BigId, ForeignKey("glossary_categories.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("details", JsonValue),
    UniqueConstraint("term_id", "category_id"),
)

#: ``kind`` is Atlas's word from the first term's side: synonyms, antonyms, seeAlso, isA, preferredTerms …
glossary_term_relations = Table(
    "glossary_term_relations",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("term_id", BigId, ForeignKey("glossary_terms.id", ondelete="CASCADE"), nullable=False),
    Column("other_id", BigId, ForeignKey("glossary_terms.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("details", JsonValue),
    UniqueConstraint("term_id", "other_id", "kind"),
)

asset_terms = Table(
    "asset_terms",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("asset_id", BigId, ForeignKey("assets.id", ondelete="CASCADE"), nullable=False),
    Column("term_id", BigId, ForeignKey("glossary_terms.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("details", JsonValue),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("asset_id", "term_id"),
    sqlite_autoincrement=True,
)
