"""Who asks: what every call, grant and audit event is attributed to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from headwater.store import tables

__all__ = ["SYSTEM", "Actor", "Via"]


class Via(StrEnum):
    """How somebody showed who they are."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - the name of a way in, not a token
    ADMINISTRATOR_TOKEN = "administrator_token"  # noqa: S105 - as above
    LINK = "link"
    PASSWORD = "password"  # noqa: S105 - as above
    OPENID = "openid"
    #: Somebody who started a program on this machine and is a user here too.
    LOCAL = "local"
    #: A run of a dataflow, which may do what the person who saved it may.
    RUN = "run"
    #: Whoever may start a program on this machine: the command line, a schedule.
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, through what, and from where.

    Attributes:
        user_id: the person; None where nobody is known.
        name: what the audit log calls them.
        via: how they showed it.
        credential_id: the session or token that was used.
        actions: where a token is narrower than its owner, the actions (or patterns of them) that it is good for.
        scope_id: where a token is good for one scope and what lies below it, that scope.
        request_id: the request's id, as the logs show it.
        address: the network address that the request came from.

    A token narrows its owner's rights and never widens them: an action needs ``permits`` *and* a role.
    """

    user_id: str | None
    name: str
    via: Via
    credential_id: str | None = None
    actions: frozenset[str] | None = None
    scope_id: int | None = None
    request_id: str | None = None
    address: str | None = None

    def permits(self, action: str) -> bool:
        """Whether the credential in use is good for ``action``; the person's roles are asked apart from it.

        >>> token = Actor("1", "ann", Via.TOKEN, actions=frozenset({"model.*"}))
        >>> token.permits("model.invoke"), token.permits("people.manage")
        (True, False)
        """
        return self.actions is None or any(fnmatchcase(action, pattern) for pattern in self.actions)

    def at(self, *, request_id: str | None = None, address: str | None = None) -> Actor:
        """The same one, asking by this request."""
        return replace(self, request_id=request_id, address=address)

    @property
    def is_built_in_administrator(self) -> bool:
        """Whether this is the holder of the environment's administrator token."""
        return self.user_id == tables.BUILT_IN_ADMINISTRATOR


#: The machine itself, for what nobody asked for by a request.
SYSTEM = Actor(None, "system", Via.SYSTEM)
