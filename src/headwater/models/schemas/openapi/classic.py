"""Classic web services of Azure Machine Learning: one table in, one table out, every cell a text.

Their descriptions come in several kinds: a table is an array of objects, an object whose members are its columns, or
the very form in which rows travel, whose example names the columns.
"""

from __future__ import annotations

from collections.abc import Mapping

from headwater.models.forms.described import Answered, JsonForm, ParamPlace, Path, Sent
from headwater.models.schemas.openapi.bodies import finite, parameter
from headwater.models.schemas.openapi.nodes import Node
from headwater.models.schemas.openapi.refusals import refusal
from headwater.models.schemas.openapi.types import param_of, typed
from headwater.models.schemas.service import ServiceSchema
from headwater.models.signature import ModelParam, Signature
from headwater.plan.types import Field

__all__ = ["read_classic"]

_QUERY = "?api-version=2.0&details=true"


def read_classic(body: Node, answer: Node, model: str) -> ServiceSchema:
    """The schema of a classic web service's request-response operation.

    Raises:
        SchemaError: it takes or gives no table or several, or a column has no type.
    """
    taken, columns = _table(body, "Inputs", "no_inputs", model)
    given, outputs = _table(answer, "Results", "no_outputs", model)
    params, places, template = _settings(body, model)
    signature = Signature(
        tuple(parameter(name, node, "json", model) for name, node in columns.items()),
        tuple(Field(name, typed(node, name, "json", model).plan) for name, node in outputs.items()),
        params,
    )
    sent = Sent(taken, "classic", template, places, query=_QUERY)
    return ServiceSchema(signature, JsonForm(sent, Answered(given, "classic")))


def _table(node: Node, member: str, missing: str, model: str) -> tuple[Path, Mapping[str, Node]]:
    tables = node.properties[member].properties if member in node.properties else {}
    if len(tables) > 1:
        raise refusal("rows", f"{model} has several tables ({', '.join(map(repr, tables))}).", model)
    for name, table in tables.items():
        if columns := _columns(table, _example(node, (member, name))):
            return (member, name), columns
    raise refusal(missing, f"The description of {model} has no table with columns under '{member}'.", model)


def _columns(table: Node, example: object) -> Mapping[str, Node]:
    if table.kind == "array":
        return table.items.properties if table.items is not None else {}
    if "value" in table.properties:
        return _columns(table.properties["value"], example.get("value") if isinstance(example, dict) else None)
    if "Values" not in table.properties:
        return table.properties
    names = example.get("ColumnNames") if isinstance(example, dict) else None
    return {str(name): Node("string") for name in names} if isinstance(names, list) else {}


def _example(node: Node, path: Path) -> object:
    own = node.at(path).example
    value = node.example
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if own is None else own


def _settings(body: Node, model: str) -> tuple[tuple[ModelParam, ...], tuple[ParamPlace, ...], dict[str, object]]:
    found = body.properties.get("GlobalParameters")
    members = found.properties if found is not None else {}
    params = tuple(param_of(node, name, model, finite(node.default)) for name, node in members.items())
    places = tuple(ParamPlace(name, ("GlobalParameters", name)) for name in members)
    defaults = {param.name: param.default for param in params if param.default is not None}
    return params, places, {"GlobalParameters": defaults}
