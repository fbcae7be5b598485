"""DuckDB, the embedded engine: plan to a sqlglot tree to DuckDB's SQL to Arrow."""

from headwater.engines.duckdb.engine import DuckDBEngine

__all__ = ["DuckDBEngine"]
