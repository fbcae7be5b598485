"""Databases through row drivers of Python's DB-API: rows are streamed, and next to nothing runs in the database."""

from headwater.engines.dbapi.database import DriverDatabase
from headwater.engines.dbapi.dialects import Dialect, Driver, Login, connection_string, mysql, others, sql_server
from headwater.engines.dbapi.odbc import ODBC, OdbcDatabase

__all__ = [
    "ODBC",
    "Dialect",
    "Driver",
    "DriverDatabase",
    "Login",
    "OdbcDatabase",
    "connection_string",
    "mysql",
    "others",
    "sql_server",
]
