"""Calls of batch functions in a row function: each becomes a call node of the plan, below what uses its result.

A call may stand anywhere in the row function: ``each f([a])[score] > 0.5`` is a call node that adds a column for this
step alone, and an expression over it. Where the row function calls under a condition (``if``, ``and``, ``or``, ``??``),
the arguments of the rows that it does not hold for are errors, and rows with such arguments are not sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from headwater.errors import MError
from headwater.plan import types as p
from headwater.plan.expressions import Expr, Literal, Ref, call
from headwater.plan.functions import BatchFunction
from headwater.plan.nodes import Call, Column, Node, Project, fresh_id, select
from headwater.powerquery.language import syntax
from headwater.powerquery.tables.arrow import m_type
from headwater.powerquery.tables.batching import options_of
from headwater.powerquery.tables.folding import RowFolder, bare, mentions_row
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.values import types as t
from headwater.powerquery.values.batch_calls import BatchCalls
from headwater.powerquery.values.functions import Function

__all__ = ["CallFolder", "RowCall", "with_call"]


@dataclass(frozen=True, slots=True)
class RowCall:
    """A call of a batch function; ``arguments`` are over the row's columns, ``type`` is what M knows of the result."""

    function: BatchFunction
    arguments: tuple[Expr, ...]
    type: t.Type


class CallFolder(RowFolder):
    """Folds a row function that may call batch functions."""

    def __init__(self, function: Function, table: PlanTable) -> None:
        super().__init__(function, table)
        self._plan = table.plan
        self._conditions: tuple[Expr, ...] = ()
        self._made: dict[tuple[int, tuple[Expr, ...]], Ref] = {}

    @property
    def plan(self) -> Node:
        """The table's plan, with a column for each call that has been folded."""
        return self._plan

    def row_call(self) -> RowCall | None:
        """The batch call that the body is, or None where it is something else."""
        body = self.body
        if not isinstance(body, syntax.Invocation) or self._reads_row(body.function):
            return None
        function = self._constant(body.function)
        return self._call(body, function) if isinstance(function, Function) and function.batch else None

    def _call(self, node: syntax.Invocation, function: Function) -> RowCall:
        calls = function.batch
        assert calls is not None, "asked for such functions alone"
        first = bare(node.arguments[0]) if node.arguments else None
        named = self._named(first) if first is not None and calls.is_by_name(len(node.arguments), True) else None
        try:
            at = calls.options_at(len(node.arguments), named is not None)
            bound = calls.function if at is None else self._bound(calls, node.arguments[at])
        except MError as error:
            raise self._refuse(node, error.message) from error
        given = [*node.arguments[:at]] if named is None else self._in_order(node, calls, named)
        arguments = [
            Literal(None, parameter.type) if argument is None else self._fold_as(argument, parameter.type)
            for argument, parameter in zip(given, calls.parameters, strict=True)
        ]
        of = function.type.result if bound is calls.function else m_type(bound.result)
        return RowCall(bound, tuple(arguments), of)

    def _bound(self, calls: BatchCalls, options: syntax.Expr) -> BatchFunction:
        if self._reads_row(options):
            raise self._refuse(options, "The options of the call depend on the row.")
        return calls.bound(options_of(self._constant(options), calls.function.name))

    def _named(self, node: syntax.Expr) -> dict[str, syntax.Expr] | None:
        """The fields of a record that can be taken apart without making it: the row, a part of it, a new record."""
        if self._is_row(node):
            return {name: _field_access(self._row, name, node.span) for name in self._table.names}
        if isinstance(node, syntax.Projection) and not node.optional:
            target = syntax.Identifier("_", False) if node.target is None else node.target
            if self._is_row(target):
                return {name: _field_access(self._row, name, node.span) for name in node.names}
        if isinstance(node, syntax.Record):
            fields = {binding.name: binding.value for binding in node.fields}
            # A field may refer to another one, by a name that means something else outside.
            return None if any(mentions_row(value, fields.keys()) for value in fields.values()) else fields
        return None

    def _in_order(
        self, node: syntax.Node, calls: BatchCalls, named: Mapping[str, syntax.Expr]
    ) -> list[syntax.Expr | None]:
        missing = calls.missing(list(named))
        if missing is not None:
            raise self._refuse(node, f"There is no column '{missing}' for a parameter that needs one.")
        return [named.get(parameter.name) for parameter in calls.parameters]

    def _fold_as(self, node: syntax.Expr, wanted: p.DataType) -> Expr:
        folded = self._fold_hinted(node, wanted)
        if folded.type.same_kind(wanted):
            return folded
        if folded.type.kind in p.NUMERIC and wanted.kind in p.NUMERIC:
            # Batch functions take any number and say row by row what does not fit; converting here would round.
            return folded
        if folded.type.kind is p.Kind.DATETIME and wanted.kind is p.Kind.DATETIME:
            return folded
        raise self._refuse(node, f"A {folded.type.kind.value} is given where {wanted.kind.value} is expected.")

    # -- calls within an expression ----------------------------------------------------------------------------

    def _batched(self, node: syntax.Invocation, function: Function) -> Expr:
        # Made in all rows, or under less than now, it is made in the rows in question.
        for count in range(len(self._conditions) + 1):
            made = self._made.get((id(node), self._conditions[:count]))
            if made is not None:
                return made
        found = self._call(node, function)
        added = Column(fresh_id("call", [c.id for c in self._plan.columns]), "", found.function.result, True)
        self._plan = with_call(self._plan, self._where_it_runs(found), added)
        self._made[id(node), self._conditions] = added.ref
        return added.ref

    def _where_it_runs(self, found: RowCall) -> RowCall:
        """The call with errors for arguments in rows that it is not made for."""
        if not self._conditions:
            return found
        first, *others = found.arguments  # a call of none does not look at the row: it is a constant
        nothing = call("as", Literal(None, first.type), option="Number")
        for condition in self._conditions:
            first = call("if", condition, first, nothing)
        return replace(found, arguments=(first, *others))

    @contextmanager
    def _under(self, condition: Expr) -> Iterator[None]:
        outside, self._conditions = self._conditions, (*self._conditions, condition)
        try:
            yield
        finally:
            self._conditions = outside

    def _operands(self, node: syntax.Binary) -> tuple[Expr, Expr]:
        if node.operator not in _SPARING or not self._reads_row(node.left):
            return super()._operands(node)
        left = self._fold(node.left)
        null = Literal(None, left.type)
        with self._under(call("=", left, null) if node.operator == "??" else _holds(left, node.operator == "and")):
            return left, self._fold_hinted(node.right, left.type)

    def _branches(self, condition: Expr, then: syntax.Expr, otherwise: syntax.Expr) -> tuple[Expr, Expr]:
        if not (self._reads_row(then) or self._reads_row(otherwise)):
            return super()._branches(condition, then, otherwise)
        if self._reads_row(then):
            with self._under(condition):
                first = self._fold(then)
            with self._under(call("not", condition)):
                return first, self._fold_hinted(otherwise, first.type)
        with self._under(call("not", condition)):
            second = self._fold(otherwise)
        return self._fold_hinted(then, second.type), second


_SPARING = frozenset({"and", "or", "??"})
"""The operators that do not always look at their right side."""


def _holds(condition: Expr, wanted: bool) -> Expr:
    return condition if wanted else call("not", condition)


def with_call(plan: Node, made: RowCall, added: Column) -> Node:
    """The plan with the call's result added; arguments that are no columns are computed and dropped again."""
    columns = plan.columns
    taken = [*(c.id for c in columns), added.id]
    computed: list[tuple[Column, Expr]] = []
    names: list[str] = []
    for number, argument in enumerate(made.arguments, start=1):
        if isinstance(argument, Ref):
            names.append(argument.id)
            continue
        identifier = fresh_id(f"argument {number}", [*taken, *(c.id for c, _ in computed)])
        computed.append((Column(identifier, identifier, argument.type, argument.may_fail), argument))
        names.append(identifier)
    if not computed:
        return Call(plan, made.function, tuple(names), added)
    prepared = Project(plan, (*((c, c.ref) for c in columns), *computed))
    return select(Call(prepared, made.function, tuple(names), added), [*columns, added])


def _field_access(row: str, name: str, span: syntax.Span) -> syntax.FieldAccess:
    return syntax.FieldAccess(syntax.Identifier(row, False), name, False, span)
