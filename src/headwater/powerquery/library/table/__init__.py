"""Functions on tables, by what they work on."""

from headwater.powerquery.library.table import columns, construction, information, joining, rows

__all__ = ["columns", "construction", "information", "joining", "rows"]
