"""Policies over data: who alone reads what is classified, labelled or graded in a way, or is this very asset."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text, true

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.types import GUID, BigId, Name, UtcDateTime

__all__ = ["POLICY_SUBJECTS", "access_policies", "access_policy_readers"]

#: What an asset is known by: its own qualified name, or what people said of it.
POLICY_SUBJECTS = ("asset", "classification", "label", "sensitivity")

access_policies = Table(
    "access_policies",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("description", Text, nullable=False, default=""),
    # The collection's scope: the policy holds for what lies in it or below, also where inheritance is cut.
    Column("scope_id", BigId, ForeignKey("scopes.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("subject", String(16), nullable=False),
    # The qualified name, the classification, the label or the sensitivity.
    Column("value", Name, nullable=False),
    Column("enabled", Boolean, nullable=False, default=True, server_default=true()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", Text, nullable=False),
    one_of("subject", POLICY_SUBJECTS),
    sqlite_autoincrement=True,
)

#: Who reads what a policy is about. A policy without anybody here is read by nobody.
access_policy_readers = Table(
    "access_policy_readers",
    metadata,
    Column("policy_id", BigId, ForeignKey("access_policies.id", ondelete="CASCADE"), primary_key=True),
    Column("principal_id", GUID, ForeignKey("principals.id", ondelete="CASCADE"), primary_key=True),
    Index(None, "principal_id"),
)
