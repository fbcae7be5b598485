"""Section documents: all queries of a dataflow as one M text.

A member's text is what stands between its ``=`` and its ``;``. Comments before a member are kept at the beginning of
its text, those after the last one at its end, so that none is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from headwater.errors import UsageError
from headwater.powerquery.evaluator.program import QUERIES_SECTION
from headwater.powerquery.language import (
    Token,
    parse_document,
    quote_identifier,
    syntax,
    tokenize,
)

__all__ = ["MemberForm", "SectionForm", "read_section", "write_section"]


@dataclass(frozen=True, slots=True)
class MemberForm:
    """A member of a section document beside its text: its attributes as M text, and whether others may read it."""

    name: str
    attributes: str = ""
    shared: bool = True


@dataclass(frozen=True, slots=True)
class SectionForm:
    """How queries stand in a section document: its name, its attributes as M text, its members in order."""

    name: str
    attributes: str
    members: tuple[MemberForm, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON values, as a version in the database keeps them."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> SectionForm:
        """What :meth:`to_json` wrote."""
        return cls(stored["name"], stored["attributes"], tuple(MemberForm(**m) for m in stored["members"]))

    @classmethod
    def of(cls, queries: Mapping[str, str]) -> SectionForm:
        """The form of queries that stand in files of their own: all of them shared."""
        return cls(QUERIES_SECTION, "", tuple(MemberForm(name) for name in queries))


def read_section(text: str, place: str = "") -> tuple[dict[str, str], SectionForm]:
    """The queries of a section document, by name in their order, and their form.

    Raises:
        MSyntaxError: the text cannot be read.
        UsageError: it is no section document, or has no member.

    >>> read_section('section S; shared a = 1; shared #"b c" = /* of a */ a + 1;')[0]
    {'a': '1', 'b c': '/* of a */ a + 1'}
    """
    document = parse_document(text, place)
    if not isinstance(document, syntax.Section) or not document.members:
        raise UsageError(
            "This is no section document with queries in it.",
            place=place,
            hint="Write 'section Section1;' and then 'shared NAME = …;' for each query.",
        )
    tokens = tokenize(text)
    queries: dict[str, str] = {}
    begins = 0
    for member in document.members:
        first, last = _bounds(tokens, member)
        before = _comments(tokens[begins : first + 1], [document.attributes, member.attributes])
        inside = text[tokens[first].span.end : tokens[last].span.start].strip()
        queries[member.name] = "\n".join([*before, inside])
        begins = last + 1
    after = [comment.text for token in tokens[begins:] for comment in token.comments]
    queries[document.members[-1].name] = "\n".join([queries[document.members[-1].name], *after])
    members = tuple(MemberForm(m.name, _cut(text, m.attributes), m.shared) for m in document.members)
    return queries, SectionForm(document.name or QUERIES_SECTION, _cut(text, document.attributes), members)


def write_section(queries: Mapping[str, str], form: SectionForm) -> str:
    """The section document of these queries, which :func:`read_section` reads as the same, but for blanks around.

    >>> print(write_section({"a": "1"}, SectionForm.of({"a": "1"})), end="")
    section Section1;
    <BLANKLINE>
    shared a = 1;
    """
    parts = [f"{form.attributes}\n" if form.attributes else "", f"section {quote_identifier(form.name)};\n"]
    parts += [_member(member, queries[member.name].strip()) for member in form.members]
    return "".join(parts)


def _member(member: MemberForm, text: str) -> str:
    attributes = f"{member.attributes}\n" if member.attributes else ""
    shared = "shared " if member.shared else ""
    between = "\n" if "\n" in text else " "
    end = "\n;" if _ends_in_line_comment(text) else ";"
    return f"\n{attributes}{shared}{quote_identifier(member.name)} ={between}{text}{end}\n"


def _ends_in_line_comment(text: str) -> bool:
    comments = tokenize(text)[-1].comments
    return bool(comments) and comments[-1].text.startswith("//")


def _bounds(tokens: Sequence[Token], member: syntax.SectionMember) -> tuple[int, int]:
    """Where among the tokens a member's ``=`` is, and its ``;``."""
    value = member.value.span
    first = next(at for at, token in enumerate(tokens) if token.span.start >= value.start) - 1
    last = next(at for at, token in enumerate(tokens) if token.span.start >= value.end)
    return first, last


def _comments(tokens: Sequence[Token], attributes: Sequence[syntax.Record | None]) -> list[str]:
    """The comments before and within a member's head, but for those of attributes, which are kept there."""
    inner = [record.span for record in attributes if record is not None]
    found = [comment for token in tokens for comment in token.comments]
    return [c.text for c in found if not any(span.start <= c.span.start < span.end for span in inner)]


def _cut(text: str, node: syntax.Record | None) -> str:
    return "" if node is None else text[node.span.start : node.span.end]
