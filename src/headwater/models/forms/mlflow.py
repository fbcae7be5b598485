"""The forms in which models that MLflow serves take rows.

Rows go to ``/invocations`` as Parquet where they can: every value arrives in the type that the model declares, and the
server reads them many times faster than JSON. Parquet has no place for settings of the call, none for tensors, and
what MLflow reads of a map is a list; these go as JSON. There, MLflow itself refuses some values: a null among
binaries, and whole numbers of 32 bits or numbers of single precision inside of lists, objects and maps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from headwater.models.forms.base import FormError, Request, ServiceForm
from headwater.models.forms.described import read_json, unknown_settings
from headwater.models.forms.layouts import write_rows
from headwater.models.forms.predictions import read_predictions
from headwater.models.forms.values import ColumnWriter, is_map
from headwater.models.signature import Signature

__all__ = ["input_data_form", "mlflow_form"]

_PARQUET = "application/vnd.apache.parquet"

_Declared = Sequence[Mapping[str, Any]] | None


def mlflow_form(signature: Signature, *, has_params: bool, inputs: _Declared = None) -> ServiceForm:
    """The form of ``/invocations``.

    Args:
        signature: the model's.
        has_params: calls may set params.
        inputs: what MLflow's signature declares, where it is known: it tells tensors of one value a row from columns.
            Without it, the signature's shapes decide.
    """
    return _Invocations(signature, has_params=has_params, inputs=inputs)


def input_data_form(signature: Signature, *, inputs: _Declared = None) -> ServiceForm:
    """The form of an MLflow model behind a managed online endpoint of Azure Machine Learning: ``input_data``."""
    return _InputData(signature, inputs=inputs)


class _Json:
    """What both forms have in common: JSON that Python reads, and predictions in any shape."""

    def __init__(self, signature: Signature, inputs: _Declared) -> None:
        self._names = [parameter.name for parameter in signature.parameters]
        self._outputs = signature.output_schema
        self.tensors = _are_tensors(signature, inputs)

    max_rows = None

    def _tensors(self, columns: list[list[Any]]) -> Any:
        return columns[0] if len(columns) == 1 else write_rows("lists", self._names, columns)

    def _request(self, body: dict[str, Any], params: Mapping[str, Any], writer: ColumnWriter) -> Request:
        whole = {**body, "params": dict(params)} if params else body
        if writer.non_finite:
            return Request(json.dumps(whole, ensure_ascii=False, separators=(",", ":"), default=_plain).encode())
        return Request(orjson.dumps(whole))


class _Invocations(_Json):
    def __init__(self, signature: Signature, *, has_params: bool, inputs: _Declared) -> None:
        super().__init__(signature, inputs)
        self._parquet = not self.tensors and not any(_wants_json(parameter.wire) for parameter in signature.parameters)
        self._has_params = has_params
        self._defaults = {param.name: param.default for param in signature.params}

    def encode(self, batch: pa.RecordBatch, params: Mapping[str, Any]) -> Request:
        if params and not self._has_params:
            raise unknown_settings(params)
        params = {name: value for name, value in params.items() if value != self._defaults.get(name)}
        if self._parquet and not params:
            return Request(_parquet(batch), {"Content-Type": _PARQUET})
        writer = ColumnWriter(maps=True)
        columns = [writer.values(column) for column in batch.columns]
        if self.tensors:
            return self._request({"inputs": self._tensors(columns)}, params, writer)
        rows = {"columns": self._names, "data": list(zip(*columns, strict=True))}
        return self._request({"dataframe_split": rows}, params, writer)

    def decode(self, body: bytes, content_type: str, rows: int) -> pa.RecordBatch:
        answer = read_json(body)
        if not isinstance(answer, dict) or "predictions" not in answer:
            raise FormError("the answer has no 'predictions'")
        return read_predictions(answer["predictions"], self._outputs, rows)


class _InputData(_Json):
    def __init__(self, signature: Signature, inputs: _Declared) -> None:
        super().__init__(signature, inputs)

    def encode(self, batch: pa.RecordBatch, params: Mapping[str, Any]) -> Request:
        writer = ColumnWriter(maps=True)
        columns = [writer.values(column) for column in batch.columns]
        data = self._tensors(columns) if self.tensors else write_rows("split", self._names, columns)
        return self._request({"input_data": data}, params, writer)

    def decode(self, body: bytes, content_type: str, rows: int) -> pa.RecordBatch:
        return read_predictions(read_json(body), self._outputs, rows)


def _are_tensors(signature: Signature, inputs: _Declared) -> bool:
    if inputs:
        return any(spec.get("type") == "tensor" for spec in inputs)
    return any(parameter.shape for parameter in signature.parameters)


def _wants_json(kind: pa.DataType) -> bool:
    """Whether MLflow reads such cells from JSON alone: maps, and lists of lists that need not be of one length.

    Of JSON it takes no narrow numbers there; lists of lists of these are left to Parquet, where one length will do.
    """
    if pa.types.is_struct(kind):
        return any(_wants_json(kind.field(i).type) for i in range(kind.num_fields))
    if not pa.types.is_list(kind):
        return False
    return is_map(kind) or _wants_json(kind.value_type) or (pa.types.is_list(kind.value_type) and _is_wide(kind))


def _is_wide(kind: pa.DataType) -> bool:
    while pa.types.is_list(kind):
        kind = kind.value_type
    return kind not in {pa.int32(), pa.float32()}


def _plain(value: Any) -> str:
    text: str = value.isoformat()
    return text


def _parquet(batch: pa.RecordBatch) -> bytes:
    import pyarrow.parquet

    sink = pa.BufferOutputStream()
    # What compression saves on the way costs more CPU time at both ends than the way does.
    pyarrow.parquet.write_table(pa.Table.from_batches([batch]), sink, compression="none", use_dictionary=False)
    content: bytes = sink.getvalue().to_pybytes()
    return content
