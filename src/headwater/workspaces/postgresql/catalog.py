"""What a PostgreSQL database says of its schemas, tables and views; no rows of theirs are read.

Names are those of ``postgres://host:port/database.schema.table``. A dot in one is written as such: names that differ
only by where a dot stands would be one, as they are to everybody who writes names in this way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from headwater.engines.postgresql import PostgreSQLDatabase
from headwater.workspaces.base import DataAssetInfo

__all__ = ["data_assets", "table_names"]

#: Tables (plain, partitioned, foreign) and views that the login may read; a partition is its table's.
_READABLE = """
  c.relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
"""
_RELATIONS = f"""
SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind IN ('v', 'm') AS is_view,
       pg_catalog.obj_description(c.oid, 'pg_class') AS description,
       pg_catalog.obj_description(n.oid, 'pg_namespace') AS about_schema,
       CASE WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples::bigint END AS estimated,
       CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_table_size(c.oid)::bigint END AS size
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE {_READABLE}
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"
"""  # noqa: S608 -- texts of ours
_COLUMNS = f"""
SELECT n.nspname::text AS schema, c.relname::text AS name, a.attname::text AS column_name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS native,
       pg_catalog.col_description(c.oid, a.attnum) AS description,
       COALESCE(i.indkey::int2[] @> ARRAY[a.attnum], false) AS is_key
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE a.attnum > 0 AND NOT a.attisdropped AND {_READABLE}
ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C", a.attnum
"""  # noqa: S608 -- texts of ours


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    native: str
    description: str
    is_key: bool


def data_assets(database: PostgreSQLDatabase, home: str) -> Iterator[DataAssetInfo]:
    """The database, its schemas, and their tables and views, each after what holds it.

    Args:
        database: where to ask.
        home: the qualified name of the database.

    Raises:
        MError: DataSource.Error, the database does not answer.
    """
    relations = database.rows(_RELATIONS).to_pylist()
    columns: dict[tuple[str, str], list[_Column]] = defaultdict(list)
    for row in database.rows(_COLUMNS).to_pylist():
        found = _Column(row["column_name"], row["native"], row["description"] or "", row["is_key"])
        columns[row["schema"], row["name"]].append(found)
    yield DataAssetInfo(home, database.database, "folder", "postgres")
    schema = None
    for row in relations:
        within = f"{home}.{row['schema']}"
        if row["schema"] != schema:
            schema = row["schema"]
            about = row["about_schema"] or ""
            yield DataAssetInfo(within, schema, "folder", "postgres", description=about, parent=home)
        of = columns[row["schema"], row["name"]]
        yield DataAssetInfo(
            f"{within}.{row['name']}",
            row["name"],
            "view" if row["is_view"] else "table",
            "postgres",
            columns=tuple((column.name, column.native) for column in of),
            description=row["description"] or "",
            parent=within,
            rows=row["estimated"],
            size=row["size"],
            primary_key=tuple(column.name for column in of if column.is_key),
            column_descriptions={column.name: column.description for column in of if column.description},
        )


def table_names(database: PostgreSQLDatabase, home: str) -> dict[str, tuple[str, str]]:
    """Schema and name of every table and view, by its qualified name.

    Raises:
        MError: DataSource.Error, the database does not answer.
    """
    rows = database.rows(_RELATIONS).to_pylist()
    return {f"{home}.{row['schema']}.{row['name']}": (row["schema"], row["name"]) for row in rows}
