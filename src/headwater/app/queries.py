"""Running one M file without a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from headwater.errors import NotFoundError, UsageError
from headwater.powerquery import Session, Value, evaluate, on_deep_stack, to_plan_table
from headwater.powerquery.values.core import Record
from headwater.tables import published_schema, stored_batches


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A query's value, not yet computed beyond what its kind needs, and the session it lives in."""

    value: Value
    session: Session
    name: str


def open_query(file: Path, query: str | None, *, culture: str = "en-US", folders: Sequence[Path] = ()) -> OpenQuery:
    """The value of a file's expression, or of a member of its section document.

    The query may read the file's own folder, the current one, and ``folders``.

    Raises:
        NotFoundError: there is no such file, or no such member.
        UsageError: a section document was given, but no member.
        MSyntaxError: the text cannot be read.
        MError: the expression is an error.
    """
    try:
        text = file.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file '{file}'.", place=str(file), hint="Check the path.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The file cannot be read: {error}.", place=str(file)) from error
    session = Session(culture, folders=[file.resolve().parent, Path.cwd(), *folders])
    value = evaluate(text, session=session, source_name=str(file))
    if query is None:
        return OpenQuery(value, session, file.stem)
    if not isinstance(value, Record) or query not in value:
        known = ", ".join(value.names) if isinstance(value, Record) else "none: the file is one expression"
        raise NotFoundError(f"There is no query '{query}'.", place=str(file), hint=f"The queries are: {known}.")
    record = value
    return OpenQuery(on_deep_stack(lambda: record.get(query)), session, query)


_WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    ".parquet": pyarrow.parquet.write_table,
    ".csv": pyarrow.csv.write_csv,
}


def write_table(query: OpenQuery, path: Path) -> int:
    """Write a query's table to a file; returns the number of rows. The file appears whole or not at all.

    Raises:
        UsageError: the file's ending is neither ``.parquet`` nor ``.csv``.
        MError: the query is no table, or fails.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise UsageError(f"'{path.name}' is neither .parquet nor .csv.", hint="Name the output so that it ends in one.")
    planned = to_plan_table(query.value, query.session)
    schema = published_schema(planned.plan.columns)
    table = stored_batches(schema, query.session.engine.reader(planned.plan)).read_all()
    partial = path.with_name(path.name + ".partial")
    try:
        write(table, partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return int(table.num_rows)
