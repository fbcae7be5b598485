"""Reading published tables: a selection of their rows a page at a time, as files, and by SQL."""

from headwater.app.reading.reader import OpenTable, TablePage, TableReader
from headwater.app.reading.selection import Selection

__all__ = ["OpenTable", "Selection", "TablePage", "TableReader"]
