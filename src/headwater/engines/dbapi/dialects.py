"""What databases that are reached through a row driver differ in: the driver, the dialect, and how they list tables.

A catalog's statements give, for all tables, (schema, name, kind); for the columns of one, (name, type, precision,
scale), in their order. ``{schema}`` and ``{name}`` are replaced by constants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from headwater.errors import MError


@dataclass(frozen=True)
class Login:
    """Where and as whom to connect. ``secret`` is the password, which nothing shows."""

    server: str
    database: str
    user: str
    secret: str
    connect_seconds: float
    command_seconds: float

    def __repr__(self) -> str:
        return f"Login({self.server!r}, {self.database!r})"

    def host_and_port(self, usual: int) -> tuple[str, int]:
        """The server's name and port, which M writes after a colon or a comma."""
        host, found, port = self.server.replace(",", ":").rpartition(":")
        return (host, int(port)) if found and port.strip().isdigit() else (self.server, usual)


@dataclass(frozen=True)
class Driver:
    """A Python package with a database's driver, by DB-API: ``module`` is imported, ``package`` installed."""

    module: str
    package: str

    def load(self, source: str) -> Any:
        """The module.

        Raises:
            MError: DataSource.MissingClientLibrary, the package is not installed.
        """
        try:
            return import_module(self.module)
        except ImportError as error:
            raise MError(
                "DataSource.MissingClientLibrary",
                f"The driver for {source} is not installed.",
                hint=f"Install the package '{self.package}' beside Headwater.",
                code="m.missing_driver",
            ) from error


@dataclass(frozen=True)
class Dialect:
    """``name`` is what people call the system, ``sqlglot`` its dialect there ("" for standard SQL).

    ``prepare`` are statements that each connection begins with, ``types`` says which of its types are other ones under
    a name of their own, ``limits`` whether it takes first rows.
    """

    name: str
    sqlglot: str
    driver: Driver
    connect: Callable[[Any, Login], Any]
    tables: str
    columns: str
    prepare: tuple[str, ...] = ()
    types: Mapping[str, str] | None = None
    limits: bool = True


_INFORMATION_TABLES = """
SELECT TABLE_SCHEMA, TABLE_NAME, CASE WHEN TABLE_TYPE LIKE '%VIEW' THEN 'View' ELSE 'Table' END
FROM INFORMATION_SCHEMA.TABLES {where} ORDER BY TABLE_SCHEMA, TABLE_NAME
"""
_INFORMATION_COLUMNS = """
SELECT COLUMN_NAME, DATA_TYPE, NUMERIC_PRECISION, NUMERIC_SCALE FROM INFORMATION_SCHEMA.COLUMNS
WHERE TABLE_SCHEMA = {schema} AND TABLE_NAME = {name} ORDER BY ORDINAL_POSITION
"""


def _mysql(driver: Any, login: Login) -> Any:
    host, port = login.host_and_port(3306)
    return driver.connect(
        host=host, port=port, user=login.user, password=login.secret, database=login.database, charset="utf8mb4",
        connect_timeout=max(round(login.connect_seconds), 1), read_timeout=max(round(login.command_seconds), 1),
        cursorclass=driver.cursors.SSCursor,
    )  # fmt: skip


def _sql_server(driver: Any, login: Login) -> Any:
    host, port = login.host_and_port(1433)
    return driver.connect(
        dsn=host, port=None if "\\" in host else port, database=login.database or None, user=login.user,
        password=login.secret, login_timeout=login.connect_seconds, timeout=login.command_seconds, readonly=True,
        autocommit=True, appname="headwater",
    )  # fmt: skip


def _oracle(driver: Any, login: Login) -> Any:
    return driver.connect(
        user=login.user, password=login.secret, dsn=login.server, tcp_connect_timeout=login.connect_seconds
    )


def _ibm(driver: Any, login: Login) -> Any:
    host, port = login.host_and_port(50000)
    parts = {
        "DATABASE": login.database, "HOSTNAME": host, "PORT": str(port), "PROTOCOL": "TCPIP",
        "ConnectTimeout": str(round(login.connect_seconds)), "UID": login.user, "PWD": login.secret,
    }  # fmt: skip
    return driver.connect(connection_string(parts), "", "")


def _informix(driver: Any, login: Login) -> Any:
    parts = {
        "SERVER": login.server, "DATABASE": login.database, "UID": login.user, "PWD": login.secret,
        "PROTOCOL": "onsoctcp", "CONNECTTIMEOUT": str(round(login.connect_seconds)),
    }  # fmt: skip
    return driver.connect(connection_string(parts), "", "")


def _sql_anywhere(driver: Any, login: Login) -> Any:
    return driver.connect(host=login.server, dbn=login.database, uid=login.user, pwd=login.secret)


def _teradata(driver: Any, login: Login) -> Any:
    return driver.connect(host=login.server, user=login.user, password=login.secret)


def _hana(driver: Any, login: Login) -> Any:
    host, port = login.host_and_port(30015)
    return driver.connect(
        address=host, port=port, user=login.user, password=login.secret,
        connectTimeout=round(login.connect_seconds * 1000),
    )  # fmt: skip


def connection_string(parts: Mapping[str, str]) -> str:
    """An ODBC connection string; a value that would end early is put in braces.

    >>> connection_string({"DSN": "sales", "PWD": "a;b}"})
    'DSN=sales;PWD={a;b}}};'
    """
    return "".join(f"{key}={_in_braces(value)};" for key, value in parts.items())


def _in_braces(value: str) -> str:
    return "{" + value.replace("}", "}}") + "}" if any(letter in value for letter in ";{}[]()=?*!@ ") else value


def mysql() -> Dialect:
    """MySQL and MariaDB."""
    where = "WHERE TABLE_SCHEMA = DATABASE()"
    prepare = ("SET SESSION TRANSACTION READ ONLY", "SET time_zone = '+00:00'")
    return Dialect(
        "MySQL", "mysql", Driver("pymysql", "PyMySQL"), _mysql, _INFORMATION_TABLES.format(where=where),
        _INFORMATION_COLUMNS, prepare, {"bit": "binary", "tinyint": "int"},
    )  # fmt: skip


def sql_server() -> Dialect:
    """Microsoft SQL Server."""
    return Dialect(
        "SQL Server", "tsql", Driver("pytds", "python-tds"), _sql_server, _INFORMATION_TABLES.format(where=""),
        _INFORMATION_COLUMNS, (), {"timestamp": "binary", "rowversion": "binary", "money": "decimal(19,4)",
        "smallmoney": "decimal(10,4)", "bit": "boolean"},
    )  # fmt: skip


def oracle() -> Dialect:
    """Oracle Database."""
    tables = """
SELECT OWNER, TABLE_NAME, 'Table' FROM ALL_TABLES WHERE OWNER NOT IN ('SYS', 'SYSTEM', 'XDB')
UNION ALL SELECT OWNER, VIEW_NAME, 'View' FROM ALL_VIEWS WHERE OWNER NOT IN ('SYS', 'SYSTEM', 'XDB') ORDER BY 1, 2
"""
    columns = """
SELECT COLUMN_NAME, DATA_TYPE, DATA_PRECISION, DATA_SCALE FROM ALL_TAB_COLUMNS
WHERE OWNER = {schema} AND TABLE_NAME = {name} ORDER BY COLUMN_ID
"""
    return Dialect(
        "Oracle", "oracle", Driver("oracledb", "oracledb"), _oracle, tables, columns,
        ("SET TRANSACTION READ ONLY",), {"date": "datetime"},
    )  # fmt: skip


_DB2_TABLES = """
SELECT TABSCHEMA, TABNAME, CASE WHEN TYPE = 'V' THEN 'View' ELSE 'Table' END FROM SYSCAT.TABLES
WHERE TYPE IN ('T', 'V') AND TABSCHEMA NOT LIKE 'SYS%' ORDER BY TABSCHEMA, TABNAME
"""
_DB2_COLUMNS = """
SELECT COLNAME, TYPENAME, LENGTH, SCALE FROM SYSCAT.COLUMNS
WHERE TABSCHEMA = {schema} AND TABNAME = {name} ORDER BY COLNO
"""
_INFORMIX_TABLES = """
SELECT owner, tabname, CASE WHEN tabtype = 'V' THEN 'View' ELSE 'Table' END FROM systables
WHERE tabid >= 100 AND tabtype IN ('T', 'V') ORDER BY owner, tabname
"""
_INFORMIX_COLUMNS = """
SELECT c.colname, CASE MOD(c.coltype, 256) WHEN 1 THEN 'smallint' WHEN 2 THEN 'int' WHEN 3 THEN 'float'
  WHEN 4 THEN 'float' WHEN 6 THEN 'int' WHEN 7 THEN 'date' WHEN 17 THEN 'bigint' WHEN 18 THEN 'bigint'
  WHEN 52 THEN 'bigint' WHEN 53 THEN 'bigint' ELSE 'varchar' END, c.collength, 0
FROM systables t JOIN syscolumns c ON c.tabid = t.tabid
WHERE t.owner = {schema} AND t.tabname = {name} ORDER BY c.colno
"""
_SYBASE_TABLES = """
SELECT u.user_name, t.table_name, CASE WHEN t.table_type = 'VIEW' THEN 'View' ELSE 'Table' END
FROM SYS.SYSTABLE t JOIN SYS.SYSUSER u ON u.user_id = t.creator
WHERE t.table_type IN ('BASE', 'VIEW') AND u.user_name NOT IN ('SYS', 'dbo') ORDER BY 1, 2
"""
_SYBASE_COLUMNS = """
SELECT c.column_name, d.domain_name, c.width, c.scale
FROM SYS.SYSTABLE t JOIN SYS.SYSUSER u ON u.user_id = t.creator JOIN SYS.SYSCOLUMN c ON c.table_id = t.table_id
JOIN SYS.SYSDOMAIN d ON d.domain_id = c.domain_id
WHERE u.user_name = {schema} AND t.table_name = {name} ORDER BY c.column_id
"""
_TERADATA_TABLES = """
SELECT DatabaseName, TableName, CASE WHEN TableKind = 'V' THEN 'View' ELSE 'Table' END FROM DBC.TablesV
WHERE TableKind IN ('T', 'O', 'V') AND DatabaseName NOT IN ('DBC', 'SYSLIB', 'SYSUDTLIB') ORDER BY 1, 2
"""
_TERADATA_COLUMNS = """
SELECT ColumnName, CASE TRIM(ColumnType) WHEN 'I1' THEN 'int' WHEN 'I2' THEN 'int' WHEN 'I' THEN 'int'
  WHEN 'I8' THEN 'bigint' WHEN 'F' THEN 'float' WHEN 'D' THEN 'decimal' WHEN 'DA' THEN 'date' WHEN 'AT' THEN 'time'
  WHEN 'TS' THEN 'datetime' WHEN 'BF' THEN 'binary' WHEN 'BV' THEN 'binary' WHEN 'BO' THEN 'binary'
  ELSE 'varchar' END, DecimalTotalDigits, DecimalFractionalDigits
FROM DBC.ColumnsV WHERE DatabaseName = {schema} AND TableName = {name} ORDER BY ColumnId
"""
_HANA_TABLES = """
SELECT SCHEMA_NAME, TABLE_NAME, 'Table' FROM SYS.TABLES WHERE SCHEMA_NAME NOT LIKE '\\_SYS%' ESCAPE '\\'
UNION ALL SELECT SCHEMA_NAME, VIEW_NAME, 'View' FROM SYS.VIEWS WHERE SCHEMA_NAME NOT LIKE '\\_SYS%' ESCAPE '\\'
ORDER BY 1, 2
"""
_HANA_COLUMNS = """
SELECT COLUMN_NAME, DATA_TYPE_NAME, LENGTH, SCALE FROM (
  SELECT SCHEMA_NAME, TABLE_NAME, COLUMN_NAME, DATA_TYPE_NAME, LENGTH, SCALE, POSITION FROM SYS.TABLE_COLUMNS
  UNION ALL
  SELECT SCHEMA_NAME, VIEW_NAME, COLUMN_NAME, DATA_TYPE_NAME, LENGTH, SCALE, POSITION FROM SYS.VIEW_COLUMNS)
WHERE SCHEMA_NAME = {schema} AND TABLE_NAME = {name} ORDER BY POSITION
"""


def others() -> Mapping[str, Dialect]:
    """The systems whose driver has to be installed, by the first word of their M function."""
    listed: Sequence[tuple[str, Dialect]] = (
        ("DB2", Dialect("DB2", "", Driver("ibm_db_dbi", "ibm-db"), _ibm, _DB2_TABLES, _DB2_COLUMNS)),
        ("Informix", Dialect(
            "Informix", "", Driver("IfxPyDbi", "IfxPy"), _informix, _INFORMIX_TABLES, _INFORMIX_COLUMNS, limits=False)),
        ("Sybase", Dialect(
            "SQL Anywhere", "tsql", Driver("sqlanydb", "sqlanydb"), _sql_anywhere, _SYBASE_TABLES, _SYBASE_COLUMNS)),
        ("Teradata", Dialect(
            "Teradata", "teradata", Driver("teradatasql", "teradatasql"), _teradata, _TERADATA_TABLES,
            _TERADATA_COLUMNS)),
        ("SapHana", Dialect(
            "SAP HANA", "postgres", Driver("hdbcli.dbapi", "hdbcli"), _hana, _HANA_TABLES, _HANA_COLUMNS,
            ("SET TRANSACTION READ ONLY",))),
        ("Oracle", oracle()),
    )  # fmt: skip
    return dict(listed)
