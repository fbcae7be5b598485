"""Signatures that a person writes in a line, in M's own syntax of types.

::

    (distance as Int64.Type, optional note as nullable text) => [probability = Double.Type, label = text]

Before ``=>`` stand the parameters of an M function type, after it the type of one prediction; the function type itself,
``type function (…) as …``, is read as well. One result that has no name is called ``prediction``. Settings of the call
are what an optional last parameter holds under ``params``, as a caller writes them:
``optional options as [params = [threshold = Double.Type]]``.

====================================  =========  ==================================
written                               plan       wire
====================================  =========  ==================================
logical                               LOGICAL    bool
Int8.Type … Int64.Type, Byte.Type     INT64      int8 … int64, uint8
Single.Type                           DOUBLE     float
number, Double.Type                   DOUBLE     double
Decimal.Type, Currency.Type,          DOUBLE     double: no model takes fixed
Percentage.Type                                  decimals, and M sends the number
text, and text's other names          TEXT       string
date                                  DATE       date32
datetime                              DATETIME   timestamp[us]
binary                                BINARY     binary
{T}                                   LIST       list
[a = T, b = U]                        RECORD     struct
====================================  =========  ==================================

``nullable`` says of a parameter whether null may be passed, whatever its type; ``optional`` that the model does without
it. Inside lists and records, and in results, null may always stand, so it is not written there.

Nothing is evaluated: the text is parsed, and what is no type is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pyarrow as pa

from headwater.errors import MSyntaxError, SchemaError
from headwater.models.signature import PREDICTION, ModelParam, Parameter, Signature
from headwater.plan.types import (
    BINARY,
    DATE,
    DATETIME,
    DOUBLE,
    INT64,
    LOGICAL,
    TEXT,
    DataType,
    Field,
    Kind,
    list_type,
    record_type,
)
from headwater.powerquery.language import (
    parse_expression,
    quote_field_name,
    quote_identifier,
    quote_text,
    syntax,
    tokenize,
)
from headwater.powerquery.values.types import FACETS

__all__ = ["signature_from_text", "signature_to_text", "type_from_text"]

#: The member of the options that holds the settings of a call, and what the options are called.
_PARAMS, _OPTIONS = "params", "options"

#: Nobody's types are nested deeper; each level here is a call of this module's functions.
_DEEPEST = 32

_EXAMPLE = "(distance as Int64.Type, carrier as text) => [probability = Double.Type]"

_Types = tuple[DataType, pa.DataType]

#: By the name that prints it, the most usual first: a wire type is printed as the first that has it.
_SCALARS: dict[str, _Types] = {
    "logical": (LOGICAL, pa.bool_()),
    "Int64.Type": (INT64, pa.int64()),
    "Int32.Type": (INT64, pa.int32()),
    "Int16.Type": (INT64, pa.int16()),
    "Int8.Type": (INT64, pa.int8()),
    "Byte.Type": (INT64, pa.uint8()),
    "Double.Type": (DOUBLE, pa.float64()),
    "Single.Type": (DOUBLE, pa.float32()),
    "text": (TEXT, pa.string()),
    "date": (DATE, pa.date32()),
    "datetime": (DATETIME, pa.timestamp("us")),
    "binary": (BINARY, pa.binary()),
}

#: What is read as another name of these.
_ALSO = {
    "number": "Double.Type",
    "Decimal.Type": "Double.Type",
    "Currency.Type": "Double.Type",
    "Percentage.Type": "Double.Type",
}

#: Stands for the arrow in the M text.
_AS = " as "

_TYPES_HINT = (
    f"The types are {', '.join(_SCALARS)}, lists {{{{…}}}} and records [name = …] of these; a time, a zoned "
    "time or a duration travels as text or a number."
)

#: MLflow's names of the types that a setting can have.
_PARAM_TYPES: dict[str, str] = {
    "logical": "boolean",
    "Int64.Type": "long",
    "Int32.Type": "integer",
    "Double.Type": "double",
    "Single.Type": "float",
    "text": "string",
    "datetime": "datetime",
}


def signature_from_text(text: str) -> Signature:
    """The signature that somebody wrote.

    Raises:
        SchemaError: the text cannot be read, or a type in it is none that a model takes; the place says where.

    >>> signature = signature_from_text("(distance as Int32.Type, optional note as nullable text) => Double.Type")
    >>> [(p.name, str(p.wire), p.required) for p in signature.parameters], signature.outputs[0].name
    ([('distance', 'int32', True), ('note', 'string', False)], 'prediction')
    """
    source = _Source.of(text)
    tree = source.parse()
    if not isinstance(tree, syntax.FunctionType):
        raise source.error("The text is no function type.", tree)
    settings = _settings(tree.parameters[-1]) if tree.parameters else None
    parameters = tree.parameters if settings is None else tree.parameters[:-1]
    if not parameters:
        raise source.error("A model's function has at least one parameter.", tree)
    taken = [_parameter(parameter, source) for parameter in parameters]
    params = [_setting(field, source) for field in settings.fields] if settings is not None else []
    return Signature(tuple(taken), _outputs(tree.return_type, source), tuple(params))


def type_from_text(text: str) -> tuple[DataType, pa.DataType]:
    """The plan type, nullable or not, and the wire type of a single type in M's syntax.

    Raises:
        SchemaError: it cannot be read, or is none that a model takes.

    >>> plan, wire = type_from_text("nullable Int32.Type")
    >>> plan.nullable, str(wire)
    (True, 'int32')
    """
    source = _Source(text, f"type {text}", len("type "))
    return _nullable_types(source.parse(), source)


def signature_to_text(signature: Signature) -> str:
    """The signature as a line that :func:`signature_from_text` reads, to the same signature if it came from there.

    What a line has no word for is left out: descriptions, the lengths of tensors, the defaults of settings, that a
    parameter before a required one is optional, unsigned types beyond a byte (a wider signed one stands for them).

    >>> signature_to_text(signature_from_text("type function (x as number, optional n as {text}) as logical"))
    '(x as Double.Type, optional n as {text}) => logical'
    """
    required = max((i for i, p in enumerate(signature.parameters) if p.required), default=-1)
    listed = [_parameter_text(p, optional=i > required) for i, p in enumerate(signature.parameters)]
    if signature.params:
        names = {p.name for p in signature.parameters}
        name = next(n for n in _option_names() if n not in names)
        settings = _record_text((s.name, _setting_text(s)) for s in signature.params)
        listed.append(f"optional {name} as [{_PARAMS} = {settings}]")
    return f"({', '.join(listed)}) => {_result_text(signature.outputs)}"


# Reading ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    """What somebody wrote, and the M text made of it: ``prefix`` characters were put in front, and ``arrow`` (an offset
    into the M text) is where ``as`` stands for an arrow.
    """

    text: str
    written: str
    prefix: int
    arrow: int | None = None

    @classmethod
    def of(cls, text: str) -> _Source:
        """A function's type, with or without its first words, or with an arrow."""
        try:
            tokens = tokenize(text)
        except MSyntaxError:
            return cls(text, text, 0)  # to be found again, and reported, when it is parsed
        first = tokens[0].text if tokens else ""
        if first in ("type", "function"):
            prefix = "type " if first == "function" else ""
            return cls(text, prefix + text, len(prefix))
        arrow = next((token.span.start for token in tokens if token.text == "=>"), None)
        if arrow is None:
            raise _unreadable("The text has no '=>' between what the model takes and what it gives.", text, len(text))
        prefix = "type function "
        written = f"{prefix}{text[:arrow]}{_AS}{text[arrow + 2 :]}"
        return cls(text, written, len(prefix), len(prefix) + arrow)

    def parse(self) -> syntax.Expr:
        """The type that the text is.

        Raises:
            SchemaError: it cannot be read.
        """
        try:
            tree = parse_expression(self.written)
        except MSyntaxError as error:
            first = error.diagnostics[0]
            raise _unreadable(first.message, self.text, self._offset(first.start)) from None
        if isinstance(tree, syntax.TypeExpression):
            return tree.type
        raise self.error("The text is no type.", tree)

    def error(self, message: str, node: syntax.Node) -> SchemaError:
        """The text can be read and says something that no signature can."""
        return _unreadable(message, self.text, self._offset(node.span.start), "model.schema.type", _TYPES_HINT)

    def _offset(self, written: int) -> int:
        if self.arrow is not None and written >= self.arrow + len(_AS):
            written -= len(_AS) - len("=>")
        return min(max(written - self.prefix, 0), len(self.text))


def _settings(parameter: syntax.Parameter) -> syntax.RecordType | None:
    """The settings of the call, where this is the parameter that holds them."""
    outer = parameter.type
    if not (parameter.optional and isinstance(outer, syntax.RecordType) and len(outer.fields) == 1):
        return None
    inner = outer.fields[0]
    return inner.type if inner.name == _PARAMS and isinstance(inner.type, syntax.RecordType) else None


def _parameter(parameter: syntax.Parameter, source: _Source) -> Parameter:
    assert parameter.type is not None, "in a function type each parameter has a type"
    plan, wire = _nullable_types(parameter.type, source)
    return Parameter(parameter.name, plan, wire, required=not parameter.optional)


def _outputs(tree: syntax.Expr, source: _Source) -> tuple[Field, ...]:
    tree = tree.inner if isinstance(tree, syntax.NullableType) else tree
    if not isinstance(tree, syntax.RecordType):
        return (Field(PREDICTION, _types(tree, source)[0]),)
    plan, _ = _types(tree, source)
    return plan.fields


def _setting(field: syntax.FieldType, source: _Source) -> ModelParam:
    tree = field.type
    is_list = isinstance(tree, syntax.ListType)
    if isinstance(tree, syntax.ListType):
        tree = tree.item
    name = _scalar_name(tree) if tree is not None else None
    if name not in _PARAM_TYPES:
        raise source.error(f"The setting '{field.name}' has a type that no setting can have.", field)
    return ModelParam(field.name, _PARAM_TYPES[name], None, is_list=is_list)


def _nullable_types(tree: syntax.Expr, source: _Source) -> _Types:
    nullable = isinstance(tree, syntax.NullableType)
    plan, wire = _types(tree, source)
    return replace(plan, nullable=nullable), wire


def _types(tree: syntax.Expr, source: _Source, depth: int = 0) -> _Types:
    """The type, nullable as types inside others are."""
    if depth > _DEEPEST:
        raise source.error("The type is nested too deeply.", tree)
    match tree:
        case syntax.NullableType(inner=inner):
            return _types(inner, source, depth + 1)
        case syntax.ListType(item=item):
            plan, wire = _types(item, source, depth + 1)
            return list_type(plan), pa.list_(wire)
        case syntax.RecordType():
            return _record_types(tree, source, depth)
    name = _scalar_name(tree)
    if name is None:
        raise source.error("This is no type that a model takes or gives.", tree)
    return _SCALARS[name]


def _record_types(tree: syntax.RecordType, source: _Source, depth: int) -> _Types:
    if tree.open or not tree.fields:
        raise source.error("A record that a model takes or gives has all its fields named.", tree)
    members = {}
    for field in tree.fields:
        if field.type is None:
            raise source.error(f"The field '{field.name}' has no type.", field)
        members[field.name] = _types(field.type, source, depth + 1)
    plan = record_type({name: plan for name, (plan, _) in members.items()})
    return plan, pa.struct([pa.field(name, wire) for name, (_, wire) in members.items()])


def _scalar_name(tree: syntax.Expr) -> str | None:
    """The name under which :data:`_SCALARS` has a type; None where it has not."""
    if isinstance(tree, syntax.PrimitiveType):
        name = tree.name
    elif isinstance(tree, syntax.Identifier) and tree.name in FACETS:
        facet = FACETS[tree.name]
        name = facet.facet if facet.name == "number" and facet.facet else facet.name
    else:
        return None
    name = _ALSO.get(name, name)
    return name if name in _SCALARS else None


def _unreadable(
    message: str, text: str, offset: int, code: str = "model.schema.text", hint: str = f"Write it like {_EXAMPLE}."
) -> SchemaError:
    before = text[:offset]
    line, column = before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
    return SchemaError(message, code=code, place=f"line {line}, column {column}", hint=hint)


# Printing -----------------------------------------------------------------------------------------------------------


def _parameter_text(parameter: Parameter, *, optional: bool) -> str:
    words = ["optional"] if optional else []
    words += [quote_identifier(parameter.name), "as"]
    words += ["nullable"] if parameter.type.nullable else []
    return " ".join([*words, _wire_text(parameter.wire)])


def _result_text(outputs: Sequence[Field]) -> str:
    if len(outputs) == 1 and outputs[0].name == PREDICTION and outputs[0].type.kind is not Kind.RECORD:
        return _plan_text(outputs[0].type)
    return _record_text((field.name, _plan_text(field.type)) for field in outputs)


def _record_text(members: Iterable[tuple[str, str]]) -> str:
    return "[" + ", ".join(f"{_member_name(name)} = {text}" for name, text in members) + "]"


def _member_name(name: str) -> str:
    """A name of a record type's field, where ``optional`` in front of a name would mean something else."""
    return f"#{quote_text(name)}" if name.startswith("optional ") else quote_field_name(name)


def _option_names() -> Iterator[str]:
    yield _OPTIONS
    yield from (f"{_OPTIONS}{number}" for number in count(2))


def _setting_text(setting: ModelParam) -> str:
    names = {mlflow: name for name, mlflow in _PARAM_TYPES.items()}
    name = names.get(setting.type, "text")
    return f"{{{name}}}" if setting.is_list else name


#: Plan types print as the first name that has them.
_PLAN_NAMES: dict[Kind, str] = {plan.kind: name for name, (plan, _) in reversed(_SCALARS.items())}


def _plan_text(plan: DataType) -> str:
    match plan.kind:
        case Kind.LIST:
            assert plan.item is not None, "a list type has an item type"
            return f"{{{_plan_text(plan.item)}}}"
        case Kind.RECORD:
            return _record_text((field.name, _plan_text(field.type)) for field in plan.fields)
        case Kind.DECIMAL:
            return "Double.Type"
    return _PLAN_NAMES.get(plan.kind) or str(plan.kind.value)


#: What stands for wire types that M has no name for.
_WIDER: dict[Any, str] = {pa.uint16(): "Int32.Type", pa.uint32(): "Int64.Type", pa.uint64(): "Int64.Type"}
_WIRE_NAMES: dict[Any, str] = {wire: name for name, (_, wire) in _SCALARS.items()} | _WIDER


def _wire_text(wire: pa.DataType) -> str:
    if pa.types.is_list(wire):
        return f"{{{_wire_text(wire.value_type)}}}"
    if pa.types.is_struct(wire):
        return _record_text((member.name, _wire_text(member.type)) for member in wire)
    if pa.types.is_timestamp(wire):
        return "datetime"
    if pa.types.is_decimal(wire):
        return "Double.Type"
    return _WIRE_NAMES.get(wire, "any")
