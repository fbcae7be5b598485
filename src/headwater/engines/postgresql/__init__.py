"""PostgreSQL as a source: plans over its tables run there, as far as they mean the same there."""

from headwater.engines.postgresql.aggregates import FOLDED_AGGREGATES
from headwater.engines.postgresql.catalog import Relation, query_scan, relations, table_scan
from headwater.engines.postgresql.database import Login, PostgreSQLDatabase, check_driver
from headwater.engines.postgresql.expressions import FOLDED_OPERATORS
from headwater.engines.postgresql.types import constant_sql

__all__ = [
    "FOLDED_AGGREGATES",
    "FOLDED_OPERATORS",
    "Login",
    "PostgreSQLDatabase",
    "Relation",
    "check_driver",
    "constant_sql",
    "query_scan",
    "relations",
    "table_scan",
]
