"""Sign-ins by OpenID Connect that are under way, and the groups that an issuer decides about."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table, Text, UniqueConstraint

from headwater.store.tables._metadata import metadata
from headwater.store.types import GUID, Name, UtcDateTime

__all__ = ["openid_groups", "openid_requests"]

#: A person who was sent to a provider and is not back yet. A row is used up by the first answer that names it.
openid_requests = Table(
    "openid_requests",
    metadata,
    # Digests of what the person's browser brings back: in the address, and in a cookie.
    Column("state_digest", String(64), primary_key=True),
    Column("binding_digest", String(64), nullable=False),
    Column("provider", Text, nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("code_verifier", String(128), nullable=False),
    # Repeated to the provider word by word when the code is exchanged.
    Column("redirect_uri", Text, nullable=False),
    Column("return_to", Text, nullable=False),
    # Who is to be linked to whomever the provider names; NULL: that one signs in.
    Column("user_id", GUID, ForeignKey("users.id", ondelete="CASCADE")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

#: A group whose members are those of whom the issuer says so, under the name that the issuer has for it.
openid_groups = Table(
    "openid_groups",
    metadata,
    Column("group_id", GUID, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("issuer", Name, nullable=False),
    Column("name", Name, nullable=False),
    UniqueConstraint("issuer", "name"),
)
