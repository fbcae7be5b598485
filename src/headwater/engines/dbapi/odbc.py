"""Any database with an ODBC driver: what it holds, it says through ODBC's own catalog functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headwater.engines.dbapi.database import DriverDatabase, reported
from headwater.engines.dbapi.dialects import Dialect, Driver, Login, connection_string


def _connect(driver: Any, login: Login) -> Any:
    credential = {"UID": login.user, "PWD": login.secret} if login.user else {}
    text = login.server.rstrip(";") + ";" + connection_string(credential)
    opened = driver.connect(text, timeout=max(round(login.connect_seconds), 1), readonly=True, autocommit=True)
    opened.timeout = max(round(login.command_seconds), 1)
    return opened


ODBC = Dialect("ODBC", "", Driver("pyodbc", "pyodbc"), _connect, "", "", limits=False)


@dataclass(frozen=True)
class OdbcDatabase(DriverDatabase):
    """A database by its connection string, which is its login's ``server``."""

    def relations(self) -> list[tuple[str, str, str]]:
        """(schema, name, kind) of the tables and views."""
        with self.cursor() as (driver, cursor), reported(self, driver, "list its tables"):
            found = [(row.table_schem or "", row.table_name, row.table_type) for row in cursor.tables().fetchall()]
        kinds = {"TABLE": "Table", "VIEW": "View"}
        return sorted((schema, name, kinds[kind]) for schema, name, kind in found if kind in kinds)

    def columns_of(self, schema: str, name: str) -> list[Sequence[Any]]:
        """(name, type, precision, scale) of a table's columns."""
        with self.cursor() as (driver, cursor), reported(self, driver, "list its columns"):
            rows = cursor.columns(table=name, schema=schema or None).fetchall()
        return [(row.column_name, row.type_name, row.column_size, row.decimal_digits) for row in rows]
