"""Some rows of what is to be classified: of published tables, of sources' data, of files in the home's folders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headwater.access import Action, Actor, may, server_scope
from headwater.catalog.classifying import Sample
from headwater.dataflows.published import PublishedTable
from headwater.errors import ForbiddenError, NotFoundError, TableError
from headwater.tables import read, row_count
from headwater.workspaces.registry import holds_models, load_data_source

if TYPE_CHECKING:
    import pyarrow as pa

    from headwater.app.runtime import Headwater
    from headwater.workspaces.base import DataSource

__all__ = ["MOST_VALUES", "ROWS", "Reading", "samples_of"]

#: How many rows of an asset are looked at, and how many values of a column.
ROWS, MOST_VALUES = 1_000, 300
#: The rows of a table are read in so many places.
_PLACES = 5
_LONGEST_VALUE = 500
#: What people write where there is no value.
_NOTHING = frozenset({"", "-", "--", "?", "n/a", "na", "nan", "nil", "none", "null", "unbekannt", "unknown", "\\n"})

Reader = Callable[[], "pa.Table"]


@dataclass(slots=True)
class _Opened:
    sources: dict[int, Any]
    folders: dict[Path, Any]
    closing: ExitStack


class Reading:
    """Reads some rows with somebody's rights; what it opens is closed with it.

    Published tables are read by whoever may read them, a source's data by whoever may scan the source, and files in
    the folders that ``headwater.toml`` names by whoever may use every connection of the server.
    """

    def __init__(self, app: Headwater, actor: Actor) -> None:
        self._app, self._actor = app, actor
        self._opened = _Opened({}, {}, ExitStack())
        self._sources = {source.id: source.name for source in app.sources.every(actor) if not holds_models(source.kind)}
        self._tables = {app.table_name(found.dataflow, found.entity): found for found in app.tables.list(actor)}
        with app.database.read() as connection:
            everything = may(connection, actor, Action.CONNECTION_USE, server_scope(connection))
        self._folders = app.home.folders if everything else ()

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.closing.close()

    def reader(self, type_name: str, qualified_name: str, source_id: int | None) -> Reader | None:
        """What reads some rows of an asset; None where they are out of reach."""
        if type_name == "dataflow_table":
            table = self._tables.get(qualified_name)
            return None if table is None else lambda: self._published(table)
        if type_name != "dataset":
            return None
        if source_id in self._sources:
            return lambda: self._source(source_id).sample(qualified_name, ROWS)
        folder = self._folder_of(qualified_name)
        return None if folder is None else lambda: self._files(folder).sample(qualified_name, ROWS)

    def version(self, qualified_name: str) -> str:
        """What tells the state of a published table from those before."""
        table = self._tables.get(qualified_name)
        return "" if table is None else f"{table.path}@{table.delta_version}"

    def _published(self, table: PublishedTable) -> pa.Table:
        import pyarrow as pa

        rows = row_count(table.path, table.delta_version)
        self._app.tables.record_reading(
            self._actor, table, table.delta_version, rows=min(rows, ROWS), form="classification"
        )
        # Those that whoever asks may read: policies keep others from them.
        names = [column["name"] for column in table.columns]
        slices = [read(table.path, table.delta_version, names, *part) for part in _parts(rows)]
        if not slices:
            raise TableError("The table has no rows.", place=f"{table.dataflow}/{table.entity}")
        return pa.concat_tables(slices)

    def _source(self, source_id: int) -> DataSource:
        opened = self._opened
        if source_id not in opened.sources:
            called = self._app.sources.connect_data(self._actor, self._sources[source_id], purpose="classify")
            opened.sources[source_id] = opened.closing.enter_context(called)
        found: DataSource = opened.sources[source_id]
        return found

    def _folder_of(self, qualified_name: str) -> Path | None:
        return next((each for each in self._folders if qualified_name.startswith(f"{each.as_uri()}/")), None)

    def _files(self, folder: Path) -> DataSource:
        opened = self._opened
        if folder not in opened.folders:
            made = load_data_source("folder", folder.as_uri(), None, folders=self._folders)
            opened.closing.callback(made.close)
            opened.folders[folder] = made
        found: DataSource = opened.folders[folder]
        return found

    def may_open(self, source_id: int | None) -> bool:
        """Whether the source's data may be read, as far as it is one's."""
        if source_id not in self._sources:
            return True
        try:
            self._source(source_id)
        except (ForbiddenError, NotFoundError):
            return False
        return True


def _parts(rows: int) -> Iterator[tuple[int, int]]:
    """Offsets and lengths of the parts that are read of so many rows.

    >>> list(_parts(3)), len(list(_parts(10_000)))
    ([(0, 3)], 5)
    """
    if rows <= ROWS:
        yield from [(0, rows)] if rows else []
        return
    size = ROWS // _PLACES
    yield from ((place * (rows - size) // (_PLACES - 1), size) for place in range(_PLACES))


def samples_of(table: pa.Table, columns: Sequence[str]) -> Mapping[str, Sample]:
    """A sample of each of these columns that the rows have, with values that text can stand for."""
    return {name: Sample(name, _texts(table.column(name))) for name in columns if table.column_names.count(name) == 1}


def _texts(column: pa.ChunkedArray[Any]) -> tuple[str, ...]:
    texts = [text for text in map(_text, column.to_pylist()) if text and len(text) <= _LONGEST_VALUE]
    # From all of them, and not the first ones: those may have been sorted.
    step = max(1, -(-len(texts) // MOST_VALUES))
    return tuple(texts[::step])


def _text(value: Any) -> str:
    """A value as text; "" for what has none that a rule could look at."""
    if value is None or isinstance(value, bool | bytes | dict | list):
        return ""
    if isinstance(value, float) and value.is_integer():
        # Readers of CSV and M make numbers of digits.
        return str(int(value))
    text = str(value).strip()
    return "" if text.casefold() in _NOTHING else text
