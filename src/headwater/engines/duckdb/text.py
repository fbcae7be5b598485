"""Text in DuckDB's SQL.

M counts UTF-16 units, DuckDB characters. Functions that count work on a text's *units* here, too: the text with each
character beyond U+FFFF written twice, so that its length is M's. A cut between the two halves of one is an error.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from headwater.engines.duckdb.operators import (
    LONGEST,
    Operator,
    named,
    no_failure,
    out_of_range,
    scoped,
    sentinel,
    values,
    whole_argument,
)
from headwater.engines.duckdb.scope import Computed, Scope
from headwater.engines.duckdb.sql import coalesce
from headwater.engines.sql import Sql, binary, both, call, case, not_null, text, whole
from headwater.errors import NotFoldableError
from headwater.plan import conversions as rules
from headwater.plan.expressions import Call, Literal

_ASTRAL = r"[\x{10000}-\x{10FFFF}]"
_OTHER = r"[^\x{10000}-\x{10FFFF}]"
_ODD_END = f"(?:^|{_OTHER})(?:{_ASTRAL}{_ASTRAL})*{_ASTRAL}$"

_KEPT_BY_UPPER = "ß" + "".join(
    chr(first + at)
    for first, count in ((0x1F80, 8), (0x1F90, 8), (0x1FA0, 8), (0x1FB3, 1), (0x1FC3, 1), (0x1FF3, 1))
    for at in range(count)
)
"""Characters whose capital form is several characters, so that M leaves them; DuckDB makes one of them."""
_KEPT_BY_LOWER = "İ"


def _is_ascii(value: Sql) -> Sql:
    return binary(exp.EQ, call("strlen", value), call("length", value))


def _replaced(value: Sql, pattern: str, by: str) -> Sql:
    return call("regexp_replace", value, text(pattern), text(by), text("g"))


def units(scope: Scope, value: Sql) -> Sql:
    """The text's units."""
    value = scope.once(value)
    return scope.once(case((_is_ascii(value), value), otherwise=_replaced(value, f"({_ASTRAL})", r"\1\1")))


def joined(scope: Scope, part: Sql) -> Sql:
    """The text of these units."""
    part = scope.once(part)
    return case((_is_ascii(part), part), otherwise=_replaced(part, f"({_ASTRAL}){_ASTRAL}", r"\1"))


def _halved(all_units: Sql, *cuts: Sql) -> Sql:
    """The error of a cut, after so many units, that goes through a character."""
    beyond = binary(exp.NEQ, call("strlen", all_units), call("length", all_units))
    failed = [
        (both(beyond, call("regexp_matches", _cut(all_units, whole(0), at), text(_ODD_END))), _HALF) for at in cuts
    ]
    return case(*failed)


_HALF = sentinel(rules.HALF_A_CHARACTER)


def _cut(all_units: Sql, first: Sql, count: Sql | None = None) -> Sql:
    """``count`` units from the one at ``first`` on, which is counted from 0."""
    counted = [] if count is None else [count]
    return call("substr", all_units, _plus(first, whole(1)), *counted)


def _plus(left: Sql, right: Sql) -> Sql:
    return binary(exp.Add, left, right)


def length(scope: Scope, _call: Call, arguments: tuple[Computed, ...]) -> Computed:
    """Text.Length."""
    value = scope.once(arguments[0].value)
    beyond = call("length", _replaced(value, _OTHER, ""))
    points = call("length", value)
    return Computed(case((_is_ascii(value), points), otherwise=_plus(points, beyond)))


# -- parts by position ---------------------------------------------------------------------------------------------


class _Parts:
    """The arguments of a function of positions: a text, whole numbers, perhaps another text."""

    def __init__(self, scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> None:
        self.scope, self._node, self._arguments = scope, node, arguments
        self.text = scope.once(arguments[0].value)
        self.units = units(scope, self.text)
        self.length = scope.once(call("length", self.units))

    def __len__(self) -> int:
        return len(self._arguments)

    def value(self, at: int) -> Sql:
        """The text at a position."""
        return self._arguments[at].value

    def whole(self, at: int, what: str) -> Computed:
        """The whole number at a position; none is as many as there can be."""
        if at >= len(self._arguments):
            return Computed(whole(LONGEST))
        of = self._node.arguments[at].type
        return whole_argument(self.scope, self._arguments[at].value, of, what, (self.text,))

    def beyond(self, at: int, what: str, last: Sql) -> Sql:
        """The error of the argument at a position, or of one left out, where ``last`` goes beyond the text."""
        if at < len(self._arguments):
            failure = out_of_range(what, self.scope.once(self._arguments[at].value), self._node.arguments[at].type)
        else:
            failure = sentinel(rules.argument_out_of_range(what))
        return case((binary(exp.GT, last, self.length), failure))

    def joined(self, *pieces: Sql) -> Sql:
        """The text of pieces of units."""
        result = joined(self.scope, pieces[0])
        for piece in pieces[1:]:
            result = binary(exp.DPipe, result, joined(self.scope, piece))
        return result


Parts = Callable[[_Parts], Computed]


def _by_position(build: Parts) -> Operator:
    return Operator(lambda scope, node, arguments: build(_Parts(scope, node, arguments)))


def _start(parts: _Parts) -> Computed:
    count = parts.whole(1, "count")
    taken = parts.joined(_cut(parts.units, whole(0), count.value))
    return no_failure(taken, count.error, _halved(parts.units, count.value))


def _end(parts: _Parts) -> Computed:
    count = parts.whole(1, "count")
    first = parts.scope.once(
        case((not_null(count.value), call("greatest", binary(exp.Sub, parts.length, count.value), whole(0))))
    )
    return no_failure(parts.joined(_cut(parts.units, first)), count.error, _halved(parts.units, first))


def _middle(parts: _Parts) -> Computed:
    first, count = parts.whole(1, "start"), parts.whole(2, "count")
    wanted = coalesce(count.value, whole(LONGEST))
    taken = parts.joined(_cut(parts.units, first.value, wanted))
    halved = _halved(parts.units, first.value, _plus(first.value, wanted))
    return no_failure(taken, first.error, count.error, halved)


def _at(parts: _Parts) -> Computed:
    index = parts.whole(1, "index")
    after = _plus(index.value, whole(1))
    taken = parts.joined(_cut(parts.units, index.value, whole(1)))
    halved = _halved(parts.units, index.value, after)
    return no_failure(taken, index.error, parts.beyond(1, "index", after), halved)


def _range(parts: _Parts) -> Computed:
    first, count = parts.whole(1, "offset"), parts.whole(2, "count")
    errors = [first.error, parts.beyond(1, "offset", first.value), count.error]
    end = parts.scope.once(_plus(first.value, count.value))
    if len(parts) > 2:
        errors.append(parts.beyond(2, "count", end))
    errors.append(_halved(parts.units, first.value, end))
    return no_failure(parts.joined(_cut(parts.units, first.value, count.value)), *errors)


def _insert(parts: _Parts) -> Computed:
    first = parts.whole(1, "offset")
    errors = [first.error, parts.beyond(1, "offset", first.value), _halved(parts.units, first.value)]
    head = parts.joined(_cut(parts.units, whole(0), first.value))
    tail = parts.joined(_cut(parts.units, first.value))
    return no_failure(_together(head, parts.value(2), tail), *errors)


def _without_range(parts: _Parts, *, new: Sql | None) -> Computed:
    """The text with some units (1) taken out, perhaps another text in their place."""
    first = parts.whole(1, "offset")
    count = parts.whole(2, "count") if len(parts) > 2 else Computed(whole(1))
    end = parts.scope.once(_plus(first.value, count.value))
    errors = [
        first.error,
        parts.beyond(1, "offset", first.value),
        count.error,
        parts.beyond(2, "count", end),
        _halved(parts.units, first.value, end),
    ]
    head = parts.joined(_cut(parts.units, whole(0), first.value))
    tail = parts.joined(_cut(parts.units, end))
    return no_failure(_together(head, *([] if new is None else [new]), tail), *errors)


def _together(*pieces: Sql) -> Sql:
    result = pieces[0]
    for piece in pieces[1:]:
        result = binary(exp.DPipe, result, piece)
    return result


# -- padding -------------------------------------------------------------------------------------------------------


def _padded(at_start: bool) -> Operator:
    def build(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
        parts = _Parts(scope, node, arguments)
        count = parts.whole(1, "count")
        room = call("greatest", binary(exp.Sub, count.value, parts.length), whole(0))
        filler = call("repeat", text(node.option), case((not_null(count.value), room)))
        pieces = (filler, parts.text) if at_start else (parts.text, filler)
        return no_failure(_together(*pieces), count.error)

    return Operator(build)


def _repeated(parts: _Parts) -> Computed:
    count = parts.whole(1, "count")
    return no_failure(call("repeat", parts.text, count.value), count.error)


# -- search --------------------------------------------------------------------------------------------------------


def _position(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    value, wanted = (scope.once(a.value) for a in arguments)
    if node.option == "first":
        before = binary(exp.Sub, call("instr", value, wanted), whole(1))
    else:
        before = binary(exp.Sub, _last_position(node, value), whole(1))
    before = scope.once(before)
    head = call("substr", value, whole(1), before)
    beyond = call("length", _replaced(head, _OTHER, ""))
    found = case(
        (_is_ascii(value), before), (binary(exp.LT, before, whole(0)), before), otherwise=_plus(before, beyond)
    )
    return Computed(found)


def _last_position(node: Call, value: Sql) -> Sql:
    """Where the last occurrence begins, counted from 1 in characters; 0 where there is none."""
    wanted = node.arguments[1]
    if not isinstance(wanted, Literal) or not wanted.value:
        raise NotFoldableError("The last occurrence is only looked for if the text is a constant.")
    pattern = f"(?s)^(.*){_quoted(wanted.value)}"
    head = call("regexp_extract", value, text(pattern), whole(1))
    present = call("contains", value, text(wanted.value))
    return case((present, _plus(call("length", head), whole(1))), (not_null(value), whole(0)))


def _quoted(wanted: str) -> str:
    """A pattern that matches just this text."""
    return "".join(f"\\x{{{ord(character):X}}}" for character in wanted)


def _class(characters: str, *, negated: bool = False) -> str:
    return f"[{'^' if negated else ''}{_quoted(characters)}]"


def _removed(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    value = arguments[0].value
    return Computed(_replaced(value, _class(node.option), "") if node.option else value)


def _selected(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    pattern = _class(node.option, negated=True) if node.option else r"(?s:.)"
    return Computed(_replaced(arguments[0].value, pattern, ""))


# -- delimiters ----------------------------------------------------------------------------------------------------


def _pieces(scope: Scope, value: Sql, delimiter: str) -> Sql:
    return scope.once(call("string_split", value, text(delimiter)))


def _sides(scope: Scope, value: Sql, option: tuple[str, int, bool]) -> tuple[Sql, Sql, Sql]:
    """Whether the wanted occurrence of a delimiter is there, the text before it and the text after it."""
    delimiter, which, from_end = option
    pieces = _pieces(scope, value, delimiter)
    count = call("len", pieces)
    there = binary(exp.GT, count, whole(which + 1))
    first = binary(exp.Sub, count, whole(which + 1)) if from_end else whole(which + 1)

    def together(low: Sql, high: Sql) -> Sql:
        return call("array_to_string", call("list_slice", pieces, low, high), text(delimiter))

    return there, together(whole(1), first), together(_plus(first, whole(1)), count)


def _before(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    value = scope.once(arguments[0].value)
    there, before, _ = _sides(scope, value, node.option)
    return Computed(case((there, before), (not_null(value), text("") if node.option[2] else value)))


def _after(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    value = scope.once(arguments[0].value)
    there, _, after = _sides(scope, value, node.option)
    return Computed(case((there, after), (not_null(value), value if node.option[2] else text(""))))


def _between(scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    value = scope.once(arguments[0].value)
    there, _, after = _sides(scope, value, node.option[0])
    rest = scope.once(case((there, after)))
    there, before, _ = _sides(scope, rest, node.option[1])
    return Computed(case((there, before), (not_null(value), text(""))))


# -- characters ----------------------------------------------------------------------------------------------------


def _characters(value: Sql) -> Sql:
    return call("string_split", value, text(""))


def _cased(function: str, kept: str) -> Callable[[Scope, Sql], Sql]:
    """Each character by DuckDB's function, but for some that stay as they are."""

    def build(_scope: Scope, value: Sql) -> Sql:
        character = exp.var("character_")
        changed = case(
            (call("contains", text(kept), character), character.copy()), otherwise=call(function, character.copy())
        )
        each = exp.Comprehension(this=changed, expression=character.copy(), iterator=_characters(value))
        slowly = call("array_to_string", exp.Array(expressions=[each]), text(""))
        special = call("regexp_matches", value, text(_class(kept)))
        return case((special, slowly), otherwise=call(function, value))

    return build


def _reversed(_scope: Scope, value: Sql) -> Sql:
    # DuckDB's own keeps a letter and its accents in their order.
    slowly = call("array_to_string", call("list_reverse", _characters(value)), text(""))
    return case((_is_ascii(value), call("reverse", value)), otherwise=slowly)


def _trimmed(function: str) -> Operator:
    return Operator(
        lambda _scope, node, arguments: Computed(
            call(function, arguments[0].value, text(node.option)) if node.option else arguments[0].value
        )
    )


def _combined(_scope: Scope, node: Call, arguments: tuple[Computed, ...]) -> Computed:
    return Computed(call("concat_ws", text(node.option), *(a.value for a in arguments)))


OPERATORS: dict[str, Operator] = {
    "Text.Length": Operator(length),
    "Text.Contains": named("contains"),
    "Text.StartsWith": named("starts_with"),
    "Text.EndsWith": named("ends_with"),
    "Text.PositionOf": Operator(_position),
    "Text.Upper": scoped(_cased("upper", _KEPT_BY_UPPER)),
    "Text.Lower": scoped(_cased("lower", _KEPT_BY_LOWER)),
    "Text.Trim": _trimmed("trim"),
    "Text.TrimStart": _trimmed("ltrim"),
    "Text.TrimEnd": _trimmed("rtrim"),
    "Text.Remove": Operator(_removed),
    "Text.Select": Operator(_selected),
    "Text.Clean": values(lambda value: _replaced(value, r"[\x{0}-\x{1F}\x{7F}-\x{9F}]", "")),
    "Text.Reverse": scoped(_reversed),
    "Text.Replace": named("replace"),
    "Text.Combine": Operator(_combined, nulls=False),
    "Text.Start": _by_position(_start),
    "Text.End": _by_position(_end),
    "Text.Middle": _by_position(_middle),
    "Text.Range": _by_position(_range),
    "Text.At": _by_position(_at),
    "Text.Insert": _by_position(_insert),
    "Text.RemoveRange": _by_position(lambda parts: _without_range(parts, new=None)),
    "Text.ReplaceRange": _by_position(lambda parts: _without_range(parts, new=parts.value(3))),
    "Text.PadStart": _padded(at_start=True),
    "Text.PadEnd": _padded(at_start=False),
    "Text.Repeat": _by_position(_repeated),
    "Text.BeforeDelimiter": Operator(_before),
    "Text.AfterDelimiter": Operator(_after),
    "Text.BetweenDelimiters": Operator(_between),
}
