"""Where rows come from: files in SQL's FROM, and streams that somebody else reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeGuard

from sqlglot import exp

from headwater.engines.csv import CsvShape, check_file
from headwater.engines.duckdb.sql import cast, column
from headwater.engines.duckdb.types import sql_type
from headwater.engines.sql import Sql, call, is_null, text, whole
from headwater.engines.sql import case as sql_case
from headwater.plan.conversions import EPOCH_TICKS, TICKS_PER_MICROSECOND
from headwater.plan.nodes import OFFSET_SUFFIX, Column, CsvScan, Node, ParquetScan
from headwater.plan.types import Kind

NO_FIELD = "\x1fheadwater: no field\x1f"
"""What no field of a file says. DuckDB takes some text for null; an empty field is text here."""

FEW_ROWS = 20_000
"""A scan of no more rows than this is read row by row: for those, looking through the file costs more."""

PATH_GLOB = "*?["


def reads_fast(scan: CsvScan) -> bool:
    """Whether the scan is worth DuckDB's reader, and its path none that DuckDB would take for a pattern."""
    few = scan.max_rows is not None and scan.skip_rows + scan.max_rows <= FEW_ROWS
    return not few and not any(letter in scan.path for letter in PATH_GLOB)


def alike(scans: Sequence[Node]) -> TypeGuard[Sequence[CsvScan]]:
    """Whether the scans differ in their path alone, and read their files to the end."""
    first = scans[0]
    return isinstance(first, CsvScan) and all(
        isinstance(scan, CsvScan) and scan.max_rows is None and replace(scan, path=first.path) == first
        for scan in scans
    )


def csv_function(files: Sequence[CsvScan], shape: CsvShape, *, skip_rows: int) -> Sql:
    """``read_csv`` of files of ordinary shape, each without its first lines; the scans are alike."""
    scan = files[0]
    columns = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(c.id, quoted=True), expression=text("VARCHAR")) for c in scan.columns
        ]
    )
    quote = text('"' if scan.quote else "")
    options: dict[str, Sql] = {
        "columns": columns,
        "auto_detect": exp.false(),
        "header": exp.false(),
        "delim": text(scan.delimiter),
        "quote": quote,
        "escape": quote.copy(),
        "encoding": text("utf-8" if scan.encoding == "utf-8" else "latin-1"),
        "nullstr": text(NO_FIELD),
        "null_padding": exp.true(),
        "strict_mode": exp.false(),
        "skip": whole(skip_rows),
        # DuckDB pads rows in parallel only where no quoted field goes over a line's end.
        "parallel": exp.false() if shape.quoted_breaks else exp.true(),
    }
    paths = [text(file.path) for file in files]
    source = paths[0] if len(paths) == 1 else exp.Array(expressions=paths)
    read = call("read_csv", source, *(_option(name, value) for name, value in options.items()))
    # A field that a row lacks is padded with null, and is empty text to M.
    filled = [exp.alias_(call("coalesce", column(c.id), text("")), c.id, quoted=True) for c in scan.columns]
    return exp.Select(expressions=filled).from_(read).subquery()


def parquet_function(scan: ParquetScan) -> Sql:
    """``read_parquet`` of the scan's files, in their order.

    Raises:
        MError: DataSource.Error, a file cannot be found or read.
    """
    for path in scan.paths:
        check_file(path)
    paths = exp.Array(expressions=[text(_literal_path(path)) for path in scan.paths])
    return call("read_parquet", paths, _option("hive_partitioning", exp.false()))


def parquet_values(scan: ParquetScan) -> dict[str, Sql]:
    """Each column of the scan, by id, over what the files call their columns."""
    stored = _foreign if scan.foreign else _stored
    return {c.id: stored(c, physical) for c, physical in zip(scan.columns, scan.physical, strict=True)}


def _stored(item: Column, physical: str) -> Sql:
    if item.type.kind is Kind.DATETIMEZONE:
        return _zoned(physical, cast(column(physical + OFFSET_SUFFIX), "SMALLINT"))
    if item.type.kind is Kind.DATETIME and item.type.unit == "us":
        # Files may have it with a zone or without: what counts is the clock in UTC.
        return call("make_timestamp", call("epoch_us", column(physical)))
    return cast(column(physical), sql_type(item.type))


def _foreign(item: Column, physical: str) -> Sql:
    match item.type.kind:
        case Kind.DATETIMEZONE:
            return _zoned(physical, cast(whole(0), "SMALLINT"))
        case Kind.TIME:
            return _hundreds(call("epoch_ns", column(physical)), 0)
        case Kind.DATETIME if item.type.unit == "tick":
            return _hundreds(call("epoch_ns", column(physical)), EPOCH_TICKS)
        case _:
            return cast(column(physical), sql_type(item.type))


def _hundreds(nanoseconds: Sql, epoch: int) -> Sql:
    """Ticks from ``epoch`` on, rounded down. The sum is no negative number, which division would round up."""
    total = exp.Paren(
        this=exp.Add(this=cast(nanoseconds, "HUGEINT"), expression=cast(text(str(epoch * 100)), "HUGEINT"))
    )
    return cast(exp.IntDiv(this=total, expression=whole(100)), "BIGINT")


def _zoned(physical: str, offset: Sql) -> Sql:
    instant = column(physical)
    microseconds = exp.Mul(this=call("epoch_us", instant), expression=whole(TICKS_PER_MICROSECOND))
    ticks = exp.Paren(this=exp.Add(this=microseconds, expression=whole(EPOCH_TICKS)))
    packed = cast(call("row", ticks, offset), 'STRUCT("instant" BIGINT, "offset" SMALLINT)')
    return sql_case((exp.Paren(this=exp.Not(this=is_null(instant.copy()))), packed))


def _literal_path(path: str) -> str:
    """The path with what DuckDB would take for a pattern made literal."""
    return "".join(f"[{letter}]" if letter in PATH_GLOB else letter for letter in str(Path(path)))


def _option(name: str, value: Sql) -> Sql:
    return exp.Kwarg(this=exp.Var(this=name), expression=value)
