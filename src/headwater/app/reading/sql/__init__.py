"""SQL over published tables: one SELECT of tables that may be read, in an engine that can do nothing else."""

from headwater.app.reading.sql.queries import SqlLimits, SqlQueries, SqlQuery, SqlResult

__all__ = ["SqlLimits", "SqlQueries", "SqlQuery", "SqlResult"]
