"""A signature from a pasted sample: the JSON that somebody sends a model, and the JSON that it answers.

What is sent may be one row (an object), a list of rows, a split table (``columns`` and ``data``), nested arrays, or
any of these in the wrapping that scoring servers want (``dataframe_split``, ``dataframe_records``, ``instances``,
``inputs``, ``input_data``, ``data``). What is answered has one value for each row, perhaps under ``predictions``.

Nested arrays without names are one tensor parameter, ``input``, a list for each row. Dates and moments are text, since
JSON has no others; whoever knows better states the type of that field, in M's syntax.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from headwater.errors import SchemaError
from headwater.models.schemas.inferred import Typed, typed_column
from headwater.models.schemas.typed import type_from_text
from headwater.models.signature import INPUT, PREDICTION, ModelParam, Parameter, Signature
from headwater.net.jsons import parse_json
from headwater.plan.types import Field

__all__ = [
    "NOTHING_STATED",
    "Sample",
    "outputs_of",
    "parameters_of",
    "params_of",
    "read_sample",
    "signature_from_sample",
]

NOTHING_STATED: Mapping[str, str] = MappingProxyType({})

#: What servers wrap rows in. Under the first two there is nothing else that the content could be.
_ENVELOPES = ("dataframe_split", "dataframe_records", "instances", "inputs", "input_data", "data")
_ANSWER_ENVELOPES = ("predictions",)
_PARAMS = "params"
_SPLIT = frozenset({"columns", "index", "data"})


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows as they were sent.

    Attributes:
        rows: the arguments of each row by parameter.
        tensors: which parameters are tensors, whose rows have lists of the same length.
        envelope: what the rows were wrapped in, "" for nothing.
        alone: whether it was one row that was no member of a list.
        params: settings of the call that were sent with them.
    """

    rows: tuple[Mapping[str, Any], ...]
    tensors: frozenset[str] = frozenset()
    envelope: str = ""
    alone: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)


def signature_from_sample(
    given: str | bytes, answered: str | bytes, stated: Mapping[str, str] = NOTHING_STATED
) -> Signature:
    """The signature of whatever answers ``answered`` to ``given``.

    Args:
        given: the JSON that was sent.
        answered: the JSON that came back.
        stated: types that somebody knows better, in M's syntax, by the name of the parameter or output.

    Raises:
        SchemaError: one of them is no JSON, they do not go together, or the type of a field cannot be told.

    >>> signature = signature_from_sample('[{"x": 1}, {"x": 2.5}]', '{"predictions": [true, false]}')
    >>> [(p.name, str(p.wire)) for p in signature.parameters], signature.result.kind.name
    ([('x', 'double')], 'LOGICAL')
    """
    sample = read_sample(_parsed(given, "what was sent"))
    outputs = outputs_of(_parsed(answered, "the answer"), sample, stated)
    parameters = parameters_of(sample, stated)
    _check_stated(stated, {*(p.name for p in parameters), *(output.name for output in outputs)})
    return Signature(parameters, outputs, params_of(sample))


def read_sample(value: Any, *, columnar: bool = True) -> Sample:
    """The rows in parsed JSON.

    Args:
        value: what was sent.
        columnar: an object of lists of one length, where something is wrapped around it, holds columns; otherwise it
            is a row whose arguments are lists.

    Raises:
        SchemaError: there are no rows in it.
    """
    if isinstance(value, dict):
        envelope = next((name for name in _ENVELOPES if _is_envelope(value, name)), "")
        if envelope:
            params = value.get(_PARAMS)
            sample = _content(value[envelope], columnar=columnar)
            return replace(sample, envelope=envelope, params=params if isinstance(params, dict) else {})
        if "columns" in value and _is_split(value):
            return _split(value)
        return _checked(Sample((value,), alone=True))
    return _content(value, columnar=columnar)


def parameters_of(sample: Sample, stated: Mapping[str, str] = NOTHING_STATED) -> tuple[Parameter, ...]:
    """The parameters by the values that were sent; one that a row lacked is optional.

    Raises:
        SchemaError: the type of one cannot be told.
    """
    return tuple(
        Parameter(name, typed.plan, typed.wire, typed.present, shape=typed.shape if name in sample.tensors else ())
        for name, typed in _typed(sample.rows, stated).items()
    )


def outputs_of(answer: Any, sample: Sample, stated: Mapping[str, str] = NOTHING_STATED) -> tuple[Field, ...]:
    """The outputs by what was answered: the members of objects, or one that is called ``prediction``.

    Raises:
        SchemaError: there is not one value for each row that was sent, or the type of one cannot be told.
    """
    if isinstance(answer, dict):
        answer = next((answer[name] for name in _ANSWER_ENVELOPES if list(answer) == [name]), answer)
    rows = _answer_rows(answer, sample)
    # Objects among other things do not go together: they stay one column, whose type says so.
    named = rows if all(isinstance(row, dict) for row in rows) else [{PREDICTION: row} for row in rows]
    return tuple(Field(name, typed.plan.as_nullable()) for name, typed in _typed(named, stated).items())


def params_of(sample: Sample) -> tuple[ModelParam, ...]:
    """The settings that were sent. Their defaults are the model's own, and nobody knows those."""
    return tuple(_param(name, value) for name, value in sample.params.items())


# What was sent ------------------------------------------------------------------------------------------------------


def _is_envelope(value: Mapping[str, Any], name: str) -> bool:
    """Whether the object wraps its rows under this name, and is no row that happens to have a field of it."""
    others = set(value) - {name, _PARAMS, "index", "method", "GlobalParameters"}
    content = value.get(name)
    if others or not isinstance(content, list | dict):
        return False
    if name != "data":
        return True
    return isinstance(content, list) and bool(content) and all(isinstance(row, list | dict) for row in content)


def _content(value: Any, *, columnar: bool) -> Sample:
    if isinstance(value, list):
        return _checked(_listed(value))
    if not isinstance(value, dict):
        raise _no_rows()
    if _is_split(value):
        return _split(value)
    lengths = {len(column) if isinstance(column, list) else None for column in value.values()}
    if columnar and len(lengths) == 1 and None not in lengths:
        rows = [dict(zip(value, cells, strict=True)) for cells in zip(*value.values(), strict=True)]
        return _checked(Sample(tuple(rows), frozenset(value)))
    return _checked(Sample((value,), alone=True))


def _listed(values: Sequence[Any]) -> Sample:
    if values and all(isinstance(row, dict) for row in values):
        return Sample(tuple(values))
    return Sample(tuple({INPUT: value} for value in values), frozenset({INPUT}))


def _is_split(value: Mapping[str, Any]) -> bool:
    data = value.get("data")
    return set(value) <= _SPLIT and isinstance(data, list) and all(isinstance(row, list) for row in data)


def _split(value: Mapping[str, Any]) -> Sample:
    data: list[list[Any]] = value["data"]
    width = max(map(len, data), default=0)
    columns = value.get("columns")
    names = [str(name) for name in columns] if isinstance(columns, list) else _numbered(width)
    if any(len(row) != len(names) for row in data) or len(set(names)) != len(names):
        raise SchemaError(
            "The rows of the sample do not have one cell for each column.",
            code="model.schema.sample",
            hint="Give 'columns' with distinct names, and 'data' with as many cells in each row.",
        )
    return _checked(Sample(tuple(dict(zip(names, row, strict=True)) for row in data)))


def _numbered(width: int) -> list[str]:
    return [INPUT] if width == 1 else [f"{INPUT}_{position}" for position in range(1, width + 1)]


def _checked(sample: Sample) -> Sample:
    if sample.rows and any(sample.rows):
        return sample
    raise _no_rows()


def _no_rows() -> SchemaError:
    return SchemaError(
        "The sample has no row that was sent.",
        code="model.schema.sample",
        hint="Give one row as an object, or a list of rows.",
    )


# What was answered --------------------------------------------------------------------------------------------------


def _answer_rows(answer: Any, sample: Sample) -> list[Any]:
    if sample.alone:
        return answer if isinstance(answer, list) and len(answer) == 1 else [answer]
    sent = len(sample.rows)
    if isinstance(answer, dict) and answer and all(_is_column(column, sent) for column in answer.values()):
        return [dict(zip(answer, cells, strict=True)) for cells in zip(*answer.values(), strict=True)]
    if isinstance(answer, list) and len(answer) == sent:
        return answer
    told = f"{len(answer)} values" if isinstance(answer, list) else "something that is no list"
    raise SchemaError(
        f"The answer to {sent} rows is {told}.",
        code="model.schema.sample",
        hint="Give the answer to exactly what was sent: a list with one value or object for each row.",
    )


def _is_column(value: Any, rows: int) -> bool:
    return isinstance(value, list) and len(value) == rows


# Types --------------------------------------------------------------------------------------------------------------


def _typed(rows: Sequence[Mapping[str, Any]], stated: Mapping[str, str]) -> dict[str, Typed]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: _stated(rows, name, stated) for name in names}


def _stated(rows: Sequence[Mapping[str, Any]], name: str, stated: Mapping[str, str]) -> Typed:
    if name not in stated:
        return typed_column(rows, name)
    plan, wire = type_from_text(stated[name])
    return Typed(plan, wire, all(name in row for row in rows))


def _check_stated(stated: Mapping[str, str], names: set[str]) -> None:
    for name in stated:
        if name not in names:
            raise SchemaError(
                f"A type is stated for '{name}', which is not in the sample.",
                code="model.schema.sample",
                place=name,
                hint="State types by the names that parameters and outputs have in the sample.",
            )


_PARAM_TYPES = {"bool": "boolean", "int64": "long", "double": "double", "string": "string"}


def _param(name: str, value: Any) -> ModelParam:
    is_list = isinstance(value, list)
    wire = typed_column([{name: each} for each in (value if isinstance(value, list) else [value])], name).wire
    if str(wire) in _PARAM_TYPES:
        return ModelParam(name, _PARAM_TYPES[str(wire)], None, is_list=is_list)
    raise SchemaError(
        f"The setting '{name}' of the sample has a form that no setting can have.",
        code="model.schema.type",
        place=name,
        hint="Settings of a call are true or false, numbers, texts, and lists of these.",
    )


def _parsed(text: str | bytes, what: str) -> Any:
    try:
        return parse_json(text.encode(errors="surrogatepass") if isinstance(text, str) else text)
    except ValueError:
        raise SchemaError(
            f"The sample cannot be read: {what} is no JSON.",
            code="model.schema.sample",
            hint="Paste the JSON text as it goes over the wire, with names and texts in double quotes.",
        ) from None
