"""The metadata database: every SQL table and migration; SQLite by default, PostgreSQL by its URL."""

from headwater.store import tables
from headwater.store.database import Database, exclusive, open_database
from headwater.store.types import UtcDateTime, utc_now

__all__ = ["Database", "UtcDateTime", "exclusive", "open_database", "tables", "utc_now"]
