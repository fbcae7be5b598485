"""The table whose operations its handlers answer.

An operation that a handler answers is that answer. Where there is no handler, or the handler ends in an error, the
operation is done as on any other table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from headwater.errors import MError
from headwater.powerquery.tables.columns import missing_column
from headwater.powerquery.tables.row_table import RowTable
from headwater.powerquery.tables.rows import slice_rows
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Value, force, plain
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import cannot_convert, is_whole
from headwater.powerquery.values.table import Handling, Table

UNANSWERED = object()
"""What a handler that is not there, or that ended in an error, answers."""


def answer(handlers: Record, name: str, *arguments: Value) -> Value:
    """What the handler of this name gives, or :data:`UNANSWERED`.

    Raises:
        MError: the handler's own, where it was made to pass through (``Table.ViewError``).
    """
    if name not in handlers:
        return UNANSWERED
    try:
        handler = plain(handlers.get(name))
        if not isinstance(handler, Function):
            raise cannot_convert(handler, "Function")
        return force(handler.invoke(arguments))
    except MError as error:
        if error.passes_views:
            raise
        return UNANSWERED


class ViewTable(Handling):
    """A view of a table, or of nothing: then GetType and GetRows have to be handled."""

    __slots__ = ("base", "handlers")

    def __init__(self, base: Table | None, handlers: Record) -> None:
        super().__init__(_type_of(base, handlers))
        self.base = base
        self.handlers = handlers

    def rows(self) -> Iterator[Sequence[Value]]:
        """The rows that GetRows gives, or those of the table."""
        given = plain(answer(self.handlers, "GetRows"))
        if given is UNANSWERED:
            return self._behind().rows()
        if not isinstance(given, Table):
            raise cannot_convert(given, "Table")
        return self._aligned(given)

    def _aligned(self, given: Table) -> Iterator[Sequence[Value]]:
        """The rows with their cells in the order of the view's columns."""
        absent = next((name for name in self.names if name not in given.index), None)
        if absent is not None:
            raise missing_column(absent)
        places = [given.index[name] for name in self.names]
        if places == list(range(len(given.names))):
            return given.rows()
        return ([row[at] for at in places] for row in given.rows())

    def _behind(self) -> Table:
        if self.base is None:
            raise MError("Expression.Error", "The view's handler GetRows did not give its rows.")
        return self.base

    def row_count(self) -> int:
        """What GetRowCount gives, or the number of rows."""
        count = plain(answer(self.handlers, "GetRowCount"))
        return int(count) if is_whole(count) else self.unhandled().row_count()

    def append(self, others: Sequence[Table]) -> Table:
        """The view's rows, then the others'."""
        from headwater.powerquery.tables.combining import combine

        return combine([self, *others])

    def unhandled(self) -> Table:
        """The same rows without handlers."""
        if self.base is not None and "GetRows" not in self.handlers and "GetType" not in self.handlers:
            return self.base
        return RowTable(self.type, self.rows)

    def operate(self, name: str, arguments: Sequence[Any], operation: Callable[..., Table]) -> Table:
        """The handlers' answer to an operation, or else the operation on the rows."""
        ask = _ASKED.get(name)
        answered = UNANSWERED if ask is None else plain(ask(self, *arguments))
        return answered if isinstance(answered, Table) else operation(self.unhandled(), *arguments)


def _type_of(base: Table | None, handlers: Record) -> t.TableType:
    if base is None and not ("GetType" in handlers and "GetRows" in handlers):
        raise MError("Expression.Error", "A view of no table needs the handlers GetType and GetRows.", handlers)
    given = plain(answer(handlers, "GetType"))
    if isinstance(given, t.TableType):
        return given
    if base is None:
        raise MError("Expression.Error", "The view's handler GetType did not give a table type.", handlers)
    return base.type


# -- operations, as handlers are asked about them ------------------------------------------------------------------


def _slice(view: ViewTable, offset: int, count: int | None) -> Value:
    if not offset:
        return UNANSWERED if count is None else answer(view.handlers, "OnTake", count)
    skipped = plain(answer(view.handlers, "OnSkip", offset))
    return slice_rows(skipped, 0, count) if count is not None and isinstance(skipped, Table) else skipped


def _select_rows(view: ViewTable, condition: Function) -> Value:
    return answer(view.handlers, "OnSelectRows", condition)


def _select_columns(view: ViewTable, names: Sequence[str], *_missing: Any) -> Value:
    if any(name not in view.index for name in names):
        return UNANSWERED
    return answer(view.handlers, "OnSelectColumns", List(list(names)))


def _rename_columns(view: ViewTable, renames: Mapping[str, str], *_missing: Any) -> Value:
    if any(name not in view.index for name in renames):
        return UNANSWERED
    listed = [Record.of({"OldName": old, "NewName": new}) for old, new in renames.items()]
    return answer(view.handlers, "OnRenameColumns", List(listed))


def _add_column(view: ViewTable, name: str, function: Function, of: t.Type | None = None) -> Value:
    described = Record.of({"Name": name, "Function": function, "Type": of or t.ANY})
    return answer(view.handlers, "OnAddColumns", List([described]))


def _sort(view: ViewTable, criteria: Sequence[Any]) -> Value:
    """Handlers are told of columns only: an order by a function of the row is not theirs."""
    if any(not isinstance(criterion.key, str) for criterion in criteria):
        return UNANSWERED
    order = [Record.of({"Name": criterion.key, "Order": int(criterion.descending)}) for criterion in criteria]
    return answer(view.handlers, "OnSort", List(order))


def _distinct(view: ViewTable, names: Sequence[str]) -> Value:
    return answer(view.handlers, "OnDistinct", List(list(names or view.names)))


def _group(view: ViewTable, keys: Sequence[str], aggregations: Sequence[Any]) -> Value:
    described = [Record.of({"Name": a.name, "Function": a.function, "Type": a.type or t.ANY}) for a in aggregations]
    return answer(view.handlers, "OnGroup", List(list(keys)), List(described))


_ASKED: dict[str, Callable[..., Value]] = {
    "Table.FirstN": _slice,
    "Table.SelectRows": _select_rows,
    "Table.SelectColumns": _select_columns,
    "Table.RenameColumns": _rename_columns,
    "Table.AddColumn": _add_column,
    "Table.Sort": _sort,
    "Table.Distinct": _distinct,
    "Table.Group": _group,
}
"""By the name of the operation, as :func:`headwater.powerquery.tables.plan_table.folded` has it."""
