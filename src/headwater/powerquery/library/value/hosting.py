"""What M asks of its host: variables, other queries, versions, progress, capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from headwater import __version__
from headwater.errors import MError
from headwater.powerquery.library.arguments import record_of
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values.core import Binary, Record, Value, binary_bytes, force, metadata_of, plain
from headwater.powerquery.values.operators import cannot_convert
from headwater.powerquery.values.table import Table

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session


# -- variables and other queries -----------------------------------------------------------------------------------


def variable(environment: Mapping[str, Value], name: str) -> Value:
    """The value that the host gives a name.

    Raises:
        MError: Expression.Error, it gives it none.
    """
    if name in environment:
        return force(environment[name])
    raise MError("Expression.Error", f"The variable '{name}' could not be found.", hint="The host has to give it.")


@function(
    "Variable.Value(identifier as text) as any",
    examples=[('(try Variable.Value("nobody gave it"))[HasError]', "true")],
    session=True,
)
def variable_value(session: Session, name: str) -> Value:
    """The value that the host of the evaluation gives a name."""
    return variable(session.environment, name)


@function(
    "Variable.ValueOrDefault(identifier as text, optional defaultValue as any) as any",
    examples=[('Variable.ValueOrDefault("nobody gave it", 7)', "7")],
    session=True,
)
def variable_or_default(session: Session, name: str, default: Value = None) -> Value:
    """The value that the host of the evaluation gives a name, or the default where it gives none."""
    return variable(session.environment, name) if name in session.environment else default


@function(
    "Value.Firewall(key as text) as any",
    examples=[('(try Value.Firewall("Section1/Nobody/Source"))[HasError]', "true")],
    session=True,
)
def value_firewall(session: Session, key: str) -> Value:
    """The value of another query that the host of the evaluation knows, by a key such as Section1/Query/Step."""
    parts = key.split("/")
    return variable(session.environment, parts[1] if len(parts) > 1 else key)


@function(
    "Embedded.Value(value as any, path as text) as any",
    examples=[
        ('Embedded.Value("section S; shared A = 1; shared B = A + 1;", "S/B")', "2"),
        ('Embedded.Value([A = [B = 5]], "A/B")', "5"),
    ],
    session=True,
)
def embedded_value(session: Session, value: Value, path: str) -> Value:
    """A value by its name in an embedded section document, given as text or bytes: Section/Member, or Member; or by the
    names of fields in a record.
    """
    value = plain(value)
    names = path.split("/")
    if isinstance(value, str | bytes | Binary):
        from headwater.powerquery.evaluator.program import evaluate_text

        value = plain(evaluate_text(value if isinstance(value, str) else _decoded(value), session, "embedded"))
        names = names[-1:]
    for name in names:
        record = record_of(value)
        if name not in record:
            raise MError("Expression.Error", f"The embedded value has no '{name}'.", path)
        value = plain(record.get(name))
    return value


def _decoded(value: bytes | Binary) -> str:
    try:
        return binary_bytes(value).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MError("DataFormat.Error", "The embedded document is not UTF-8 text.") from error


@function(
    "Table.FilterWithDataTable(table as table, dataTableIdentifier as text) as any",
    examples=[('(try Table.FilterWithDataTable(#table({"A"}, {{1}}), "nobody gave it"))[HasError]', "true")],
    session=True,
)
def filter_with_data_table(session: Session, table: Table, identifier: str) -> Table:
    """The rows of the table that agree with a row of a table that the host of the evaluation gives under a name, in the
    columns that the two share.
    """
    from headwater.powerquery.library.table.matching import GivenRows

    given = plain(variable(session.environment, identifier))
    if not isinstance(given, Table):
        raise cannot_convert(given, "Table")
    shared = [name for name in given.names if name in table.index]
    rows = [Record.of({name: row.get(name) for name in shared}) for row in given.records()]

    def kept() -> list[list[Value]]:
        wanted = GivenRows(table, rows, None)
        return [list(row.values) for row in table.records() if wanted.has(row)]

    return RowTable(table.type, kept)


# -- versions ------------------------------------------------------------------------------------------------------


@function("Module.Versions() as record", examples=[("Record.FieldNames(Module.Versions())", '{"Headwater"}')])
def module_versions() -> Record:
    """The versions of what evaluates M here."""
    return Record.of({"Headwater": __version__})


VERSIONS, VERSION_IDENTITY = "Value.Versions", "Value.VersionIdentity"
"""Metadata in which a source says what versions there are of a value, a table as Value.Versions gives it, and which one
it is.
"""


@function("Value.VersionIdentity(value as any) as any", examples=[("Value.VersionIdentity(1)", "null")])
def version_identity(value: Value) -> Value:
    """What tells this version of a value from its others; null where its source keeps no versions."""
    return metadata_of(value).plain(VERSION_IDENTITY)


@function(
    "Value.Versions(value as any) as table",
    examples=[("Value.Versions(5)[Data]", "{5}"), ("Value.Versions(5)[Version]", "{null}")],
)
def versions(value: Value) -> Table:
    """The versions of a value, as a table with the columns Version, Published, Data and Modified. A value whose source
    keeps no versions is its only one.
    """
    given = metadata_of(value).plain(VERSIONS)
    if isinstance(given, Table):
        return given
    names = ["Version", "Published", "Data", "Modified"]
    return RowTable.held(table_type(names), [[None, True, value, None]])
