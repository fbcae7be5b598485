"""Databases: what they hold as navigation tables, and queries in their own language."""

from headwater.powerquery.library.data.databases import drivers, native, odbc, postgresql

__all__ = ["drivers", "native", "odbc", "postgresql"]
