"""Why somebody may, or why they may not, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headwater.access import Action, Explanation, Grant
from headwater.errors import UsageError

__all__ = ["Answer", "action_named", "sentences"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What ``Access.explain`` found. ``user`` is the name of whom it is about, ``scope`` a path."""

    user: str
    action: Action
    scope: str
    explanation: Explanation

    @property
    def sentences(self) -> tuple[str, ...]:
        """The whole of it, for people to read."""
        return tuple(sentences(self))


def action_named(text: str) -> Action:
    """The one action that is called ``text``.

    Raises:
        UsageError: there is none (``access.action``).
    """
    found = next((action for action in Action if action.value == text), None)
    if found is None:
        raise UsageError(
            f"No action is called '{text}'.",
            code="access.action",
            hint="Name one action, like 'model.invoke'; 'headwater access actions' lists them.",
        )
    return found


def sentences(answer: Answer) -> Iterator[str]:
    """An answer as sentences, the result first."""
    found = answer.explanation
    may = "may" if found.allowed else "may not"
    yield f"{'Yes' if found.allowed else 'No'}: {answer.user} {may} do {answer.action} at {answer.scope}."
    if found.token_narrows:
        yield "But the token that asks is good for less: it leaves this out."
    if not found.active:
        yield f"{answer.user} is disabled, and may do nothing until somebody enables them."
    yield from (_grant(answer.user, grant) for grant in found.grants)
    yield from (_cut(answer.user, grant) for grant in found.cut)
    if not found.allowed:
        yield from _missing(answer)


def _missing(answer: Answer) -> Iterator[str]:
    found = answer.explanation
    if found.roles_held:
        yield f"{answer.user} has other roles there, none of which has {answer.action}: {_listed(found.roles_held)}."
    elif not found.grants and not found.cut:
        yield f"No role that {answer.user} was given reaches it."
    if not found.grants and found.roles_wanted:
        yield f"Any of these roles would do, the narrowest first: {_listed(found.roles_wanted)}."
    if found.givers:
        yield f"Who may give roles there: {_listed(found.givers)}."


def _grant(user: str, grant: Grant) -> str:
    return f"{_came(user, grant)}."


def _cut(user: str, grant: Grant) -> str:
    where = f" at {grant.cut_at}" if grant.cut_at else " somewhere between"
    return f"{_came(user, grant)}, but inheritance is cut{where}."


def _came(user: str, grant: Grant) -> str:
    """Who was given which role where, and how that comes to the user."""
    at = "above, where you may not see" if grant.given_at is None else f"at {grant.given_at}"
    if not grant.groups:
        return f"{user} was given the role '{grant.role}' {at}"
    *through, given_to = (f"the group '{name}'" if name else "a group" for name in grant.groups)
    way = f", by way of {', then '.join(through)}" if through else ""
    return f"{given_to[:1].upper()}{given_to[1:]} was given the role '{grant.role}' {at}, and {user} is in it{way}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)
