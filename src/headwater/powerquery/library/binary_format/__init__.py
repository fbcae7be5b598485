"""Binary formats: functions that read a value from bytes, and what makes new ones of them."""

from headwater.powerquery.library.binary_format import composed, groups, simple

__all__ = ["composed", "groups", "simple"]
