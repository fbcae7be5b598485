"""A PostgreSQL database as a source of data."""

from headwater.workspaces.postgresql.source import PostgreSQLSource

__all__ = ["PostgreSQLSource"]
