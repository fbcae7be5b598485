"""The process that holds one MLflow model: ``python worker.py``, of the model's own Python, which has no Headwater.

It speaks in frames over its standard input and output. A frame is one byte of kind, eight bytes of length
(little-endian), and so many bytes of content:

====  =========  ==============================================================================================
kind  direction  content
====  =========  ==============================================================================================
I     from here  JSON: ``level`` and ``missing``, how isolated the process is. It is written by ``isolation.py``, which
                 becomes this
L     to here    JSON: ``folder`` of the model; ``outputs``, the Arrow schema of the answer (IPC, base64)
R     from here  JSON: the model is loaded; ``cpu``, seconds of CPU time spent so far
B     to here    four bytes: the length of what follows (little-endian); JSON: the call's settings (MLflow's params);
                 an Arrow IPC stream of one batch, in the wire schema of the signature
A     from here  eight bytes: CPU seconds so far (double, little-endian); an Arrow IPC stream of one batch, one
                 column per output
F     from here  JSON: ``kind`` (``load``: it will never work; ``model``: the model raised; ``form``: its answer does
                 not fit the signature; ``length``: its answer has another number of rows; ``memory``: there was
                 none left, and this ends), ``message`` without row data, ``cpu``
====  =========  ==============================================================================================

Frames are answered in order. Input is read ahead on a thread of its own, so that whoever writes never waits for a
reader that is itself waiting to be read. When the input ends the process ends, whatever it is doing.

The model's own code prints where it likes: standard output is moved away before it is loaded, and what it prints goes
to standard error. Its standard input is empty.

This file imports nothing of Headwater, which the model's Python need not have, and works from Python 3.10 on.
"""

from __future__ import annotations

import base64
import ctypes
import json
import os
import queue
import resource
import signal
import struct
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import pyarrow as pa

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

__all__ = ["HEADER", "main"]

#: Kind and length, before the content of a frame.
HEADER = struct.Struct("<cQ")
_SECONDS = struct.Struct("<d")
_COUNT = struct.Struct("<I")

#: Ask Linux to kill this process when the thread that started it ends (prctl's PR_SET_PDEATHSIG).
_PR_SET_PDEATHSIG = 1

Model: TypeAlias = Any
"""A loaded ``mlflow.pyfunc.PyFuncModel``."""

Array: TypeAlias = Any
"""An Arrow array; pyarrow states no types."""

Outputs: TypeAlias = Any
"""An Arrow schema with one field per output."""


class FormError(Exception):
    """The model's answer does not fit its signature."""


class LengthError(Exception):
    """The model's answer has another number of rows than the batch."""


def main() -> None:
    """Serve until the input ends."""
    die_with_parent()
    requests, answers = _take_streams()
    frames = _read_ahead(requests)
    pa.set_cpu_count(1)
    try:
        model, outputs = _load(next(frames))
    except MemoryError as error:
        _send_failure(answers, "memory", error)
        return
    except Exception as error:  # noqa: BLE001  # foreign code raises what it likes; the parent reports it
        _send_failure(answers, "load", error)
        return
    _send(answers, b"R", json.dumps({"cpu": _cpu_seconds()}).encode())
    for content in frames:
        try:
            answer = _score(model, content, outputs)
        except FormError as error:
            _send_failure(answers, "form", error)
        except LengthError as error:
            _send_failure(answers, "length", error)
        except MemoryError as error:
            _send_failure(answers, "memory", error)
            return
        except Exception as error:  # noqa: BLE001  # likewise
            _send_failure(answers, "model", error)
        else:
            _send(answers, b"A", _SECONDS.pack(_cpu_seconds()), answer)


def die_with_parent() -> None:
    """On Linux, be killed when the parent is; elsewhere the end of the input has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Our two streams, out of the reach of ``print`` and ``input`` in the model's code."""
    requests, answers = os.fdopen(os.dup(0), "rb", buffering=1 << 20), os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _read_ahead(requests: BinaryIO) -> Iterator[bytes]:
    """The content of each frame; at most two wait unread."""
    waiting: queue.Queue[bytes] = queue.Queue(maxsize=2)

    def read() -> None:
        while len(header := requests.read(HEADER.size)) == HEADER.size:
            _, length = HEADER.unpack(header)
            waiting.put(requests.read(length))
        # The parent is gone or done with us: nothing that is still running here matters to anybody.
        os._exit(0)

    threading.Thread(target=read, daemon=True, name="frames").start()
    while True:
        yield waiting.get()


def _load(content: bytes) -> tuple[Model, Outputs]:
    import mlflow.pyfunc

    request = json.loads(content)
    outputs = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(request["outputs"])))
    return mlflow.pyfunc.load_model(request["folder"]), outputs


def _score(model: Model, content: bytes, outputs: Outputs) -> pa.Buffer:
    start = _COUNT.size + _COUNT.unpack_from(content)[0]
    params = json.loads(content[_COUNT.size : start]) or None
    with pa.ipc.open_stream(pa.py_buffer(memoryview(content)[start:])) as reader:
        batch = reader.read_next_batch()
    # MLflow's own predict, not the bare implementation behind it: its check of the schema costs nothing measurable
    # when the types are the declared ones already, and some models rely on what it does besides.
    answer = model.predict(_model_input(batch, model.metadata.get_input_schema()), params)
    columns = _output_columns(answer, outputs, batch.num_rows)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, outputs) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=outputs))
    return sink.getvalue()


def _send_failure(answers: BinaryIO, kind: str, error: Exception) -> None:
    """Say what went wrong, without the error's own text, which may quote the row. The way there goes to the log."""
    frames = traceback.extract_tb(error.__traceback__)
    sys.stderr.write(f"{type(error).__name__}\n{''.join(traceback.format_list(frames))}")
    sys.stderr.flush()
    if kind in ("form", "length"):
        message = str(error)  # ours, without row data
    else:
        last = frames[-1] if frames else None
        where = f" in {last.name} ({os.path.basename(last.filename)}, line {last.lineno})" if last else ""  # noqa: PTH119
        message = f"{type(error).__name__}{where}"
    # A model that cannot be loaded has seen no row, so the error's text can be told.
    detail = str(error) if kind == "load" else ""
    content = {"kind": kind, "message": message, "detail": detail, "cpu": _cpu_seconds()}
    _send(answers, b"F", json.dumps(content).encode())


def _send(answers: BinaryIO, kind: bytes, *parts: bytes | pa.Buffer) -> None:
    views = [memoryview(part) for part in parts]
    for piece in (memoryview(HEADER.pack(kind, sum(view.nbytes for view in views))), *views):
        rest = piece.cast("B")
        while rest:
            rest = rest[answers.write(rest) :]


def _cpu_seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


# What goes in -------------------------------------------------------------------------------------------------------


def _model_input(batch: pa.RecordBatch, schema: Any) -> Any:
    """What ``predict`` is given: a data frame of the columns, or NumPy arrays where the model takes tensors."""
    if schema is None or not schema.is_tensor_spec():
        return _frame(batch, schema)
    tensors = [
        _tensor(column, spec.type, spec.shape) for column, spec in zip(batch.columns, schema.inputs, strict=True)
    ]
    return dict(zip(schema.input_names(), tensors, strict=True)) if schema.has_input_names() else tensors[0]


def _frame(batch: pa.RecordBatch, schema: Any) -> pd.DataFrame:
    """Flat columns are typed already and cost next to nothing; nested ones become Python lists and dictionaries."""
    import pandas as pd

    nested = [i for i, field in enumerate(batch.schema) if pa.types.is_nested(field.type)]
    flat = batch.select([i for i in range(batch.num_columns) if i not in nested])
    frame: pd.DataFrame = flat.to_pandas(use_threads=False)
    for i in nested:
        spec = schema.inputs[i].type if schema is not None else None
        values = [_plain(value, spec) for value in batch.column(i).to_pylist()]
        frame.insert(i, batch.schema.names[i], pd.Series(values, dtype=object, index=frame.index))
    if schema is not None and not schema.has_input_names():
        frame.columns = pd.RangeIndex(len(frame.columns))
    return frame


def _plain(value: Any, spec: Any) -> Any:
    """A nested cell as MLflow's schema check wants it: lists of numbers as arrays of the declared type, lone numbers as
    NumPy scalars, and maps, which travel as lists of entries, as dictionaries.
    """
    if value is None or spec is None:
        return value
    kind = type(spec).__name__
    if kind == "Map":
        return {entry["key"]: _plain(entry["value"], spec.value_type) for entry in value}
    if kind == "Array":
        numbers = _number_type(spec.dtype)
        return [_plain(item, spec.dtype) for item in value] if numbers is None else _array(value, numbers)
    if kind == "Object":
        members = {member.name: member.dtype for member in spec.properties}
        return {name: _plain(member, members.get(name)) for name, member in value.items()}
    numbers = _number_type(spec)
    return value if numbers is None else numbers.type(value)


def _number_type(spec: Any) -> np.dtype[Any] | None:
    """The NumPy type of an MLflow scalar type that is a number or a boolean."""
    dtype: np.dtype[Any] | None = spec.to_numpy() if hasattr(spec, "to_numpy") else None
    return dtype if dtype is not None and dtype.kind in "biuf" else None


def _array(values: list[Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    import numpy as np

    return np.array(values, dtype=dtype)


def _tensor(column: Array, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    import numpy as np

    flat, lengths = column, [len(column)]
    for _ in shape[1:]:
        lengths.append(len(flat.flatten()) // max(len(flat), 1))
        flat = flat.flatten()
    if pa.types.is_string(flat.type):
        return np.array(flat.to_pylist(), dtype=dtype).reshape(lengths)
    values: np.ndarray[Any, Any] = flat.to_numpy(zero_copy_only=False)
    return values.astype(dtype, copy=False).reshape(lengths)


# What comes out -----------------------------------------------------------------------------------------------------


def _output_columns(answer: Any, outputs: Outputs, rows: int) -> list[Array]:
    """The model's answer as one Arrow column per output.

    Raises:
        LengthError: it has another number of rows.
        FormError: it lacks an output, or holds values of another type.
    """
    import pandas as pd

    if isinstance(answer, list) and answer and isinstance(answer[0], dict):
        answer = pd.DataFrame.from_records(answer)
    columns = _by_name(answer, outputs.names)
    if columns is None:
        columns = _by_position(answer, outputs)
    return [_arrow_column(column, field, rows) for column, field in zip(columns, outputs, strict=True)]


def _by_name(answer: Any, names: list[str]) -> list[Any] | None:
    """The columns of a data frame or dictionary that has all of them; None when the answer has no such names."""
    import pandas as pd

    if not isinstance(answer, pd.DataFrame | dict):
        return None
    if all(name in answer for name in names):
        return [answer[name] for name in names]
    if len(names) == 1 and len(answer.keys()) == 1:
        return [answer[next(iter(answer.keys()))]]
    raise FormError(f"the answer lacks {', '.join(repr(name) for name in names if name not in answer)}")


def _by_position(answer: Any, outputs: Outputs) -> list[Any]:
    """NumPy and lists have no names: the order is the signature's."""
    import numpy as np

    table = answer if isinstance(answer, np.ndarray) and answer.ndim == 2 else None
    if len(outputs) == 1:
        one_wide = table is not None and table.shape[1] == 1 and not pa.types.is_nested(outputs.types[0])
        return [answer[:, 0] if one_wide else answer]
    if table is not None and table.shape[1] == len(outputs):
        return [table[:, i] for i in range(len(outputs))]
    raise FormError(f"the answer is no table of {len(outputs)} columns")


def _arrow_column(values: Any, field: Any, rows: int) -> Array:
    if not hasattr(values, "__len__") or isinstance(values, str | bytes):
        raise FormError(f"the answer for {field.name!r} is no column")
    if len(values) != rows:
        raise LengthError(f"{len(values)} rows for {rows}")
    try:
        return _converted(values, field.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError, ValueError, OverflowError):
        # Without the cause: Arrow quotes the value.
        raise FormError(f"the answer for {field.name!r} does not convert to {field.type}") from None


def _converted(values: Any, kind: pa.DataType) -> Array:
    """The values as ``kind``. A NaN that the model answers stays NaN; a missing value becomes null."""
    import numpy as np

    dtype = getattr(values, "dtype", None)
    if dtype is not None and not isinstance(dtype, np.dtype):
        return pa.array(values).cast(kind)  # a pandas extension type: it knows its own missing values
    if dtype is not None and dtype.kind != "O":
        return _from_numpy(np.asarray(values), kind)
    return _from_objects(values, kind)


def _from_numpy(array: np.ndarray[Any, Any], kind: pa.DataType) -> Array:
    if array.ndim > 1:
        return pa.array(array.tolist(), type=kind)
    if array.dtype.kind in "biuf":
        return pa.array(array).cast(kind)
    if array.dtype.kind == "M":
        return pa.array(array).cast(kind, safe=False)  # nanoseconds become microseconds
    return pa.array(array, type=kind)


def _from_objects(values: Any, kind: pa.DataType) -> Array:
    if pa.types.is_floating(kind):
        # Among objects, too, NaN is a number and None is not.
        return pa.array([None if value is None else float(value) for value in values], type=kind)
    if pa.types.is_nested(kind):
        return pa.array([value.tolist() if hasattr(value, "tolist") else value for value in values], type=kind)
    return pa.array(list(values), type=kind, from_pandas=True)


if __name__ == "__main__":
    main()
