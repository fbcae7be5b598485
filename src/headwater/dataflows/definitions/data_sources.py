"""The data sources that a query's text names, and whether whoever saves it may use them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from headwater.dataflows.definitions.constants import Constants
from headwater.dataflows.definitions.references import Names, scoped
from headwater.errors import Finding, MError, UsageError
from headwater.net.origins import parse_origin
from headwater.powerquery.connections.resolving import WEB_KINDS
from headwater.powerquery.language import syntax
from headwater.powerquery.library.data.unavailable import UNAVAILABLE

__all__ = ["SourceRights", "source_findings"]


class SourceRights(Protocol):
    """What data sources somebody may use."""

    def may_read_file(self, path: str) -> bool:
        """Whether a file or folder lies in a folder that they may read."""
        ...

    def has_connection(self, kind: str, path: str) -> bool:
        """Whether they may use a connection that leads there; MError where nothing can lead there."""
        ...


@dataclass(frozen=True, slots=True)
class _Source:
    """How a function names what it opens: M's kind, and which arguments make up the path."""

    kind: str
    arguments: tuple[int, ...] = (0,)


_FILES = {name: _Source(name.partition(".")[0]) for name in ("File.Contents", "Folder.Files", "Folder.Contents")}
_WEB = {
    **{name: _Source("Web") for name in ("Web.Contents", "Web.Headers", "Web.BrowserContents")},
    "WebAction.Request": _Source("Web", (1,)),
    "OData.Feed": _Source("OData"),
    "Soda.Feed": _Source("Soda"),
    "Hdfs.Contents": _Source("Hdfs"),
    "Hdfs.Files": _Source("Hdfs"),
}
_DATABASES = {
    **{f"{kind}.Database": _Source(kind, (0, 1)) for kind in ("PostgreSQL", "Sql", "DB2", "Informix", "Sybase")},
    **{f"{kind}.Database": _Source(kind) for kind in ("Oracle", "Teradata", "SapHana")},
    "MySQL.Database": _Source("MySql", (0, 1)),
    "Sql.Databases": _Source("Sql"),
}
#: A connection string may hold more than where it leads, so it is left to the moment when it is used.
_STRINGS = {name: _Source("Odbc", ()) for name in ("Odbc.DataSource", "Odbc.Query", "Odbc.InferOptions")}
_SOURCES = {**_FILES, **_WEB, **_DATABASES, **_STRINGS}
_UNAVAILABLE = {one.name: one for one in UNAVAILABLE}


def source_findings(
    tree: syntax.Expr, constants: Constants, rights: SourceRights
) -> Iterator[tuple[syntax.Node, Finding]]:
    """What stands against the data sources that an expression names, and where; the query is for the caller to add."""
    for node, names in scoped(tree):
        match node:
            case syntax.Invocation(function=syntax.Identifier(name=name), arguments=arguments):
                if names.find(name, inclusive=False) is not None or constants.defines(name):
                    continue
                if name in _UNAVAILABLE:
                    yield node, _unavailable(name)
                elif name in _SOURCES:
                    finding = _called(name, arguments, names, constants, rights)
                    if finding is not None:
                        yield node, finding


def _unavailable(name: str) -> Finding:
    one = _UNAVAILABLE[name]
    message = f"{name} reaches {one.reaches}, which Headwater has no connector for."
    return Finding("warning", "dataflow.unavailable", message, one.instead)


def _called(
    name: str, arguments: tuple[syntax.Expr, ...], names: Names, constants: Constants, rights: SourceRights
) -> Finding | None:
    source = _SOURCES[name]
    given = [arguments[at] if at < len(arguments) else None for at in source.arguments]
    parts = [None if argument is None else constants.text(argument, names) for argument in given]
    if not parts or any(part is None for part in parts):
        message = f"What {name} opens is known when it runs, and is checked then."
        return Finding("note", "dataflow.dynamic_source", message)
    path = ";".join(part for part in parts if part)
    if name in _FILES:
        return None if rights.may_read_file(path) else _denied(source.kind, path)
    try:
        return None if rights.has_connection(source.kind, path) else _unconnected(source.kind, path)
    except MError as error:
        return Finding("error", "dataflow.connection", error.message, error.hint)


def _denied(kind: str, path: str) -> Finding:
    return Finding(
        "error",
        "dataflow.folder",
        f"'{path}' does not lie in a folder that you may read.",
        f"Have a connection of kind {kind} made for it, or be given the right to use one (connection.use).",
    )


def _unconnected(kind: str, path: str) -> Finding:
    return Finding(
        "error",
        "dataflow.connection",
        f"There is no connection for the data source {kind} '{_shown(kind, path)}', or none that you may use.",
        "Make one, or be given the right to use one (connection.use).",
    )


def _shown(kind: str, path: str) -> str:
    """Where it is, without what an address may carry beside."""
    if kind not in WEB_KINDS:
        return path
    try:
        return str(parse_origin(path))
    except UsageError:
        return "…"
