"""Functions of a row that run once for many rows."""

from __future__ import annotations

from collections.abc import Sequence

from headwater.errors import MError
from headwater.powerquery.library.arguments import caller, list_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.functions.invoking import function_type_of, required_count
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.tables.vector_function import VectorFunction
from headwater.powerquery.values import types as t
from headwater.powerquery.values.batch_calls import BatchCalls
from headwater.powerquery.values.core import Value, force
from headwater.powerquery.values.functions import Function


@function(
    "Function.ScalarVector(scalarFunctionType as type, vectorFunction as function) as function",
    examples=[
        ("Function.ScalarVector(type function (a as number) as any, (rows) => List.Transform(rows[a], each _ * 2))(21)",
         "42"),
        ("let double = Function.ScalarVector(type function (a as number) as number,"
         " (rows) => List.Transform(rows[a], each _ * 2))"
         ' in Table.AddColumn(#table({"a"}, {{1}, {2}}), "b", each double([a]))',
         '#table({"a", "b"}, {{1, 2}, {2, 4}})'),
    ],
)  # fmt: skip
def scalar_vector(of: t.Type, vector: Function) -> Function:
    """A function of single values made from one of a table with a column for each parameter.

    That one gives a list with an item for each row. Where the function is called for each row of a table, as in
    Table.AddColumn, it runs once for all rows.
    """
    signature, apply = function_type_of(of), caller(vector, 1)
    names = [parameter.name for parameter in signature.parameters]
    inputs = table_type(names, [parameter.type for parameter in signature.parameters])

    def many(rows: Sequence[Sequence[Value]]) -> Sequence[Value]:
        padded = [[*row, *[None] * (len(names) - len(row))] for row in rows]
        results = list_of(apply(RowTable.held(inputs, padded))).items
        if len(results) != len(rows):
            raise MError(
                "Expression.Error",
                f"The vector function returned {len(results)} results for {len(rows)} rows.",
                hint="It has to return a list with one item for each row of its table, in their order.",
            )
        return results

    folded = VectorFunction.of("Function.ScalarVector", signature, many)
    return Function(
        lambda *arguments: force(many([arguments])[0]),
        lambda: signature,
        minimum=required_count(signature),
        maximum=len(names),
        batch=None if folded is None else BatchCalls(folded, by_name=False),
        many=many,
    )
