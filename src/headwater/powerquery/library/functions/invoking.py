"""Calling functions, and functions with another type."""

from __future__ import annotations

import time

from headwater.errors import MError
from headwater.powerquery.library.arguments import caller
from headwater.powerquery.library.declarations import Declaration, function
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Value, force
from headwater.powerquery.values.functions import Function
from headwater.powerquery.values.operators import ascribe, cannot_convert
from headwater.powerquery.values.times import TICKS_PER_SECOND, Duration

_SOURCES = frozenset({"File", "Folder", "Web", "Sql", "PostgreSQL", "Odbc", "OData", "MySQL", "DeltaLake"})
"""The first part of names of functions that read data from elsewhere."""


def function_type_of(of: t.Type) -> t.FunctionType:
    """The type, if it is one of functions.

    Raises:
        MError: Expression.Error otherwise.
    """
    inner = t.non_nullable(of)
    if isinstance(inner, t.FunctionType):
        return inner
    raise cannot_convert(of, "Function")


def required_count(of: t.FunctionType) -> int:
    """How many arguments a call needs."""
    return sum(not parameter.optional for parameter in of.parameters)


@function(
    "Function.From(functionType as type, function as function) as function",
    examples=[
        ("Function.From(type function (a as any, b as any) as any, List.Count)(7, 8)", "2"),
        ("Value.Type(Function.From(type function (a as text) as list, each _))", "type function (a as text) as list"),
    ],
)
def function_from(of: t.Type, body: Function) -> Function:
    """A function of this type, which gives a function of one argument the list of its own arguments."""
    signature, call = function_type_of(of), caller(body, 1)

    def invoke(*arguments: Value) -> Value:
        checked = [
            ascribe(argument, parameter.type)
            for argument, parameter in zip(arguments, signature.parameters, strict=False)
        ]
        return ascribe(call(List(checked)), signature.result)

    return Function(invoke, lambda: signature, minimum=required_count(signature), maximum=len(signature.parameters))


@function(
    "Function.Invoke(function as function, args as list) as any",
    examples=[("Function.Invoke((a, b) => a - b, {5, 3})", "2")],
)
def invoke(called: Function, arguments: List) -> Value:
    """What a function gives for a list of arguments."""
    return force(called.invoke(list(arguments)))


@function(
    "Function.InvokeAfter(function as function, delay as duration) as any",
    examples=[("Function.InvokeAfter(() => 5, #duration(0, 0, 0, 0))", "5")],
)
def invoke_after(called: Function, delay: Duration) -> Value:
    """What a function without arguments gives, called after a while."""
    time.sleep(max(delay.ticks, 0) / TICKS_PER_SECOND)
    return caller(called, 0)()


@function(
    "Function.InvokeWithErrorContext(function as function, context as text) as any",
    examples=[('Function.InvokeWithErrorContext(() => 5, "while counting")', "5")],
)
def invoke_with_error_context(called: Function, context: str) -> Value:
    """What a function without arguments gives; an error that has no place yet is placed in the context."""
    try:
        return caller(called, 0)()
    except MError as error:
        error.place = error.place or context
        raise


@function(
    "Function.IsDataSource(function as function) as logical",
    examples=[("Function.IsDataSource(File.Contents)", "true"), ("Function.IsDataSource(List.Sum)", "false")],
)
def is_data_source(asked: Function) -> bool:
    """Whether a function of the library reads data from elsewhere."""
    return isinstance(asked.origin, Declaration) and asked.name.partition(".")[0] in _SOURCES
