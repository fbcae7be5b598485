"""What a request's body takes, and what an answer gives: parameters, settings and outputs, and where each goes.

Many rows go in one call where both have a place for rows: a form of the decorators, a body that is a list, or one list
of objects beside single values. Everything else takes one row a call.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from headwater.models.forms.described import Answered, ParamPlace, Path, Sent
from headwater.models.forms.layouts import Layout
from headwater.models.schemas.openapi.nodes import Node
from headwater.models.schemas.openapi.refusals import refusal
from headwater.models.schemas.openapi.tables import Table, find_tables, read_table
from headwater.models.schemas.openapi.types import Reader, param_of, takes_null, typed
from headwater.models.signature import INPUT, PREDICTION, ModelParam, Parameter
from headwater.plan.types import DOUBLE, Field, Kind

__all__ = ["Inputs", "Outputs", "finite", "parameter", "read_inputs", "read_outputs"]

#: The member of a body that holds settings, by the convention of Azure Machine Learning.
_SETTINGS = "GlobalParameters"

#: What a list of single values is called where it is the answer, and other members are beside it.
_ANSWERS = frozenset({"predictions", "prediction", "results", "result", "scores", "outputs", "labels"})

#: The example of a number that automated ML writes, whatever its models predict.
_PLACEHOLDER = [0]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a body takes."""

    parameters: tuple[Parameter, ...]
    params: tuple[ModelParam, ...]
    sent: Sent


@dataclass(frozen=True, slots=True)
class Outputs:
    """What an answer gives."""

    fields: tuple[Field, ...]
    answered: Answered


def read_inputs(body: Node, answer: Node, model: str, *, decorated: bool) -> Inputs:
    """The parameters and settings of a request.

    Args:
        body: its schema.
        answer: the answer's schema, which tells whether many rows can be sent at once.
        model: the function's name, for messages.
        decorated: Azure's decorators wrote the schema.

    Raises:
        SchemaError: it takes nothing, or something that has no type, or several lists of rows.
    """
    table = _input_table(body, answer, model)
    if table is None:
        return _row_inputs(body, model, decorated=decorated)
    if decorated and table.reader == "json":
        table = replace(table, reader="python")
    optional = _optional(body, table) if table.reader == "json" else frozenset()
    parameters = tuple(
        parameter(name, node, table.reader, model, optional=name in optional, shape=table.shape)
        for name, node in table.columns.items()
    )
    if not parameters:
        raise refusal("no_inputs", f"The rows that {model} takes have no columns.", model)
    settings = _Settings(body, model, decorated=decorated).outside(table.path)
    template = settings.template
    if table.template:
        template = _put(template, table.path, table.template)
    omit = tuple(p.name for p in parameters if p.name in optional and not table.columns[p.name].nullable)
    sent = _sent(table.path, table.layout, template, settings.places, omit, decorated=table.reader != "json")
    return Inputs(parameters, settings.params, sent)


def _sent(
    path: Path,
    layout: Layout,
    template: Mapping[str, Any],
    places: tuple[ParamPlace, ...],
    omit: tuple[str, ...],
    *,
    decorated: bool,
) -> Sent:
    return Sent(path, layout, template, places, omit, zone="" if decorated else "Z", non_finite=decorated)


def _input_table(body: Node, answer: Node, model: str) -> Table | None:
    """Where many rows go; None where a call takes one."""
    found = list(find_tables(body))
    certain = [(path, node) for path, node in found if _is_certain(node)]
    if len(certain) > 1 and not _are_columns(certain):
        places = ", ".join(f"'{'.'.join(path)}'" for path, _ in certain)
        raise refusal("rows", f"{model} takes several lists of rows ({places}).", model)
    if len(certain) > 1:
        return _columns_table(certain, model)
    if not certain and _output_tables(answer):
        certain = _wrapped_rows(found)
    if not certain:
        return None
    ((path, node),) = certain
    return read_table(path, node, _example(body, path), model, path[-1] if path else INPUT)


def _is_certain(node: Node) -> bool:
    return node.format.startswith(("pandas.DataFrame:", "numpy.ndarray"))


def _are_columns(found: list[tuple[Path, Node]]) -> bool:
    """Whether these are lists of single values side by side, one a column."""
    parents = {path[:-1] for path, _ in found}
    return len(parents) == 1 and all(node.items is not None and node.items.kind != "object" for _, node in found)


def _columns_table(found: list[tuple[Path, Node]], model: str) -> Table:
    columns = {path[-1]: node.items for path, node in found if node.items is not None}
    reader: Reader = "numpy" if _is_certain(found[0][1]) else "json"
    return Table(found[0][0][:-1], "lists", reader, columns, certain=True)


def _wrapped_rows(found: list[tuple[Path, Node]]) -> list[tuple[Path, Node]]:
    """The rows of a body that no decorator wrote: itself a list, or one list of objects beside settings."""
    objects = [(path, node) for path, node in found if node.items is not None and node.items.kind == "object"]
    rows = objects if len(objects) == 1 else found if len(found) == 1 and found[0][0] == () else []
    return [(path, node) for path, node in rows if len(path) < 2 or path[0] == "Inputs"]


def _output_tables(answer: Node) -> list[tuple[Path, Node]]:
    """Where the rows of an answer are: one list, or several that are columns; nothing where it answers one row."""
    found = list(find_tables(answer))
    certain = [(path, node) for path, node in found if _is_certain(node)]
    if certain:
        return certain
    if len(found) > 1:
        alone = len(found) == len(answer.at(found[0][0][:-1]).properties)
        return found if alone and _are_columns(found) else []
    if not found:
        return []
    ((path, node),) = found
    objects = node.items is not None and node.items.kind == "object"
    alone = all(len(answer.at(path[:i]).properties) == 1 for i in range(len(path)))
    return found if alone or (len(path) == 1 and (objects or path[0].lower() in _ANSWERS)) else []


def _optional(body: Node, table: Table) -> frozenset[str]:
    items = body.at(table.path).items
    required = items.required if items is not None and items.kind == "object" else frozenset(table.columns)
    return frozenset(table.columns) - required


def _row_inputs(body: Node, model: str, *, decorated: bool) -> Inputs:
    reader: Reader = "python" if decorated else "json"
    if body.kind not in {"object", "any"} and not decorated:
        only = parameter(INPUT, body, reader, model)
        return Inputs((only,), (), _sent((), "value", {}, (), (), decorated=False))
    path = _single_object(body)
    node = body.at(path)
    columns = {n: member for n, member in node.properties.items() if n != _SETTINGS and _counts(member, n, node)}
    if not columns:
        raise _takes_nothing(body, model, decorated=decorated)
    optional = frozenset() if decorated else frozenset(columns) - node.required
    parameters = tuple(
        parameter(name, member, reader, model, optional=name in optional) for name, member in columns.items()
    )
    settings = _Settings(body, model, decorated=decorated).under(_SETTINGS)
    omit = tuple(name for name in columns if name in optional and not columns[name].nullable)
    sent = _sent(path, "row", settings.template, settings.places, omit, decorated=decorated)
    return Inputs(parameters, settings.params, sent)


def _counts(member: Node, name: str, parent: Node) -> bool:
    """Whether a member is a parameter: one without a type that need not be sent is none."""
    return member.kind != "any" or name in parent.required


def _single_object(body: Node) -> Path:
    """The path to what is inside of objects that hold one object alone."""
    path: Path = ()
    node = body
    while True:
        inside = [name for name in node.properties if path or name != _SETTINGS]
        if len(inside) != 1 or not node.properties[inside[0]].properties:
            return path
        path, node = (*path, inside[0]), node.properties[inside[0]]


def _takes_nothing(body: Node, model: str, *, decorated: bool) -> Exception:
    if decorated and not body.properties:
        return refusal("undecorated", f"The description of {model} says nothing of what it takes.", model)
    why = f" ({body.why})" if body.why else ""
    return refusal("no_inputs", f"The description of {model} has no inputs{why}.", model)


def parameter(
    name: str, node: Node, reader: Reader, model: str, *, optional: bool = False, shape: tuple[int, ...] = ()
) -> Parameter:
    """A parameter of this schema; raises SchemaError where it has no type."""
    kind = typed(node, name, reader, model)
    nullable = node.nullable or optional or takes_null(kind.plan, reader)
    return Parameter(name, replace(kind.plan, nullable=nullable), kind.wire, not nullable, node.description, shape)


@dataclass(frozen=True, slots=True)
class _Found:
    params: tuple[ModelParam, ...]
    places: tuple[ParamPlace, ...]
    template: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Settings:
    """The single values of a body that are the same for a whole call."""

    body: Node
    model: str
    decorated: bool

    def outside(self, path: Path) -> _Found:
        """Those that are not at ``path``, where the rows are."""
        return self._found([leaf for leaf in self._leaves(self.body) if leaf[: len(path)] != path])

    def under(self, name: str) -> _Found:
        """Those of one member, where the body has it."""
        if name not in self.body.properties:
            return _Found((), (), {})
        return self._found([leaf for leaf in self._leaves(self.body) if leaf[0] == name])

    def _leaves(self, node: Node, path: Path = ()) -> Iterator[Path]:
        for name, member in node.properties.items():
            if member.kind == "object" and member.properties and not _is_certain(member):
                yield from self._leaves(member, (*path, name))
            else:
                yield (*path, name)

    def _found(self, leaves: list[Path]) -> _Found:
        template: dict[str, Any] = {}
        params, places = [], []
        last = [leaf[-1] for leaf in leaves]
        for leaf in leaves:
            name = leaf[-1] if last.count(leaf[-1]) == 1 else ".".join(leaf)
            default = finite(self._default(leaf))
            if self._is_sent(leaf) and default is not None:
                template = _put(template, leaf, default)
            if self._is_param(leaf, default):
                params.append(param_of(self.body.at(leaf), name, self.model, default))
                places.append(ParamPlace(name, leaf))
        return _Found(tuple(params), tuple(places), template)

    def _default(self, leaf: Path) -> Any:
        """What a setting is when nobody sets it. An entry script asks for all of them, so its example has to do."""
        node = self.body.at(leaf)
        if node.default is not None or not self.decorated or node.kind == "any":
            return node.default
        return _example(self.body, leaf)

    def _is_sent(self, leaf: Path) -> bool:
        """Whether it is sent when nobody sets it."""
        return self.decorated or leaf[-1] in self.body.at(leaf[:-1]).required

    def _is_param(self, leaf: Path, default: Any) -> bool:
        node = self.body.at(leaf)
        inner = node.items if node.kind == "array" and node.items is not None else node
        required = leaf[-1] in self.body.at(leaf[:-1]).required
        return inner.scalar or (required and default is None)


def _put(template: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    first, *rest = path
    inside = template.get(first, {})
    return {**template, first: _put(inside, tuple(rest), value) if rest else value}


def finite(value: Any) -> Any:
    """A value of an example as JSON holds it: None for a NaN or an infinity, within lists and objects too."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [finite(item) for item in value]
    return {key: finite(member) for key, member in value.items()} if isinstance(value, dict) else value


def _example(body: Node, path: Path) -> Any:
    """The example of the member at ``path``: its own, or its part of one further out."""
    own = body.at(path).example
    if own is not None:
        return own
    for end in range(len(path) - 1, -1, -1):
        value = body.at(path[:end]).example
        for name in path[end:]:
            value = value.get(name) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def read_outputs(answer: Node, model: str, *, many: bool, decorated: bool) -> Outputs:
    """The outputs of an answer.

    Args:
        answer: its schema.
        model: the function's name, for messages.
        many: many rows are sent at once; else a list is one row's, unless a decorator says that it has rows.
        decorated: Azure's decorators wrote the schema.

    Raises:
        SchemaError: it tells nothing, or something that has no type, or several lists of rows.
    """
    tables = [(path, node) for path, node in _output_tables(answer) if many or _is_certain(node)]
    if len(tables) > 1:
        if not _are_columns(tables):
            places = ", ".join(f"'{'.'.join(path)}'" for path, _ in tables)
            raise refusal("rows", f"{model} answers several lists of rows ({places}).", model)
        table = _columns_table(tables, model)
    elif tables:
        path, node = tables[0]
        table = read_table(path, node, _example(answer, path), model, PREDICTION)
    else:
        return _row_outputs(answer, model, decorated=decorated)
    placeholder = table.layout == "items" and _example(answer, table.path) == _PLACEHOLDER
    return Outputs(
        _fields(table.columns, table.reader, model, placeholder), Answered(table.path, table.layout, decorated)
    )


def _fields(columns: Mapping[str, Node], reader: Reader, model: str, placeholder: bool = False) -> tuple[Field, ...]:
    known = {name: node for name, node in columns.items() if node.kind != "any"} or columns
    fields = tuple(Field(name, typed(node, name, reader, model).plan) for name, node in known.items())
    if placeholder and fields[0].type.kind is Kind.INT64:
        return (Field(fields[0].name, DOUBLE),)
    if not fields:
        raise _gives_nothing(model)
    return fields


def _row_outputs(answer: Node, model: str, *, decorated: bool) -> Outputs:
    reader: Reader = "python" if decorated else "json"
    if answer.kind == "any" or (answer.kind == "object" and not answer.properties):
        raise _gives_nothing(model)
    if answer.kind != "object":
        return Outputs(_fields({PREDICTION: answer}, reader, model), Answered((), "value", decorated))
    path = _single_object(answer)
    return Outputs(_fields(answer.at(path).properties, reader, model), Answered(path, "row", decorated))


def _gives_nothing(model: str) -> Exception:
    return refusal("no_outputs", f"The description of {model} says nothing of what it answers.", model)
