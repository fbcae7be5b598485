"""A plan as text: a node a line, inputs indented below it."""

from __future__ import annotations

from collections.abc import Iterator

from headwater.plan.databases import DatabaseScan, Fetch, TableName
from headwater.plan.expressions import Call, Expr, Literal, Ref
from headwater.plan.nodes import (
    Aggregate,
    ArrowScan,
    Column,
    CsvScan,
    Distinct,
    Filter,
    Index,
    Join,
    Node,
    ParquetScan,
    Project,
    Reshape,
    RowsScan,
    Slice,
    Sort,
    Union,
)
from headwater.plan.nodes import Call as CallNode


def plan_lines(node: Node, most_inputs: int = 4) -> Iterator[str]:
    """The plan's nodes, the last step first; of a node with many inputs the first ``most_inputs`` are shown."""
    yield _describe(node)
    for child in node.inputs[:most_inputs]:
        for line in plan_lines(child, most_inputs):
            yield f"  {line}"
    if len(node.inputs) > most_inputs:
        yield f"  … and {len(node.inputs) - most_inputs} more inputs"


def expression_text(expression: Expr) -> str:
    """An expression in a notation near M's.

    >>> from headwater.plan.expressions import call
    >>> from headwater.plan.types import DOUBLE
    >>> expression_text(call("+", Ref("price", DOUBLE), Literal(1.0, DOUBLE)))
    '(price + 1.0)'
    """
    match expression:
        case Literal(value=value):
            return "null" if value is None else repr(value)
        case Ref(id=identifier):
            return identifier
        case Call(operator="[]", arguments=(target,), option=field):
            return f"{expression_text(target)}[{field}]"
        case Call(operator=operator, arguments=(left, right)) if not operator[0].isalpha():
            return f"({expression_text(left)} {operator} {expression_text(right)})"
        case Call(operator=operator, arguments=arguments):
            return f"{operator}({', '.join(expression_text(a) for a in arguments)})"


def _describe(node: Node) -> str:
    match node:
        case CsvScan(path=path):
            return f"CsvScan {path}"
        case DatabaseScan(database=database, relation=relation):
            what = f"{relation.schema}.{relation.name}".strip(".") if isinstance(relation, TableName) else "a query"
            return f"DatabaseScan {what} of {database.name}"
        case Fetch(database=database):
            return f"Fetch from {database.name}"
        case ParquetScan(source=source):
            return f"ParquetScan {source.uri}"
        case ArrowScan(table=table):
            return f"ArrowScan {table.num_rows} rows held"
        case RowsScan(step=step):
            return f"RowsScan of {step}, on the evaluator"
        case Project(items=items):
            return f"Project {', '.join(_item(column, expression) for column, expression in items)}"
        case Filter(predicate=predicate):
            return f"Filter {expression_text(predicate)}"
        case Slice(offset=offset, count=count):
            return f"Slice from {offset}" + ("" if count is None else f", {count} rows")
        case Sort(keys=keys):
            return "Sort " + ", ".join(
                expression_text(key.expression) + (" descending" if key.descending else "") for key in keys
            )
        case Distinct(keys=keys):
            return f"Distinct {', '.join(keys) or 'all columns'}"
        case Index(added=added, start=start, step=step):
            return f"Index {added.id} from {start} by {step}"
        case Join(on=on, kind=kind):
            return f"Join {kind} on {', '.join(f'{a} = {b}' for a, b in on)}"
        case Aggregate(keys=keys, aggregates=aggregates):
            made = [
                f"{c.id} = {a.function}({expression_text(a.argument) if a.argument else ''})" for c, a in aggregates
            ]
            return f"Aggregate by {', '.join(keys) or 'nothing'}: {', '.join(made)}"
        case Reshape():
            return node.describe()
        case Union(members=members):
            return f"Union of {len(members)}"
        case CallNode(function=function, arguments=arguments, added=added):
            return f"Call {added.id} = {function.name}({', '.join(arguments)})"
    return type(node).__name__


def _item(column: Column, expression: Expr) -> str:
    if isinstance(expression, Ref):
        return column.id if expression.id == column.id else f"{column.id} = {expression.id}"
    return f"{column.id} = {expression_text(expression)}"
