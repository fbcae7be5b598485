"""One M function over many items or rows.

The first items go the evaluator's ordinary way. Where more follow, the function's body is written as Python
statements (:mod:`.loop_source`) and the loop around them compiled, once for each function of a text; where the body
cannot be written so, the rest goes the ordinary way, too.

What is not needed yet stays unevaluated: a compiled loop computes at once only what costs less than putting it off.
Items that are there already are taken a run at a time; of others, none is asked for before it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from headwater.errors import MError
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.evaluator.loop_source import write_body
from headwater.powerquery.evaluator.statements import Layout, Unfusable
from headwater.powerquery.values.core import List, Record, Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert

__all__ = ["holds", "rows_where", "rows_with", "selected", "transformed"]

WARM_UP = 64
"""How many items go the ordinary way first: compiling a loop costs as much as some hundred items."""
RUN = 1024
"""How many items that are there already are taken at a time."""

_HELD = frozenset(map(type, (iter([]), iter(()), iter(range(0)))))
"""Iterators over what is there already."""

Loop = Callable[..., Any]
"""A compiled loop; its arguments are the items, the closure's frame and, one by one, the ordinary way for an item."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a loop makes of an item: the result itself, a row with it, or the item if it is true."""

    result: str
    condition: bool = False
    evaluated: bool = False


_MAP = _Shape("RESULT")
_MAP_NOW = _Shape("RESULT", evaluated=True)
_ADD = _Shape("[*item, RESULT]")
_KEEP = _Shape("item", condition=True)


def transformed(function: Function, items: List) -> List:
    """The function of each item of a list; an item is computed when it is asked for."""

    def later(item: Value) -> Value:
        return Thunk(lambda: function.invoke([force(item)]))

    def now(item: Value) -> Value:
        return force(function.invoke([force(item)]))

    return List(
        source=lambda: _run(function, items.raw(), later, _MAP, None),
        evaluated=lambda: _run(function, items.raw(), now, _MAP_NOW, None),
    )


def selected(function: Function, items: List) -> List:
    """The items of a list for which the function is true; null counts as false."""

    def wanted(item: Value) -> bool:
        return holds(function, force(item))

    return List(source=lambda: _run(function, items.raw(), wanted, _KEEP, None))


def rows_with(function: Function, index: dict[str, int], rows: Iterable[Sequence[Value]]) -> Iterator[Sequence[Value]]:
    """Each row with one more cell: the function of the row, which may be unevaluated."""

    def slow(row: Sequence[Value]) -> Sequence[Value]:
        return [*row, Thunk(lambda: function.invoke([Record(index, row)]))]

    return _run(function, rows, slow, _ADD, index)


def values_over(function: Function, index: dict[str, int], rows: Iterable[Sequence[Value]]) -> Iterator[Value]:
    """The function of each row, evaluated; an error is a failed member."""

    def now(row: Sequence[Value]) -> Value:
        try:
            return force(function.invoke([Record(index, row)]))
        except MError as error:
            return Thunk.failed(error)

    return _run(function, rows, now, _MAP_NOW, index)


def rows_where(function: Function, index: dict[str, int], rows: Iterable[Sequence[Value]]) -> Iterator[Sequence[Value]]:
    """The rows for which the function is true; null counts as false."""
    return _run(function, rows, lambda row: holds(function, Record(index, row)), _KEEP, index)


def holds(condition: Function, argument: Value) -> bool:
    """Whether a condition is true of a value; null counts as false.

    Raises:
        MError: Expression.Error, the condition gives something else.
    """
    truth = plain(force(condition.invoke([argument])))
    if truth is None or isinstance(truth, bool):
        return bool(truth)
    raise cannot_convert(truth, "Logical")


def _run(
    function: Function,
    items: Iterable[Any],
    slow: Callable[[Any], Any],
    shape: _Shape,
    index: Mapping[str, int] | None,
) -> Iterator[Any]:
    """What the loop makes of the items; ``slow`` is the ordinary way: the result for an item, or whether to keep it."""

    def ordinary(some: Iterable[Any]) -> Iterator[Any]:
        return filter(slow, some) if shape.condition else map(slow, some)

    closure = function.origin
    if not isinstance(closure, Closure) or function.maximum != 1:
        return ordinary(items)
    source = iter(items)
    held = type(source) in _HELD

    def parts() -> Iterator[Iterable[Any]]:
        yield ordinary(islice(source, WARM_UP))
        for following in source:  # if there is one more
            loop = _loop(closure, shape, index, held)
            rest = chain((following,), source)
            if loop is None:
                yield ordinary(rest)
            elif held:
                yield from _in_runs(loop, rest, closure.frame, ordinary)
            else:
                yield loop(rest, closure.frame, slow)

    return chain.from_iterable(parts())


def _in_runs(
    loop: Loop, source: Iterator[Any], frame: Any, ordinary: Callable[[Iterable[Any]], Iterator[Any]]
) -> Iterator[Iterable[Any]]:
    """The results of a loop, a run of items at a time.

    An item that bails out ends its run, and goes the ordinary way with some of those after it: the more, the oftener
    that happens.
    """
    others = 0
    for following in source:
        results, bailed = loop(chain((following,), islice(source, RUN - 1)), frame)
        yield results
        if bailed:
            yield ordinary(chain(bailed, islice(source, others)))
            others = min(2 * others + 1, RUN) if len(results) < RUN // 8 else 0


def _loop(closure: Closure, shape: _Shape, index: Mapping[str, int] | None, held: bool) -> Loop | None:
    """The compiled loop, or None where the function cannot be written so; kept with the text's other code."""
    loops = closure.compiler.loops
    key = (id(closure.node), shape, None if index is None else tuple(index), held)
    if key not in loops:
        # The node is kept as well, so that no other one can have its id.
        loops[key] = (closure.node, _compiled(closure, shape, index, held))
    loop: Loop | None = loops[key][1]
    return loop


def _compiled(closure: Closure, shape: _Shape, index: Mapping[str, int] | None, held: bool) -> Loop | None:
    keeps = "if slow(item): yield item" if shape.condition else "yield slow(item)"
    bail = ("return results, (item,)",) if held else (keeps, "continue")
    try:
        body = write_body(closure, Layout(index, bail), condition=shape.condition)
    except Unfusable:
        return None
    result = body.result
    if shape.evaluated and body.may_be_unevaluated:
        result = f"{result}.get() if type({result}) is Thunk else {result}"
    made = shape.result.replace("RESULT", result)
    give = "add(made)" if held else "yield made"
    lines = [
        "def loop(source, frame, slow=None):",
        "    results = []",
        "    add = results.append",
        *("    " + line for line in body.prologue),
        "    for item in source:",
        "        try:",
        *("            " + line for line in body.lines),
        f"            made = {made}",
        "        except MError:",
        *("            " + line for line in bail),
        "        " + (f"if {body.result}: {give}" if shape.condition else give),
        *(["    return results, ()"] if held else []),
    ]
    # The source is made of the syntax tree's shape alone: names and literals of the M text are in ``body.names``.
    exec(compile("\n".join(lines), "<M loop>", "exec"), body.names)  # noqa: S102
    loop: Loop = body.names["loop"]
    return loop
