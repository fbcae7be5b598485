"""M files without a server: run a query of one, write what it gives, format them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from headwater.app.settings import RunSettings
from headwater.errors import MError, NotFoundError, UsageError
from headwater.plan.cells import error_column
from headwater.powerquery import Session, Value, evaluate, explain, on_deep_stack, to_plan_table, to_text
from headwater.powerquery.evaluator.apart import within_rows
from headwater.powerquery.language import format_document, parse_document, syntax
from headwater.powerquery.values.core import Record
from headwater.tables import PublishedSchema, published_schema, stored_batches

_USUAL = RunSettings()
_WRITERS: dict[str, Any] = {".parquet": pyarrow.parquet.ParquetWriter, ".csv": pyarrow.csv.CSVWriter}


@dataclass(frozen=True, slots=True)
class Written:
    """A table that was written to a file. ``errors`` counts the error cells, written as null."""

    rows: int
    errors: int


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A query's value, not yet computed beyond what its kind needs, and the session it lives in.

    ``name`` is the member's of a section document, "" for a file that is one expression. What fails says in its
    ``place`` where in the file, and in which member.
    """

    value: Value
    session: Session
    name: str = ""

    def text(self) -> str:
        """The value as canonical M text; MError where a part of it is an error."""
        with _explained(self.name):
            return to_text(self.value)

    def within_rows(self, most: int) -> OpenQuery:
        """The same; more rows than ``most`` are an error when they are read."""
        with _explained(self.name):
            return replace(self, value=on_deep_stack(lambda: within_rows(self.value, most)))

    def explanation(self) -> str:
        """Plan, SQL, and where and why folding stops, for a person; nothing runs."""
        with _explained(self.name):
            return explain(self.value, self.session).to_text()

    def write(self, path: Path) -> Written:
        """Write the table to a file, which appears whole or not at all.

        Raises:
            UsageError: the file's ending is neither ``.parquet`` nor ``.csv``, it cannot be written, or cannot hold
                a column's type.
            MError: the query is no table, or fails.
        """
        if path.suffix.lower() not in _WRITERS:
            raise UsageError(
                f"'{path.name}' is neither .parquet nor .csv.", hint="Name the output so that it ends in one."
            )
        if not path.parent.is_dir():
            raise _unwritable(path, f"there is no folder '{path.parent}'")
        with _explained(self.name):
            planned = to_plan_table(self.value, self.session)
            schema = published_schema(planned.plan.columns)
            partial = path.with_name(path.name + ".partial")
            try:
                written = _write(schema, planned.reader(), partial, path)
                partial.replace(path)
            except OSError as error:
                raise _unwritable(path, error.strerror or str(error)) from error
            finally:
                partial.unlink(missing_ok=True)
        return written


def open_query(file: Path, query: str | None, settings: RunSettings = _USUAL) -> OpenQuery:
    """The value of a file's expression, or of a member of its section document.

    The query may read the file's own folder and the current one, beside what the settings grant.

    Raises:
        NotFoundError: there is no such file, or no such member.
        UsageError: a section document with several members was given, but none of them; the file cannot be read; a
            setting is of no use.
        MSyntaxError: the text cannot be read.
        MError: the expression is an error.
    """
    text = _read(file)
    document = parse_document(text, str(file))
    section = isinstance(document, syntax.Section)
    if isinstance(document, syntax.Section) and query is None:
        query = _only_member(document, file)
    session = settings.session(file.resolve().parent, Path.cwd())
    with _explained():
        value = evaluate(text, session=session, source_name=str(file))
    if query is None:
        return OpenQuery(value, session)
    if not section or not isinstance(value, Record) or query not in value:
        known = ", ".join(value.names) if section and isinstance(value, Record) else "none: it is one expression"
        raise NotFoundError(
            f"There is no query '{query}' in the file.", place=str(file), hint=f"Its queries are: {known}."
        )
    record, name = value, query
    with _explained(name):
        return OpenQuery(on_deep_stack(lambda: record.get(name)), session, name)


def open_expression(text: str, settings: RunSettings = _USUAL) -> OpenQuery:
    """The value of an expression, which may read what the settings grant.

    Raises:
        UsageError: a setting is of no use.
        MSyntaxError: the text cannot be read.
        MError: the expression is an error.

    >>> open_expression("List.Sum({1, 2})").text()
    '3'
    """
    session = settings.session()
    with _explained():
        return OpenQuery(evaluate(text, session=session, source_name="expression"), session)


def _only_member(section: syntax.Section, file: Path) -> str:
    names = [member.name for member in section.members]
    if len(names) == 1:
        return names[0]
    raise UsageError(
        "The file is a section document, and no query of it is named.",
        place=str(file),
        hint=f"Name one with --query: {', '.join(names) or 'it has none'}.",
    )


def format_file(file: Path, *, check: bool = False) -> bool:
    """Format an M file in place, or with ``check`` leave it; returns whether it was not formatted.

    Raises:
        NotFoundError: there is no such file.
        UsageError: it cannot be read or written.
        MSyntaxError: the text cannot be read.
    """
    before = _read(file)
    after = format_document(before, str(file))
    if before != after and not check:
        try:
            file.write_text(after, "utf-8")
        except OSError as error:
            raise _unwritable(file, error.strerror or str(error)) from error
    return before != after


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except FileNotFoundError as error:
        raise NotFoundError(f"There is no file '{file}'.", place=str(file), hint="Check the path.") from error
    except OSError as error:
        reason = error.strerror or str(error)
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    raise UsageError(
        f"The file cannot be read: {reason}.", place=str(file), hint="Give a text file.", code="file.unreadable"
    )


def _unwritable(file: Path, reason: str) -> UsageError:
    return UsageError(
        f"The file cannot be written: {reason}.",
        place=str(file),
        hint="Name a file in a folder that exists and may be written.",
        code="file.unwritable",
    )


@contextmanager
def _explained(name: str = "") -> Iterator[None]:
    """Errors of the block say in which query they are, and what to do."""
    try:
        yield
    except MError as error:
        if name:
            error.place = f"query {name}, {error.place}" if error.place else f"query {name}"
        if not error.hint:
            error.hint = "Correct the expression, or the data it reads; 'try … otherwise …' handles an error."
        raise


def _write(schema: PublishedSchema, batches: pa.RecordBatchReader, partial: Path, path: Path) -> Written:
    errors = 0

    def counted() -> Iterator[pa.RecordBatch]:
        nonlocal errors
        sentinels = [error_column(c.id) for c in schema.columns if error_column(c.id) in batches.schema.names]
        for batch in batches:
            errors += sum(batch.num_rows - batch.column(sentinel).null_count for sentinel in sentinels)
            yield batch

    rows = 0
    reader = pa.RecordBatchReader.from_batches(batches.schema, counted())
    try:
        with _WRITERS[path.suffix.lower()](partial, schema.stored) as writer:
            for batch in stored_batches(schema, reader):
                writer.write_batch(batch)
                rows += batch.num_rows
    except pa.ArrowInvalid as error:
        raise UsageError(
            f"A column is of a type that {path.suffix} cannot hold: {error}.",
            place=str(path),
            hint="Write a .parquet file, or expand or remove the column.",
        ) from error
    return Written(rows, errors)
