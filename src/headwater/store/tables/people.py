"""People, the groups they are in, and what they prove who they are with."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from headwater.store.tables._metadata import metadata, one_of
from headwater.store.types import GUID, BigId, JsonValue, Name, UtcDateTime

__all__ = [
    "BUILT_IN_ADMINISTRATOR",
    "LINK_PURPOSES",
    "PRINCIPAL_KINDS",
    "api_tokens",
    "group_members",
    "groups",
    "one_time_links",
    "passwords",
    "principals",
    "sessions",
    "sign_in_addresses",
    "sign_in_failures",
    "users",
]

PRINCIPAL_KINDS = ("user", "group")
LINK_PURPOSES = ("first_administrator", "set_password", "sign_in")

#: ``users.id`` of whoever holds the administrator token of the environment; its row always exists, has no password,
#: and cannot be disabled.
BUILT_IN_ADMINISTRATOR = "00000000-0000-4000-8000-000000000001"

#: Users and groups share one space of ids, so that an assignment or a membership names either.
principals = Table(
    "principals",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("kind", String(16), nullable=False),
    one_of("kind", PRINCIPAL_KINDS),
)

users = Table(
    "users",
    metadata,
    Column("id", GUID, ForeignKey("principals.id", ondelete="CASCADE"), primary_key=True),
    # What the person signs in with, in its compared form (see access.people).
    Column("name", Name, nullable=False, unique=True),
    Column("email", Text),
    Column("display_name", Text, nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_sign_in_at", UtcDateTime),
    # Who vouches for the person instead of a password (OpenID Connect), and what the person is called there.
    Column("issuer", Name),
    Column("subject", Name),
    UniqueConstraint("issuer", "subject"),
)

groups = Table(
    "groups",
    metadata,
    Column("id", GUID, ForeignKey("principals.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Name, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

#: A member is a user or a group. A circle of groups is allowed: whoever is in one of them is in all of them.
group_members = Table(
    "group_members",
    metadata,
    Column("group_id", GUID, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("member_id", GUID, ForeignKey("principals.id", ondelete="CASCADE"), primary_key=True, index=True),
)

#: Apart from ``users``, so that no listing of people can carry a hash along.
passwords = Table(
    "passwords",
    metadata,
    Column("user_id", GUID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("hash", Text, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)

#: How often signing in failed of late. ``subject`` is a digest of the name and address that were tried: people type
#: passwords into the field for names.
sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("subject", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False, index=True),
)

#: Where somebody has signed in from: there, failures elsewhere delay nobody.
sign_in_addresses = Table(
    "sign_in_addresses",
    metadata,
    Column("user_id", GUID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("address", String(64), primary_key=True),
    Column("last_at", UtcDateTime, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("user_id", GUID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("address", Text),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("user_id", GUID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    # The beginning of the token, by which its owner knows it again.
    Column("prefix", String(16), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    # A list of actions; NULL: whatever its owner may do.
    Column("actions", JsonValue),
    # The one scope (with what lies below it) for which the token is good; NULL: anywhere.
    Column("scope_id", BigId),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Index(None, "user_id", "created_at"),
)

one_time_links = Table(
    "one_time_links",
    metadata,
    Column("id", GUID, primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("purpose", String(32), nullable=False),
    # NULL for the first administrator, whom the link makes.
    Column("user_id", GUID, ForeignKey("users.id", ondelete="CASCADE"), index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    one_of("purpose", LINK_PURPOSES),
)
