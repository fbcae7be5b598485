"""Models as OData functions: one service beside those of the dataflows, at ``/odata/$models/``.

A dataflow's name never begins with ``$``, so that none is hidden by it. A function takes its arguments in the address
and scores one row; the action ``NAME_rows`` takes many rows in its body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from fastapi.exceptions import RequestValidationError

from headwater.access import Actor
from headwater.app.functions.rows import json_rows
from headwater.app.functions.runs import Run
from headwater.app.functions.scoring import open_function, scored
from headwater.app.reading.json_columns import JsonColumns, joined
from headwater.app.runtime import Headwater
from headwater.errors import ScoringError, UsageError
from headwater.models.arrow import Array
from headwater.models.discovery import FunctionDescription
from headwater.models.functions import ModelFunction
from headwater.models.signature import Signature
from headwater.plan.types import DataType, Kind
from headwater.server.odata.constants import literal
from headwater.server.odata.csdl import CONTAINER, NAMESPACE, add, add_properties, add_terms, note_name, schema
from headwater.server.odata.edm import ITEM, EdmType, Property, Structures
from headwater.server.odata.names import encoded
from headwater.server.odata.syntax import parse_keys

__all__ = ["ACTION_SUFFIX", "call_many", "call_one", "callable_functions", "models_schemas"]

MODELS: Final = f"{NAMESPACE}.Models"
ACTION_SUFFIX: Final = "_rows"
_PAGE: Final = 200
_RESULT: Final = "result"


def callable_functions(app: Headwater, actor: Actor) -> Iterator[FunctionDescription]:
    """The functions that the actor may call, by name."""
    after: str | None = None
    while True:
        page = app.functions.list(actor, limit=_PAGE, after=after)
        yield from app.functions.invocable(actor, page.functions)
        after = page.after
        if after is None:
            return


# -- $metadata ---------------------------------------------------------------------------------------------------------


def models_schemas(functions: Sequence[FunctionDescription]) -> list[Any]:
    """The schemas of the service: for each function its types, itself, and the action for many rows."""
    own, models, schemas = schema(NAMESPACE), schema(MODELS), []
    add_terms(own)
    container = add(own, "EntityContainer", Name=CONTAINER)
    for found in functions:
        assert found.signature is not None, "what is callable has one"
        name = encoded(found.name.function)
        described = _Described.of(name, found.signature)
        schemas.append(_records(described))
        _add_function(models, described)
        _add_action(models, described)
        note_name(add(container, "FunctionImport", Name=name, Function=f"{MODELS}.{name}"), name, found.name.function)
        action = name + ACTION_SUFFIX
        add(container, "ActionImport", Name=action, Action=f"{MODELS}.{action}")
    return [*schemas, models, own]


@dataclass(frozen=True, slots=True)
class _Described:
    """A function's types; ``structures`` has all records among them."""

    name: str
    parameters: tuple[Property, ...]
    result: EdmType
    structures: Structures

    @classmethod
    def of(cls, name: str, signature: Signature) -> _Described:
        structures = Structures(f"{MODELS}.{name}")
        parameters = structures.properties((field.name, field.type) for field in signature.fields)
        return cls(name, parameters, structures.type_of(signature.result), structures)


def _records(of: _Described) -> Any:
    element = schema(of.structures.namespace)
    for record in of.structures.complex:
        add_properties(add(element, "ComplexType", Name=record.name), record.properties)
    add_properties(add(element, "ComplexType", Name="Row"), of.parameters)
    scored_row = add(element, "ComplexType", Name="Scored")
    add(scored_row, "Property", Name=_RESULT, Type=of.result.name, **dict(of.result.facets))
    add(scored_row, "Property", Name="error", Type="Edm.String")
    return element


def _add_function(to: Any, of: _Described) -> None:
    element = add(to, "Function", Name=of.name)
    for parameter in of.parameters:
        attributes = {"Name": parameter.identifier, "Type": parameter.type.name, **dict(parameter.type.facets)}
        if not parameter.of.nullable:
            attributes["Nullable"] = "false"
        note_name(add(element, "Parameter", **attributes), parameter.identifier, parameter.name)
    add(element, "ReturnType", Type=of.result.name, **dict(of.result.facets))


def _add_action(to: Any, of: _Described) -> None:
    element = add(to, "Action", Name=of.name + ACTION_SUFFIX)
    namespace = of.structures.namespace
    add(element, "Parameter", Name="rows", Type=f"Collection({namespace}.Row)", Nullable="false")
    add(element, "ReturnType", Type=f"Collection({namespace}.Scored)", Nullable="false")


# -- calls -------------------------------------------------------------------------------------------------------------


def call_one(app: Headwater, actor: Actor, name: str, written: str, root: str) -> bytes:
    """The answer for one row, whose arguments stand in the address.

    Raises:
        UsageError: they are not the function's.
        ScoringError: the model gives an error for this row (``model.row``), or failed as a whole.
        HeadwaterError: as opening the function says.
    """
    with app.runs.start(actor, name) as run, open_function(app.functions, actor, name, {}, run=run) as opened:
        function = opened.function
        row = _arguments(function, written)
        part = next(scored(opened, json_rows(function, [row], 1)))
        message = part.errors[0].as_py()
        if message is not None:
            raise ScoringError(message, code="model.row", place=name, hint="Correct the arguments.")
        return _one(function, part.results, f"{root}$metadata")


def call_many(app: Headwater, actor: Actor, run: Run, name: str, *, body: bytes, root: str) -> bytes:
    """The answer for the rows of a body: ``{"rows": [{"amount": 1.5}, …]}``.

    Raises:
        RequestValidationError: the body is something else.
        HeadwaterError: as :func:`call_one` says, but for errors of rows, which are part of the answer.
    """
    rows = _rows(body)
    with open_function(app.functions, actor, name, {}, run=run) as opened:
        function = opened.function
        named = {encoded(parameter.name): parameter for parameter in function.signature.parameters}
        kinds = {identifier: (parameter.name, parameter.type) for identifier, parameter in named.items()}
        given = json_rows(function, [_row(row, kinds) for row in rows], len(rows))
        parts = [_scored(part.results, part.errors, function.result) for part in scored(opened, given)]
    context = f"{root}$metadata#Collection({MODELS}.{encoded(name)}.Scored)"
    value = b"".join(parts)[1:]
    return b'{"@odata.context":' + orjson.dumps(context) + b',"value":[' + value + b"]}"


def _scored(results: Array, errors: Array, of: DataType) -> bytes:
    if not len(results):
        return b""
    members = [(_RESULT, results, of), ("error", errors, DataType(Kind.TEXT))]
    return joined(_json().objects(members, len(results), before=",{")).tobytes()


def _one(function: ModelFunction, results: Array, metadata: str) -> bytes:
    """A record is the answer itself; any other value is its ``value``."""
    kind = encoded(function.name)
    described = _Described.of(kind, function.signature)
    written = _json().values(results, function.result)[0].as_py() or "null"
    context = b'{"@odata.context":' + orjson.dumps(f"{metadata}#{described.result.name}") + b","
    if function.result.kind is Kind.RECORD and written != "null":
        return context + written.encode()[1:]
    return context + b'"value":' + written.encode() + b"}"


def _json() -> JsonColumns:
    return JsonColumns(member=encoded, item=ITEM)


def _arguments(function: ModelFunction, written: str) -> dict[str, Any]:
    """The row that the arguments in an address make up, as JSON has it."""
    given = parse_keys(written)
    known = {encoded(parameter.name): parameter for parameter in function.signature.parameters}
    row: dict[str, Any] = {}
    for name, constant in given:
        if name not in known or known[name].name in row:
            raise UsageError(
                f"'{name[:100]}' is no parameter, or stands there twice.",
                place=function.name,
                hint=f"There are {', '.join(known)}.",
                code="odata.unknown",
            )
        parameter = known[name]
        value = literal(constant, parameter.type, "the arguments").value
        number_or_text = constant.kind in ("number", "boolean", "text", "null")
        row[parameter.name] = value if number_or_text else _cell(constant.text, parameter.type)
        if constant.kind == "number" and parameter.type.kind is Kind.DECIMAL:
            row[parameter.name] = float(value)
    return row


def _rows(body: bytes) -> list[Any]:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestValidationError([{"loc": ("body",), "msg": "the text is no JSON", "type": "json"}]) from error
    if not isinstance(asked, dict) or set(asked) != {"rows"} or not isinstance(asked["rows"], list):
        raise RequestValidationError([{"loc": ("body",), "msg": "this is no object with rows alone", "type": "rows"}])
    return asked["rows"]


def _row(row: Any, kinds: Mapping[str, tuple[str, DataType]]) -> Any:
    """A row by M's names; what is no object is refused further in."""
    if not isinstance(row, dict):
        return row
    found = {}
    for identifier, value in row.items():
        name, kind = kinds.get(identifier, (identifier, None))
        found[name] = value if kind is None or not isinstance(value, str) else _cell(value, kind)
    return found


def _cell(text: str, of: DataType) -> str:
    """A text of OData's JSON as the one that functions read."""
    if of.kind is Kind.DATETIME:
        return text.removesuffix("Z")
    if of.kind is Kind.BINARY:
        return text.replace("-", "+").replace("_", "/")
    return text
