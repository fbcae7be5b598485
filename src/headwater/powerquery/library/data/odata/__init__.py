"""OData: services, their types, and what they write."""

from headwater.powerquery.library.data.odata import feed

__all__ = ["feed"]
