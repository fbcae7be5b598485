"""Qualified names: of a dataset, which is its source by OpenLineage's naming, and of what a workspace holds."""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import quote, unquote, urlsplit

__all__ = ["common_folder", "dataset_name", "endpoint_name", "model_name", "segment", "version_name"]

#: What would make a name ambiguous if it stood in a segment as itself.
_ESCAPES = str.maketrans({"%": "%25", "/": "%2F", "#": "%23", "?": "%3F"})

_ALIASES = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "postgresql": "postgres", "abfs": "abfss", "wasb": "wasbs"}
#: Here the part before the @ is the container, and no user.
_WITH_CONTAINER = frozenset({"abfss", "wasbs"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_WINDOWS_DRIVE = re.compile(r"/?[A-Za-z]:[\\/]")


def segment(text: str) -> str:
    """A name as one segment of a qualified name.

    >>> segment("fraud/late @ 100%")
    'fraud%2Flate @ 100%25'
    """
    return text.translate(_ESCAPES)


def model_name(workspace: str, model: str) -> str:
    """The name of a registered model; ``workspace`` is the workspace's qualified name."""
    return f"{workspace}/models/{segment(model)}"


def version_name(workspace: str, model: str, version: str) -> str:
    """The name of a model's version."""
    return f"{model_name(workspace, model)}/versions/{segment(version)}"


def endpoint_name(workspace: str, endpoint: str) -> str:
    """The name of a deployed model."""
    return f"{workspace}/endpoints/{segment(endpoint)}"


def dataset_name(source: str) -> str | None:
    """The qualified name of the dataset at ``source``, a URI or an absolute path.

    Files become ``file:///…``; the several schemes of one store become one; what a query string, a fragment or the
    user part hold (signatures, passwords) is dropped; a trailing slash is dropped. None when ``source`` names no
    place of its own: a relative path, empty text.

    >>> dataset_name("/data/flights/")
    'file:///data/flights'
    >>> dataset_name("file:/data/a%20b.csv") == dataset_name("/data/a b.csv") == "file:///data/a%20b.csv"
    True
    >>> dataset_name("s3a://bucket/key?X-Amz-Signature=abc")
    's3://bucket/key'
    >>> dataset_name("postgresql://ann:secret@db:5432/shop.public.orders")
    'postgres://db:5432/shop.public.orders'
    >>> dataset_name("abfs://raw@account.dfs.core.windows.net/flights/")
    'abfss://raw@account.dfs.core.windows.net/flights'
    >>> dataset_name("flights.csv") is None
    True
    """
    if _WINDOWS_DRIVE.match(source):
        return PureWindowsPath(source.lstrip("/")).as_uri()
    if source.startswith("/"):
        return _file_name(source)
    if not _SCHEME.match(source):
        return None
    parts = urlsplit(source)
    scheme = _ALIASES.get(parts.scheme, parts.scheme)
    if scheme == "file":
        return _file_name(unquote(parts.path))
    user, _, host = parts.netloc.rpartition("@")
    if scheme in _WITH_CONTAINER and user and ":" not in user:
        host = f"{user}@{host}"
    path = parts.path if scheme in {"http", "https"} else parts.path.rstrip("/")
    return f"{scheme}://{host}{path}" if host else f"{scheme}:{path}"


def common_folder(names: list[str]) -> str | None:
    """The folder that holds all of ``names`` (qualified names of files), or None when nothing holds them all.

    >>> common_folder(["file:///data/flights/01.csv", "file:///data/flights/02.csv"])
    'file:///data/flights'
    >>> common_folder(["s3://a/x", "s3://b/x"]) is None
    True
    """
    split = [urlsplit(name) for name in names]
    if not split or len({(part.scheme, part.netloc) for part in split}) > 1:
        return None
    folder = posixpath.commonpath([PurePosixPath(part.path).parent.as_posix() for part in split])
    if folder in {"", "/", "."}:
        return None
    return f"{split[0].scheme}://{split[0].netloc}{folder}"


def _file_name(path: str) -> str:
    normal = posixpath.normpath(path)
    # normpath keeps two leading slashes, which POSIX leaves open; here they mean what one means.
    # A name of the file system need not be text: its bytes are escaped as they are.
    return "file://" + quote("/" + normal.lstrip("/"), safe="/", errors="surrogateescape")
