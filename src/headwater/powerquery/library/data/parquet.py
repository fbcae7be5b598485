"""Parquet files."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from headwater.errors import MError
from headwater.plan import types as p
from headwater.plan.nodes import Column, ParquetScan, file_source, with_fresh_ids
from headwater.powerquery.library.arguments import known_options, whole
from headwater.powerquery.library.binary.compression import compression_of
from headwater.powerquery.library.data.foreign import cells_of, foldable_type, type_of_cells
from headwater.powerquery.library.declarations import function
from headwater.powerquery.library.options import choice_option, logical_option
from headwater.powerquery.tables.columns import unique_or_error
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import OutsideEngine, RowTable, table_type
from headwater.powerquery.values.core import Binary, Record, Value
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


@function(
    "Parquet.Document(binary as binary, optional options as nullable record) as any",
    session=True,
)
def parquet_document(session: Session, binary: Value, options: Record | None = None) -> Table:
    """The rows of a Parquet file, typed as the file has them; later steps read only the columns that they need.

    Timestamps that count in UTC are datetimezones, others datetimes; structures are records, repeated values lists, and
    maps lists of records of Key and Value.

    Options: MaxDepth is how many levels of lists and records a column may have; LegacyColumnNameEncoding reads names in
    which characters are written like ``_x0020_``; TypeMapping may be "Sql" or null, and Compression one of
    Compression.Type, neither of which changes what is read.
    """
    names = ("Compression", "LegacyColumnNameEncoding", "MaxDepth", "TypeMapping")
    given = known_options(options, "Parquet.Document", *names)
    choice_option(given, "TypeMapping", ("Sql",), None)
    if "Compression" in given:
        compression_of(given["Compression"])
    schema = _schema(binary)
    if "MaxDepth" in given:
        _check_depth(schema, whole(given["MaxDepth"], "MaxDepth"))
    encoded = logical_option(given, "LegacyColumnNameEncoding", False)
    shown = unique_or_error([_decoded(name) if encoded else name for name in schema.names])
    kinds = [foldable_type(field.type) for field in schema]
    foldable = [kind for kind in kinds if kind is not None]
    told_apart = len({name.lower() for name in schema.names}) == len(schema.names)
    if isinstance(binary, Binary) and len(foldable) == len(kinds) > 0 and told_apart:
        return PlanTable(_scan(str(binary.path), schema.names, shown, foldable), session)
    types = [type_of_cells(field.type) for field in schema]
    table = RowTable(table_type(shown, types), lambda: _rows(binary))
    table.outside = OutsideEngine(session, "Parquet.Document", None)
    return table


def _scan(path: str, physical: Sequence[str], names: Sequence[str], kinds: Sequence[p.DataType]) -> ParquetScan:
    columns = with_fresh_ids([Column("", name, kind) for name, kind in zip(names, kinds, strict=True)], ())
    return ParquetScan((path,), columns, tuple(physical), file_source(path), foreign=True)


def _open(binary: bytes | Binary) -> Any:
    """The file, opened.

    Raises:
        MError: DataFormat.Error, it is no Parquet; DataSource.NotFound or .Error, it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = io.BytesIO(binary) if isinstance(binary, bytes) else str(binary.path)
    try:
        return pq.ParquetFile(source)
    except FileNotFoundError as error:
        raise MError("DataSource.NotFound", f"Could not find '{source}'.", hint="Check the path.") from error
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged() from error


def _damaged() -> MError:
    return MError("DataFormat.Error", "The source is no Parquet file, or a damaged one.", hint="Check what it gives.")


def _schema(binary: bytes | Binary) -> Any:
    with _open(binary) as file:
        return file.schema_arrow


def _rows(binary: bytes | Binary) -> Iterator[Sequence[Value]]:
    import pyarrow as pa

    with _open(binary) as file:
        try:
            for batch in file.iter_batches():
                columns = [cells_of(column) for column in batch.columns]
                yield from zip(*columns, strict=True) if columns else ((),) * batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise _damaged() from error


def _decoded(name: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), name)


def _check_depth(schema: Any, most: int) -> None:
    for field in schema:
        if _depth(field.type) > most:
            raise MError(
                "DataFormat.Error",
                f"The column '{field.name}' has more than {most} levels of lists and records.",
                hint="Raise the option MaxDepth.",
            )


def _depth(of: Any) -> int:
    inner = [_depth(of.field(at).type) for at in range(of.num_fields)]
    return 1 + max(inner) if inner else 0
