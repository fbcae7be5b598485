"""Bytes: made, taken apart, compressed, recognised."""

from headwater.powerquery.library.binary import compression, content_types, conversion, parts, views

__all__ = ["compression", "content_types", "conversion", "parts", "views"]
