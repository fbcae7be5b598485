"""What clients state of glossaries, terms and categories, in Atlas's JSON, read into what is to be written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headwater.catalog.glossary.kinds import RELATION_WORDS
from headwater.catalog.plain import plain
from headwater.errors import UsageError

__all__ = [
    "TERM_STATUSES",
    "Linked",
    "StatedCategory",
    "StatedGlossary",
    "StatedTerm",
    "entity_guids",
    "listed",
    "read_category",
    "read_glossary",
    "read_term",
]

TERM_STATUSES = ("Draft", "Approved", "Alert", "Expired")

_COMMON = ("shortDescription", "longDescription", "additionalAttributes", "classifications", "usage", "language")
_TERM = (
    *("abbreviation", "examples", "resources", "contacts", "attributes"),
    *("nickName", "templateName", "isDefinitionRichText"),
)


@dataclass(frozen=True, slots=True)
class Linked:
    """A reference to a term or category by its guid, and what is said of the relation."""

    guid: str
    details: Mapping[str, Any] | None = None


@dataclass(slots=True)
class StatedGlossary:
    """A glossary as it is stated. ``name`` None: not stated."""

    name: str | None
    definition: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class StatedTerm(StatedGlossary):
    """A term as it is stated; what is None was not."""

    status: str | None = None
    glossary: str | None = None
    parent: str | None = None
    states_parent: bool = False
    categories: Sequence[Linked] | None = None
    relations: dict[str, Sequence[Linked]] = field(default_factory=dict)
    assets: Sequence[str] | None = None


@dataclass(slots=True)
class StatedCategory(StatedGlossary):
    """A category as it is stated; what is None was not."""

    glossary: str | None = None
    parent: str | None = None
    states_parent: bool = False
    children: Sequence[Linked] | None = None
    terms: Sequence[Linked] | None = None


def read_glossary(stated: Any) -> StatedGlossary:
    """A glossary; UsageError where it is none."""
    whole = _object(stated, "glossary")
    return StatedGlossary(_name(whole), _definition(whole, _COMMON))


def read_term(stated: Any) -> StatedTerm:
    """A term; UsageError where it is none.

    >>> read_term({"name": "Fare", "status": "Draft", "seeAlso": [{"termGuid": "7"}]}).relations
    {'seeAlso': [Linked(guid='7', details=None)]}
    """
    whole = _object(stated, "term")
    made = StatedTerm(_name(whole), _definition(whole, (*_COMMON, *_TERM)), _status(whole))
    made.glossary = _anchor(whole)
    made.parent, made.states_parent = _parent(whole, "parentTerm", "termGuid")
    made.categories = _optional(whole, "categories", lambda each: _linked(each, "categoryGuid"))
    for word in RELATION_WORDS:
        if whole.get(word) is not None:
            made.relations[word] = [_linked(each, "termGuid") for each in listed(whole[word], word)]
    made.assets = None if whole.get("assignedEntities") is None else entity_guids(whole["assignedEntities"])
    return made


def read_category(stated: Any) -> StatedCategory:
    """A category; UsageError where it is none."""
    whole = _object(stated, "category")
    made = StatedCategory(_name(whole), _definition(whole, _COMMON), _anchor(whole))
    made.parent, made.states_parent = _parent(whole, "parentCategory", "categoryGuid")
    made.children = _optional(whole, "childrenCategories", lambda each: _linked(each, "categoryGuid"))
    made.terms = _optional(whole, "terms", lambda each: _linked(each, "termGuid"))
    return made


def entity_guids(stated: Any) -> list[str]:
    """The guids of ``[{"guid": …}, …]``; UsageError where it is none."""
    guids = [each.get("guid") if isinstance(each, Mapping) else None for each in listed(stated, "entities")]
    if not all(isinstance(guid, str) and guid for guid in guids):
        raise _wrong("The entities of a term are not as they have to be.", 'Write them as [{"guid": …}].')
    return [str(guid) for guid in dict.fromkeys(guids)]


def listed(value: Any, name: str) -> list[Any]:
    """``value``, which has to be a list; UsageError where it is none."""
    if not isinstance(value, list):
        raise _wrong(f"What is stated as {name} is no list.", "Send a list.")
    return value


def _object(stated: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(stated, Mapping):
        raise _wrong(f"The {what} is no object.", f'Send {{"name": …}} with what else there is of the {what}.')
    if _has_nul(stated):
        raise _wrong(f"The {what} holds the character 0.", "Take it out.")
    return stated


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(_has_nul(each) for pair in value.items() for each in pair)
    return isinstance(value, list) and any(map(_has_nul, value))


def _name(whole: Mapping[str, Any]) -> str | None:
    name = whole.get("name")
    if name is None:
        return None
    if not isinstance(name, str) or not name.strip():
        raise _wrong("The name is empty, or no text.", "Give it a name.")
    return name.strip()


def _status(whole: Mapping[str, Any]) -> str | None:
    status = whole.get("status")
    if status is None or status in TERM_STATUSES:
        return None if status is None else str(status)
    raise _wrong("A term has no such status.", f"Give it one of {', '.join(TERM_STATUSES)}.")


_FORMS: Mapping[str, type] = {
    **dict.fromkeys(("examples", "resources", "classifications"), list),
    **dict.fromkeys(("contacts", "attributes", "additionalAttributes"), dict),
}


def _definition(whole: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What is stated beside references; None takes a value away."""
    definition = {name: plain(whole[name]) for name in names if name in whole}
    for name, value in definition.items():
        if value is not None and not isinstance(value, _FORMS.get(name, object)):
            raise _wrong(f"What is stated as {name} has another form.", f"Send a {_FORMS[name].__name__}.")
    _check_contacts(definition.get("contacts"))
    return definition


def _check_contacts(contacts: Any) -> None:
    for people in (contacts or {}).values():
        for person in listed(people, "contacts"):
            if not isinstance(person, Mapping) or not person.get("id"):
                raise _wrong("The contacts of a term are not as they have to be.", 'Write {"Expert": [{"id": …}]}.')


def _anchor(whole: Mapping[str, Any]) -> str | None:
    anchor = whole.get("anchor")
    if anchor is None:
        return None
    if not isinstance(anchor, Mapping) or not isinstance(anchor.get("glossaryGuid"), str):
        raise _wrong("The anchor names no glossary.", 'Write it as {"glossaryGuid": …}.')
    return str(anchor["glossaryGuid"])


def _parent(whole: Mapping[str, Any], name: str, key: str) -> tuple[str | None, bool]:
    stated = whole.get(name)
    return (None if stated is None else _linked(stated, key).guid), name in whole


def _optional(whole: Mapping[str, Any], name: str, read: Callable[[Any], Linked]) -> list[Linked] | None:
    return None if whole.get(name) is None else [read(each) for each in listed(whole[name], name)]


#: What Atlas keeps of a relation itself.
_DETAILS = ("description", "expression", "steward", "source", "status")


def _linked(stated: Any, key: str) -> Linked:
    if not isinstance(stated, Mapping) or not isinstance(stated.get(key), str):
        raise _wrong("A reference names nothing.", f'Write it as {{"{key}": …}}.')
    details = {name: plain(stated[name]) for name in _DETAILS if stated.get(name) is not None}
    return Linked(stated[key], details or None)


def _wrong(message: str, hint: str) -> UsageError:
    return UsageError(message, hint=hint, code="catalog.glossary")
