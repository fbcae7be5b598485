"""What is to be changed of what people say of an asset, and what is said after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, Literal, TypeAlias

from headwater.catalog.annotations.said import Classification, Contact, Said
from headwater.catalog.plain import plain
from headwater.errors import NotFoundError, UsageError

__all__ = ["UNCHANGED", "Saying", "Unchanged", "check_saying", "said_after"]


class _Unchanged(Enum):
    UNCHANGED = "unchanged"


UNCHANGED: Final = _Unchanged.UNCHANGED
Unchanged: TypeAlias = Literal[_Unchanged.UNCHANGED]

#: How long the texts may be that have a column of a certain length.
_LONGEST = {"sensitivity": 255, "endorsement": 64}
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Saying:
    """What is to be changed; what is not given stays as it is. Terms are given by their guids.

    Attributes:
        description: None or "" takes it away; so it is with ``sensitivity`` and ``endorsement``.
        labels: these and no others; ``add_labels`` and ``remove_labels`` leave the others.
        terms: these and no others; ``add_terms`` and ``remove_terms`` leave the others.
        contacts: by kind, the ids of these and no others, each with what is noted of it; other kinds stay.
        classify: classifications to add, or to accept if they were suggested or rejected, with their attributes;
            None leaves the attributes.
        accept: suggestions that are right.
        reject: classifications that are wrong: no rule suggests them again.
        unclassify: classifications to remove, with all memory of them.
        custom: attributes of people's own; None takes one away, others stay.
    """

    description: str | Unchanged | None = UNCHANGED
    sensitivity: str | Unchanged | None = UNCHANGED
    endorsement: str | Unchanged | None = UNCHANGED
    labels: Sequence[str] | Unchanged = UNCHANGED
    add_labels: Sequence[str] = ()
    remove_labels: Sequence[str] = ()
    terms: Sequence[str] | Unchanged = UNCHANGED
    add_terms: Sequence[str] = ()
    remove_terms: Sequence[str] = ()
    contacts: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)
    classify: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    accept: Sequence[str] = ()
    reject: Sequence[str] = ()
    unclassify: Sequence[str] = ()
    custom: Mapping[str, Any] = field(default_factory=dict)

    def term_guids(self) -> list[str]:
        """The guids of all terms that it names."""
        given = () if self.terms is UNCHANGED else self.terms
        return list(dict.fromkeys([*given, *self.add_terms, *self.remove_terms]))


def check_saying(saying: Saying) -> None:
    """Refuse what cannot be kept.

    Raises:
        UsageError: a name or a text that is empty, too long, or holds the character 0.
    """
    labels = () if saying.labels is UNCHANGED else saying.labels
    names = [*labels, *saying.add_labels, *saying.classify, *saying.accept, *saying.reject, *saying.custom]
    names += [name for kind, people in saying.contacts.items() for name in (kind, *people)]
    for name in names:
        if not name.strip() or len(name) > _LONGEST_NAME:
            raise _wrong("A label, contact, classification or attribute has no name, or a very long one.")
    for kind in saying.contacts:
        if len(kind) > _LONGEST["endorsement"]:
            raise _wrong("A kind of contact has a very long name.")
    for field_name, longest in _LONGEST.items():
        text = getattr(saying, field_name)
        if isinstance(text, str) and len(text) > longest:
            raise _wrong(f"The {field_name} is longer than {longest} characters.")
    texts = [saying.description, saying.sensitivity, saying.endorsement, *names, *map(str, saying.custom.values())]
    texts += [info for people in saying.contacts.values() for info in people.values()]
    if any(isinstance(text, str) and "\x00" in text for text in texts):
        raise _wrong("A text holds the character 0.")


def said_after(before: Said, saying: Saying, terms: Mapping[str, tuple[int, str]]) -> Said:
    """What is said after it; ``terms`` has number and name of every term that it names, by guid.

    Raises:
        NotFoundError: it accepts a classification that nobody suggested.

    >>> said_after(Said(labels=frozenset({"b"})), Saying(add_labels=["a"], description=""), {}).labels == {"a", "b"}
    True
    """
    return replace(
        before,
        description=_text(before.description, saying.description),
        sensitivity=_text(before.sensitivity, saying.sensitivity),
        endorsement=_text(before.endorsement, saying.endorsement),
        labels=_labels(before, saying),
        contacts=_contacts(before, saying),
        terms=_terms(before, saying, terms),
        classifications=_classifications(before, saying),
        custom=_custom(before, saying),
    )


def _text(before: str | None, said: str | Unchanged | None) -> str | None:
    return before if said is UNCHANGED else said or None


def _labels(before: Said, saying: Saying) -> frozenset[str]:
    stated = before.labels if saying.labels is UNCHANGED else frozenset(saying.labels)
    return (stated | frozenset(saying.add_labels)) - frozenset(saying.remove_labels)


def _contacts(before: Said, saying: Saying) -> Mapping[Contact, str | None]:
    kept = {each: info for each, info in before.contacts.items() if each[0] not in saying.contacts}
    return kept | {(kind, who): info for kind, people in saying.contacts.items() for who, info in people.items()}


def _terms(before: Said, saying: Saying, terms: Mapping[str, tuple[int, str]]) -> Mapping[int, str]:
    stated = dict(before.terms) if saying.terms is UNCHANGED else dict(terms[guid] for guid in saying.terms)
    stated |= dict(terms[guid] for guid in saying.add_terms)
    gone = {terms[guid][0] for guid in saying.remove_terms}
    return {number: name for number, name in stated.items() if number not in gone}


def _classifications(before: Said, saying: Saying) -> Mapping[str, Classification]:
    after = dict(before.classifications)
    for name, attributes in saying.classify.items():
        earlier = after.get(name, Classification())
        kept = earlier.attributes if attributes is None else plain(attributes) or None
        after[name] = replace(earlier, state="accepted", by_what="person", attributes=kept)
    for name in saying.accept:
        if name not in after:
            raise NotFoundError(
                f"Nobody suggested the classification '{name}'.", hint="Add it, instead of accepting it."
            )
        after[name] = replace(after[name], state="accepted", by_what="person")
    for name in saying.reject:
        after[name] = replace(after.get(name, Classification()), state="rejected", by_what="person")
    return {name: each for name, each in after.items() if name not in saying.unclassify}


def _custom(before: Said, saying: Saying) -> Mapping[str, Any]:
    after = {**before.custom, **plain(saying.custom)}
    return {name: value for name, value in after.items() if value is not None}


def _wrong(message: str) -> UsageError:
    return UsageError(message, hint="Correct it.", code="catalog.annotation")
