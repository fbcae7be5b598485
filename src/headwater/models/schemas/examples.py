"""A signature from the input example that was logged with an MLflow model.

An example says what the model is given. What it answers is not in it: that takes a recorded answer to the example, or
another source. What JSON has no form for arrives as MLflow writes it: moments are text, binary is base64 text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from headwater.errors import SchemaError
from headwater.models.schemas.inferred import DEEPEST
from headwater.models.schemas.samples import (
    NOTHING_STATED,
    Sample,
    outputs_of,
    parameters_of,
    params_of,
    read_sample,
)
from headwater.models.signature import ModelParam, Parameter, Signature
from headwater.net.jsons import parse_json

__all__ = ["ExampleInfo", "inputs_from_example", "saved_example", "signature_from_example"]


#: So many columns are believed to be a model's.
_WIDEST = 1_000_000


@dataclass(frozen=True, slots=True)
class ExampleInfo:
    """What an ``MLmodel`` file says about the example beside it: its path, and MLflow's word for its form."""

    path: str
    type: str = ""
    has_params: bool = False


def saved_example(mlmodel: bytes) -> ExampleInfo | None:
    """Where an MLflow model's input example lies; None where none was logged, or the file cannot be read.

    >>> saved_example(b"saved_input_example_info: {artifact_path: input_example.json, type: ndarray}")
    ExampleInfo(path='input_example.json', type='ndarray', has_params=False)
    """
    try:
        described = yaml.safe_load(mlmodel)
    except yaml.YAMLError:
        return None
    info = described.get("saved_input_example_info") if isinstance(described, dict) else None
    if not isinstance(info, dict) or not isinstance(info.get("artifact_path"), str):
        return None
    return ExampleInfo(info["artifact_path"], str(info.get("type") or ""), info.get("params") in ("true", True))


def signature_from_example(
    example: bytes,
    output_example: bytes | None = None,
    *,
    info: ExampleInfo | None = None,
    stated: Mapping[str, str] = NOTHING_STATED,
    model: str = "the model",
) -> Signature:
    """The signature of a model by its example, and by what it answered to that.

    Args:
        example: the content of ``input_example.json`` or ``serving_input_example.json``.
        output_example: the recorded answer, as JSON, perhaps under ``predictions``.
        info: what ``MLmodel`` says about the former file; None for the latter, which says it by its form.
        stated: types that somebody knows better, in M's syntax, by name.
        model: its name, for messages.

    Raises:
        SchemaError: there is no recorded answer, or what there is does not tell a type.
    """
    sample = _sample(example, info, model)
    if output_example is None:
        raise SchemaError(
            f"The example of {model} says what goes in, and nothing says what comes out.",
            code="model.schema.no_outputs",
            place=model,
            hint="Record the model's answer to its example, or log it with "
            "signature=mlflow.models.infer_signature(inputs, model.predict(inputs)).",
        )
    outputs = outputs_of(_json(output_example, f"The recorded answer of {model}", model), sample, stated)
    return Signature(parameters_of(sample, stated), outputs, params_of(sample))


def inputs_from_example(
    example: bytes,
    *,
    info: ExampleInfo | None = None,
    stated: Mapping[str, str] = NOTHING_STATED,
    model: str = "the model",
) -> tuple[tuple[Parameter, ...], tuple[ModelParam, ...]]:
    """The parameters and settings that an example shows; arguments as for :func:`signature_from_example`.

    Raises:
        SchemaError: the example cannot be read, or does not tell a type.
    """
    sample = _sample(example, info, model)
    return parameters_of(sample, stated), params_of(sample)


def _sample(example: bytes, info: ExampleInfo | None, model: str) -> Sample:
    value = _without_nan(_json(example, f"The input example of {model}", model))
    if info is None:
        return read_sample(value)
    if info.has_params and isinstance(value, dict):
        value = {"params": value.get("params"), "inputs": value.get("inputs")}
    else:
        value = {"inputs": value}
    inputs = value["inputs"]
    if info.type.startswith("sparse_matrix"):
        value["inputs"] = [[0.0] * _width(inputs, model)]
    elif not isinstance(inputs, list | dict):
        value["inputs"] = [inputs]
    return read_sample(value, columnar=info.type == "ndarray")


def _without_nan(value: Any, depth: int = 0) -> Any:
    """The value with null where pandas wrote its missing values, of texts too, as NaN."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if depth > DEEPEST:
        return value  # nothing that deep gets a type
    if isinstance(value, list):
        return [_without_nan(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: _without_nan(member, depth + 1) for key, member in value.items()}
    return value


def _width(matrix: Any, model: str) -> int:
    shape = matrix.get("shape") if isinstance(matrix, dict) else None
    if isinstance(shape, list) and len(shape) == 2 and isinstance(shape[1], int) and 0 < shape[1] <= _WIDEST:
        return shape[1]
    raise _unreadable(f"The input example of {model}", model)


def _json(content: bytes, what: str, model: str) -> Any:
    try:
        return parse_json(content)
    except ValueError:
        raise _unreadable(what, model) from None


def _unreadable(what: str, model: str) -> SchemaError:
    return SchemaError(
        f"{what} cannot be read.",
        code="model.schema.example",
        place=model,
        hint="Log the model again with input_example=…, or supply the signature.",
    )
