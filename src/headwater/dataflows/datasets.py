"""Datasets by OpenLineage's naming rules: a namespace, which is where they are, and a name within it."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

__all__ = ["DatasetName", "dataset_of"]


class DatasetName(NamedTuple):
    """A dataset's place and its name there."""

    namespace: str
    name: str


def dataset_of(qualified_name: str) -> DatasetName:
    """The name of what the catalog knows by a qualified name.

    >>> dataset_of("file:///data/flights%202013.csv")
    DatasetName(namespace='file', name='/data/flights 2013.csv')
    >>> dataset_of("postgres://db:5432/shop.public.orders")
    DatasetName(namespace='postgres://db:5432', name='shop.public.orders')
    >>> dataset_of("s3://bucket/raw/a.parquet")
    DatasetName(namespace='s3://bucket', name='raw/a.parquet')
    >>> dataset_of("headwater://0f3c/dataflows/flights/tables/scored")
    DatasetName(namespace='headwater://0f3c', name='dataflows/flights/tables/scored')
    """
    parts = urlsplit(qualified_name)
    if parts.scheme == "file" and not parts.netloc:
        return DatasetName("file", unquote(parts.path) or "/")
    if not parts.scheme or not parts.netloc:
        return DatasetName(parts.scheme or "headwater", parts.path or qualified_name)
    rest = qualified_name.removeprefix(f"{parts.scheme}://{parts.netloc}")
    return DatasetName(f"{parts.scheme}://{parts.netloc}", rest.strip("/") or "/")
