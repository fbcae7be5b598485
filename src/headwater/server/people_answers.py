"""What the API takes and answers about users and groups."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from headwater.access import groups, invitations, people, sessions
from headwater.app.administration import link_address
from headwater.server.answers import Answer

PrincipalKind = Literal["user", "group"]
LinkPurpose = Literal["first_administrator", "set_password", "sign_in"]

Text = Annotated[str, Field(max_length=1_000)]

# -- people ------------------------------------------------------------------------------------------------------------


class User(Answer):
    """``issuer``: who vouches for the user instead of a password."""

    id: str
    name: str
    display_name: str
    email: str | None
    active: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    issuer: str | None

    @classmethod
    def of(cls, user: people.User) -> User:
        """The answer for a user."""
        return cls.model_validate(user)


class Users(Answer):
    """``after`` goes into the request for the next page; null: there is none."""

    total: int
    after: str | None
    value: list[User]


class NewUser(Answer):
    name: Text
    display_name: Text = ""
    email: Text | None = None


class UserChanges(Answer):
    """What is left out stays; an empty ``email`` removes it."""

    name: Text | None = None
    display_name: Text | None = None
    email: Text | None = None


class PasswordChange(Answer):
    current: Text
    new: Text


class Link(Answer):
    """A one-time link: ``path`` goes behind the server's address. It is shown only here."""

    purpose: LinkPurpose
    token: str
    path: str
    expires_at: datetime

    @classmethod
    def of(cls, link: invitations.Link) -> Link:
        """The answer for a new link."""
        return cls(
            purpose=link.purpose,
            token=link.token,
            path=link_address("", link),
            expires_at=link.expires_at,
        )


class Session(Answer):
    id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str | None

    @classmethod
    def of(cls, session: sessions.Session) -> Session:
        """The answer for a session."""
        return cls.model_validate(session)


class Sessions(Answer):
    value: list[Session]


class Ended(Answer):
    """How many sessions were ended."""

    ended: int


# -- groups ------------------------------------------------------------------------------------------------------------


class Group(Answer):
    id: str
    name: str
    display_name: str
    created_at: datetime

    @classmethod
    def of(cls, group: groups.Group) -> Group:
        """The answer for a group."""
        return cls.model_validate(group)


class Groups(Answer):
    """``after`` goes into the request for the next page; null: there is none."""

    total: int
    after: str | None
    value: list[Group]


class NewGroup(Answer):
    name: Text


class Member(Answer):
    id: str
    kind: PrincipalKind
    display_name: str


class Members(Answer):
    value: list[Member]


class NewMember(Answer):
    """``principal``: a user's name, ``group:NAME``, or an id."""

    principal: Text
