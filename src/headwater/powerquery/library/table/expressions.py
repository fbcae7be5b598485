"""Functions of a row or an item as trees of records."""

from __future__ import annotations

from headwater.powerquery.library.declarations import constant, function
from headwater.powerquery.library.value.trees import field_access, node, tree_of
from headwater.powerquery.values.core import Record
from headwater.powerquery.values.functions import Function

ROW = node("RowAccess")
ITEM = node("ItemAccess")

constant("RowExpression.Row", ROW, summary="The node of a row expression that stands for the row.")
constant("ItemExpression.Item", ITEM, summary="The node of an item expression that stands for the item.")


@function(
    "RowExpression.Column(columnName as text) as record",
    examples=[
        ('RowExpression.Column("A")', '[Kind = "FieldAccess", Expression = RowExpression.Row, MemberName = "A"]'),
    ],
)
def row_column(name: str) -> Record:
    """The node of a row expression that reads a column."""
    return field_access(ROW, name)


@function(
    "RowExpression.From(function as function) as record",
    examples=[
        ('RowExpression.From(each [A] > 1)',
         '[Kind = "Binary", Operator = "GreaterThan", Left = RowExpression.Column("A"),'
         ' Right = [Kind = "Constant", Value = 1]]'),
    ],
)  # fmt: skip
def row_expression(row_function: Function) -> Record:
    """The body of a function of a row as a tree of nodes: records whose Kind is Constant, FieldAccess, Unary, Binary,
    If, Invocation or NotImplemented. An error where the body has a part that is none of these.
    """
    return tree_of(row_function, ROW)


@function(
    "ItemExpression.From(function as function) as record",
    examples=[
        ("ItemExpression.From(each not _)",
         '[Kind = "Unary", Operator = "Not", Expression = ItemExpression.Item]'),
    ],
)  # fmt: skip
def item_expression(item_function: Function) -> Record:
    """The body of a function of an item as a tree of nodes, as RowExpression.From has it."""
    return tree_of(item_function, ITEM)
