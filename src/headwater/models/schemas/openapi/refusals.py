"""Why a description gives no function: one place for the codes, each with what to do about it."""

from __future__ import annotations

from headwater.errors import SchemaError

__all__ = ["refusal"]

_HINTS = {
    "no_operation": "Give the address of the description of the service that scores.",
    "operation": "Point at one of them: by its path or its operationId behind a # in the address.",
    "undecorated": (
        "Decorate run() in the entry script with @input_schema and @output_schema of the package inference-schema, "
        "or supply the schema by a sample or by hand."
    ),
    "no_inputs": "Describe the request's body: one property for each value that the model takes.",
    "no_outputs": (
        "Describe the answer of status 200; in an entry script, decorate run() with @output_schema. "
        "Or supply the schema by a sample or by hand."
    ),
    "no_example": (
        "Ask the service for version 3 of its description, which has an example, or use orient='records' in the "
        "entry script."
    ),
    "rows": "Take one list of rows, and put what belongs together into its rows.",
    "type": "Describe it as a number, integer, boolean, string, array, or object with properties.",
    "reference": "Describe it within the same document, without a type that holds itself.",
    "name": "Rename it in the description.",
    "size": "Describe the operation by itself, in a smaller document.",
}


def refusal(reason: str, message: str, model: str) -> SchemaError:
    """The error for ``reason``, a name of the table above: its code is ``model.schema.REASON``."""
    return SchemaError(message, code=f"model.schema.{reason}", place=model, hint=_HINTS[reason])
