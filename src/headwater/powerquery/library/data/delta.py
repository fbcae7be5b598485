"""Delta Lake tables."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING

from headwater.errors import HeadwaterError, MError
from headwater.plan.conversions import EPOCH_TICKS, TICKS_PER_MICROSECOND
from headwater.plan.nodes import Node, file_source
from headwater.powerquery.library.arguments import known_options, whole
from headwater.powerquery.library.declarations import function
from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Value, plain
from headwater.powerquery.values.table import Table
from headwater.powerquery.values.times import DateTime

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_LOG = "_delta_log"


class DeltaTable(PlanTable):
    """The rows of one version of a Delta table, which knows its folder."""

    __slots__ = ("folder",)

    def __init__(self, plan: Node, session: Session, folder: Path) -> None:
        super().__init__(plan, session)
        self.folder = folder


@function("DeltaLake.Table(directory as table, optional options as nullable record) as any", session=True)
def delta_table(session: Session, directory: Table, options: Record | None = None) -> Value:
    """The rows of the Delta Lake table in a folder, given as what Folder.Contents or Folder.Files lists of it. The
    option Version asks for an older version.
    """
    from headwater.tables import foreign_scan

    given = known_options(options, "DeltaLake.Table", "Version")
    folder = _folder(session, directory)
    version = whole(given["Version"], "Version") if "Version" in given else None
    try:
        plan = foreign_scan(folder, version, file_source(str(folder)))
    except HeadwaterError as error:
        raise _unreadable(error) from error
    return DeltaTable(plan, session, folder)


@function("DeltaLake.Metadata(table as table) as table")
def delta_metadata(table: Table) -> Table:
    """The versions of a Delta Lake table that its log knows, a row each, the latest first."""
    from headwater.tables import versions

    if not isinstance(table, DeltaTable):
        raise MError(
            "Expression.Error",
            "The table is not what DeltaLake.Table gave.",
            hint="Give DeltaLake.Metadata the result of DeltaLake.Table itself, before any other step.",
        )
    try:
        found = versions(table.folder)
    except HeadwaterError as error:
        raise _unreadable(error) from error
    rows = [[one.version, _moment(one.committed_at)] for one in sorted(found, key=lambda one: -one.version)]
    return RowTable.held(table_type(["Version", "Timestamp"], [t.INT64, t.DATETIME]), rows)


def _moment(milliseconds: int) -> DateTime:
    return DateTime(EPOCH_TICKS + milliseconds * 1_000 * TICKS_PER_MICROSECOND)


def _folder(session: Session, directory: Table) -> Path:
    """The folder that a listing is of: where the table's log lies.

    Raises:
        MError: DataSource.Error, the listing has no log of a Delta table, or its folder may not be read.
    """
    if not {"Name", "Folder Path"} <= set(directory.names):
        raise _no_log()
    for row in directory.records():
        shown = plain(row.get("Folder Path"))
        if isinstance(shown, str):
            found = _log_parent(shown, plain(row.get("Name")))
            if found is not None:
                return session.locate(found).path
    raise _no_log()


def _log_parent(folder: str, name: Value) -> str | None:
    """The folder in which a listed file or folder is, or is in, a log."""
    if name == _LOG:
        return folder
    path = PureWindowsPath(folder) if "\\" in folder else PurePosixPath(folder)
    return str(path.parent) if path.name == _LOG else None


def _no_log() -> MError:
    return MError(
        "DataSource.Error",
        "The folder holds no Delta Lake table: there is no _delta_log in it.",
        hint="Give DeltaLake.Table what Folder.Contents lists of the table's own folder.",
        code="m.data_source",
    )


def _unreadable(error: HeadwaterError) -> MError:
    return MError("DataSource.Error", error.message, hint=error.hint, code="m.data_source")
