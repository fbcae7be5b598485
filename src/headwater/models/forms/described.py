"""Forms of JSON that a service's description tells: plain data, which is stored, and what writes and reads by it.

A request is a template, into which the rows and the settings of the call are put at their paths; an answer has its rows
at a path. How rows lie there is a layout of :mod:`headwater.models.forms.layouts`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import pyarrow as pa

from headwater.errors import UsageError
from headwater.models.forms.base import FormError, Request
from headwater.models.forms.layouts import Layout, read_rows, single_row, write_rows
from headwater.models.forms.values import ColumnWriter, read_column, read_texts
from headwater.models.signature import Signature
from headwater.net.jsons import parse_json

__all__ = ["Answered", "DescribedForm", "JsonForm", "ParamPlace", "Path", "Sent", "read_json", "unknown_settings"]

Path = tuple[str, ...]
"""Names of members, from the outermost in; () is the whole body."""

_LAYOUT_NAMES: Mapping[Layout, str] = {
    "records": "one object a row",
    "values": "one list a row",
    "items": "one value a row",
    "lists": "one list a column",
    "split": "pandas' split form",
    "columns": "pandas' columns form",
    "index": "pandas' index form",
    "table": "pandas' table form",
    "classic": "a classic web service's table",
    "row": "one row a call",
    "value": "one value a call",
}


@dataclass(frozen=True, slots=True)
class ParamPlace:
    """Where a setting of the call goes."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Sent:
    """How a request is written.

    Attributes:
        path: where the rows go.
        layout: how they lie there.
        template: what is sent besides them, and what is sent for a setting that nobody sets.
        params: where each setting goes.
        omit: columns that are left out of a row where they are null.
        zone: put behind each moment: "Z" where the description asks for moments of a time zone.
        non_finite: the service's reader of JSON takes NaN and Infinity, as Python's does.
        query: put behind the address: "?api-version=2.0".
        method: of the request.
    """

    path: Path
    layout: Layout
    template: Mapping[str, Any] = field(default_factory=dict)
    params: tuple[ParamPlace, ...] = ()
    omit: tuple[str, ...] = ()
    zone: str = ""
    non_finite: bool = False
    query: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Answered:
    """How an answer is read; ``text`` says that the JSON may come as a text within JSON."""

    path: Path
    layout: Layout
    text: bool = False


@dataclass(frozen=True, slots=True)
class JsonForm:
    """How a service takes rows and gives answers, as its description tells it."""

    sent: Sent
    answered: Answered

    def describe(self) -> str:
        """The form in words, for people.

        >>> JsonForm(Sent(("data",), "records"), Answered((), "items")).describe()
        "sends one object a row under 'data', reads one value a row"
        """
        sends = f"sends {_LAYOUT_NAMES[self.sent.layout]}{_under(self.sent.path)}"
        return f"{sends}, reads {_LAYOUT_NAMES[self.answered.layout]}{_under(self.answered.path)}"


def _under(path: Path) -> str:
    return f" under '{'.'.join(path)}'" if path else ""


class DescribedForm:
    """The :class:`~headwater.models.forms.base.ServiceForm` of a :class:`JsonForm`."""

    def __init__(self, form: JsonForm, signature: Signature) -> None:
        self._sent, self._answered = form.sent, form.answered
        self._names = [parameter.name for parameter in signature.parameters]
        self._places = {place.name: place.path for place in form.sent.params}
        self._outputs = signature.output_schema

    @property
    def max_rows(self) -> int | None:
        """One, where the form has no place for several."""
        return 1 if single_row(self._sent.layout) or single_row(self._answered.layout) else None

    def encode(self, batch: pa.RecordBatch, params: Mapping[str, Any]) -> Request:
        """The request for a batch.

        Raises:
            FormError: the batch holds a NaN or an infinity, and the service's JSON has none.
            UsageError: a setting is none of the service's.
        """
        writer = ColumnWriter(self._sent.zone)
        columns = [writer.values(column) for column in batch.columns]
        rows = write_rows(self._sent.layout, self._names, columns, omit=self._sent.omit)
        body: Any = self._sent.template
        if unknown := params.keys() - self._places.keys():
            raise unknown_settings(unknown)
        for name, value in params.items():
            body = _with(body, self._places[name], value)
        return Request(
            self._written(_with(body, self._sent.path, rows), non_finite=writer.non_finite),
            method=self._sent.method,
            path=self._sent.query,
        )

    def decode(self, body: bytes, content_type: str, rows: int) -> pa.RecordBatch:
        """The answer as a batch of the signature's output schema."""
        answer = read_json(body)
        if self._answered.text and isinstance(answer, str):
            answer = read_json(answer.encode())
        for name in self._answered.path:
            if not isinstance(answer, dict) or name not in answer:
                raise FormError(f"the answer has nothing under '{'.'.join(self._answered.path)}'")
            answer = answer[name]
        if self._answered.text and isinstance(answer, str) and self._answered.layout != "value":
            answer = read_json(answer.encode())
        columns = read_rows(self._answered.layout, answer, self._outputs.names, rows)
        read_cells = read_texts if self._answered.layout == "classic" else read_column
        read = [read_cells(column, f.type, f.name) for column, f in zip(columns, self._outputs, strict=True)]
        return pa.RecordBatch.from_arrays(read, schema=self._outputs)

    def _written(self, body: Any, *, non_finite: bool) -> bytes:
        if not non_finite:
            return orjson.dumps(body)
        if not self._sent.non_finite:
            raise FormError("a number is NaN or infinite, for which the service has no form")
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _with(body: Any, path: Path, value: Any) -> Any:
    """``body`` with ``value`` at ``path``; what lies around it is copied, since the template serves every call."""
    if not path:
        # The rows of a table have their description beside them.
        return {**body, **value} if isinstance(body, Mapping) and body and isinstance(value, dict) else value
    first, *rest = path
    inside = body.get(first, {}) if isinstance(body, Mapping) else {}
    return {**(body if isinstance(body, Mapping) else {}), first: _with(inside, tuple(rest), value)}


def unknown_settings(names: Iterable[str]) -> UsageError:
    """The error for settings that a service does not take."""
    return UsageError(
        f"The model does not take {', '.join(map(repr, sorted(names)))} as a setting of the call.",
        code="model.params",
        hint="Leave it out, or see which settings the function's documentation names.",
    )


def read_json(body: bytes) -> Any:
    """An answer's JSON, bare NaN and Infinity included.

    Raises:
        FormError: it is none.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return parse_json(body)
    except ValueError:
        # Without the cause: it quotes the text.
        raise FormError("the answer is no JSON") from None
