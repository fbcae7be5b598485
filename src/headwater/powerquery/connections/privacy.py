"""Privacy levels: where the data of one source may go, and the error of data that would go elsewhere."""

from __future__ import annotations

from headwater.errors import MError
from headwater.powerquery.connections.model import Connection, Privacy


def may_flow(source: Connection, into: Connection) -> bool:
    """Whether data of ``source`` may be sent to ``into``.

    Public data, and data that nobody has given a level, may go anywhere; Organizational data only to Organizational
    and Private sources; Private data only back to where it came from.

    >>> public, private = (Connection("Web", level.value, privacy=level) for level in (Privacy.PUBLIC, Privacy.PRIVATE))
    >>> may_flow(public, private), may_flow(private, public)
    (True, False)
    """
    if (source.kind, source.path) == (into.kind, into.path):
        return True
    if source.privacy is Privacy.ORGANIZATIONAL:
        return into.privacy in {Privacy.ORGANIZATIONAL, Privacy.PRIVATE}
    return source.privacy is not Privacy.PRIVATE


def firewall_error(source: Connection, into: Connection, step: str) -> MError:
    """The M error of data that would leave a source for a less trusted one."""
    where = f"The step '{step}'" if step else "A step"
    level = "has no privacy level" if into.privacy is Privacy.NONE else f"is {into.privacy.value}"
    return MError(
        "Formula.Firewall",
        f"{where} would send data of {source.label}, which is {source.privacy.value}, to {into.label}, which {level}.",
        hint=(
            "Give the two connections privacy levels that allow it, or take the data out of the call;"
            " '--ignore-privacy' (in Python 'ignore_privacy=True') leaves the levels out of account."
        ),
        code="m.firewall",
    )
