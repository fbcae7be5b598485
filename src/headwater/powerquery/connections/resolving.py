"""Which connection serves a data source: the one of its kind whose path is the longest prefix of the source's."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import unquote, urlsplit

from headwater.errors import MError, UsageError
from headwater.powerquery.connections.model import Connection

Resolver = Callable[[str, str], Connection | None]
"""From kind and path to the connection that serves that data source; None where there is none."""

WEB_KINDS = {"Web", "OData", "Soda", "Hdfs"}
"""The kinds whose path is an http or https address."""
_BY_FOLDER = {"File", "Folder"}
WINDOWS_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\")
"""How paths of Windows begin: with a drive, or as a share."""


class Connections:
    """The resolver over a list of connections.

    >>> known = Connections([Connection("Web", "https://example.com/api"), Connection("PostgreSQL", "localhost")])
    >>> known("Web", "https://example.com/api/orders?page=2").path
    'https://example.com/api'
    >>> known("Web", "https://example.com/apiary") is None
    True
    >>> known("PostgreSQL", "LOCALHOST;sales").path
    'localhost'
    """

    def __init__(self, connections: Iterable[Connection] = ()) -> None:
        self._by_group: dict[str, list[tuple[tuple[str, ...], Connection]]] = {}
        for connection in connections:
            segments = path_segments(connection.kind, connection.path)
            self._by_group.setdefault(_group(connection.kind), []).append((segments, connection))
        for known in self._by_group.values():
            known.sort(key=lambda entry: len(entry[0]), reverse=True)

    def __iter__(self) -> Iterator[Connection]:
        """The connections, those of one kind together."""
        return (connection for known in self._by_group.values() for _, connection in known)

    def __call__(self, kind: str, path: str) -> Connection | None:
        """The connection for a data source; None where there is none."""
        wanted = path_segments(kind, path)
        for segments, connection in self._by_group.get(_group(kind), ()):
            if wanted[: len(segments)] == segments:
                return connection
        return None


def path_segments(kind: str, path: str) -> tuple[str, ...]:
    """The path of a data source in the parts by which one is below another.

    >>> path_segments("Web", "HTTPS://Example.com/a/b?x=1")
    ('https://example.com', 'a', 'b')
    >>> path_segments("Folder", "/data/raw/")
    ('', 'data', 'raw')
    >>> path_segments("Sql", "Server;Sales")
    ('server', 'sales')
    """
    if kind in WEB_KINDS and path:
        return _address_segments(path)
    if kind in _BY_FOLDER and path:
        return _folder_segments(path)
    return tuple(part.strip() for part in path.casefold().split(";") if part.strip())


def _folder_segments(path: str) -> tuple[str, ...]:
    """``.`` and ``..`` are followed, so that no way of writing a path leads past its connection's privacy level."""
    of_windows = path.startswith("//") or WINDOWS_PATH.match(path) is not None
    shown = path.replace("\\", "/").casefold() if of_windows else path
    return tuple(posixpath.normpath(shown).split("/"))


def _address_segments(path: str) -> tuple[str, ...]:
    from headwater.net.origins import parse_origin  # the HTTP client comes with it

    try:
        origin = str(parse_origin(path))
    except UsageError as error:
        raise _unusable(error.message, error.hint) from error
    parts = [unquote(part) for part in urlsplit(path).path.split("/") if part]
    if ".." in parts or "." in parts:
        raise _unusable("It holds '.' or '..', which would lead elsewhere than it says.", "Write the address in full.")
    return (origin, *parts)


def _unusable(why: str, hint: str) -> MError:
    return MError("DataSource.Error", f"The address cannot be used. {why}", hint=hint, code="m.data_source")


def _group(kind: str) -> str:
    """A folder's connection serves the files in it."""
    return "Folder" if kind in _BY_FOLDER else kind


def granted_origin(kind: str, path: str, origins: Sequence[str]) -> Connection | None:
    """The connection without a credential to a web address whose origin is one of ``origins``."""
    if kind not in WEB_KINDS or not any(_address_segments(path)[0] == _address_segments(o)[0] for o in origins):
        return None
    return Connection(kind, _address_segments(path)[0])


def missing_connection(kind: str, path: str) -> MError:
    """The M error of a data source for which nobody has made a connection."""
    shown, instead = path, ""
    if kind in WEB_KINDS:
        shown = path.partition("?")[0]
        instead = f" Without a credential: '--allow-origin {_address_segments(path)[0]}' ('origins=' in Python)."
    return MError(
        "DataSource.Error",
        f"There is no connection for the data source {kind} '{shown}'.",
        hint=(
            f"Add one to the file given by --connections ('connections=' in Python): [[connection]] with kind = "
            f'"{kind}" and path = "{shown}".{instead}'
        ),
        code="m.no_connection",
    )
