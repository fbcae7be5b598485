"""From a document to the schema of one of its operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from headwater.errors import SchemaError
from headwater.models.forms.described import Answered, JsonForm
from headwater.models.forms.layouts import single_row
from headwater.models.schemas.openapi.bodies import Inputs, read_inputs, read_outputs
from headwater.models.schemas.openapi.classic import read_classic
from headwater.models.schemas.openapi.nodes import MAX_NODES, NodeReader
from headwater.models.schemas.openapi.operations import Described, described_operations
from headwater.models.schemas.openapi.refusals import refusal
from headwater.models.schemas.service import ServiceSchema
from headwater.models.signature import Signature
from headwater.workspaces.base import EndpointKind

__all__ = ["Operation", "from_openapi", "operations"]

#: The operation of every entry script.
_SCORE = "RunMLService"

#: All operations of a document are read with this many schemas; it may have thousands of operations.
_LISTED_NODES = 5 * MAX_NODES


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation with a JSON body; ``reason`` says why it cannot be a function, "" where it can."""

    path: str
    method: str
    id: str
    summary: str
    reason: str


def operations(document: Mapping[str, Any], *, kind: EndpointKind = "openapi") -> list[Operation]:
    """Every operation of ``document`` with a JSON body, in its order.

    Raises:
        SchemaError: the document refers to itself where its operations should be.
    """
    reader = NodeReader(document, "the service", _LISTED_NODES)
    found = described_operations(document, reader)
    return [Operation(o.path, o.method, o.id, o.summary, _reason(o, kind, reader)) for o in found]


def _reason(described: Described, kind: EndpointKind, reader: NodeReader) -> str:
    try:
        _schema(described, kind, described.id or described.path, reader)
    except SchemaError as error:
        return error.message
    return ""


def from_openapi(
    document: Mapping[str, Any],
    *,
    kind: EndpointKind,
    operation: tuple[str, str] = ("", ""),
    model: str = "",
) -> ServiceSchema:
    """The schema of one operation of a service.

    Args:
        document: its description, parsed.
        kind: what the service is taken to be; where the document itself shows what it is, that counts.
        operation: path and method; needed where several operations take JSON.
        model: the function's name, for messages.

    Raises:
        SchemaError: there is no such operation, or none can be told from the others, or it cannot be a function;
            ``code`` tells these apart, ``hint`` what to add to the document or the entry script.
    """
    name = model or "the service"
    found = described_operations(document, NodeReader(document, name))
    described = _chosen(_preferred(list(found), kind), operation, name)
    return _schema(described, kind, name, NodeReader(document, name))


def _preferred(found: list[Described], kind: EndpointKind) -> list[Described]:
    """Without those beside the one that scores: a classic web service also describes its jobs."""
    if kind == "azureml_classic":
        return [o for o in found if o.path.endswith("/execute")] or found
    return [o for o in found if o.id == _SCORE] or found


def _chosen(found: list[Described], operation: tuple[str, str], model: str) -> Described:
    path, method = operation
    wanted = [o for o in found if path in {"", o.path} and method.lower() in {"", o.method}]
    if len(wanted) == 1:
        return wanted[0]
    if not wanted:
        what = f"the operation {method.upper()} {path}".replace("  ", " ") if path else "an operation"
        raise refusal("no_operation", f"The description of {model} has not {what} that takes JSON.", model)
    names = ", ".join(f"{o.method.upper()} {o.path}" for o in wanted[:10])
    raise refusal("operation", f"The description of {model} has several operations: {names}.", model)


def _schema(described: Described, kind: EndpointKind, model: str, reader: NodeReader) -> ServiceSchema:
    body, answer = reader.read(described.body), reader.read(described.answer or {})
    if kind == "azureml_classic" or (described.path.endswith("/execute") and "Inputs" in body.properties):
        return _checked(read_classic(body, answer, model), model)
    if described.asks:
        names = ", ".join(f"'{name}'" for name in described.asks)
        raise refusal("no_inputs", f"{model} asks for values outside of its body ({names}).", model)
    decorated = kind in {"azureml", "azureml_mlflow"} or described.id == _SCORE
    inputs = read_inputs(body, answer, model, decorated=decorated)
    many = not single_row(inputs.sent.layout)
    outputs = read_outputs(answer, model, many=many, decorated=decorated)
    answered = _automated(inputs, outputs.answered) if decorated else outputs.answered
    sent = replace(inputs.sent, method=described.method.upper())
    signature = Signature(inputs.parameters, outputs.fields, inputs.params)
    return _checked(ServiceSchema(signature, JsonForm(sent, answered)), model)


def _automated(inputs: Inputs, answered: Answered) -> Answered:
    """What automated ML answers is not what it describes: a text of JSON with the predictions under 'result'."""
    settings = {param.name for param in inputs.params}
    if inputs.sent.path == ("data",) and settings == {"method"} and answered.path == ():
        return Answered(("result",), answered.layout, text=True)
    return answered


def _checked(schema: ServiceSchema, model: str) -> ServiceSchema:
    """The schema, where its names are such that they can be told apart and stored."""
    signature = schema.signature
    for names in (
        [p.name for p in signature.parameters],
        [output.name for output in signature.outputs],
        [p.name for p in signature.params],
    ):
        bad = next((n for n in names if not n or "\0" in n or not n.isprintable() or names.count(n) > 1), None)
        if bad is not None:
            raise refusal(
                "name", f"In the description of {model}, the name {bad!a} is empty, double or unprintable.", model
            )
    return schema
