"""Reading a PostgreSQL database's catalog, and samples of its tables."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from headwater.errors import EngineError, MError, NotFoundError, UnreachableError, WorkspaceError
from headwater.workspaces.addresses import Destination
from headwater.workspaces.base import Capability, Credential, DataAssetInfo, WorkspaceInfo
from headwater.workspaces.postgresql.configuration import PostgreSQLConfiguration
from headwater.workspaces.samples import check_rows, first_rows

if TYPE_CHECKING:
    import pyarrow as pa

    from headwater.engines.postgresql import Login, PostgreSQLDatabase

__all__ = ["PostgreSQLSource"]

T = TypeVar("T")


class PostgreSQLSource:
    """The schemas, tables and views of a PostgreSQL database, as far as the credential may read them.

    Everything runs in transactions that only read, each statement within a time; rows are read for samples alone.

    Args:
        url: ``postgresql://host[:port]/database``.
        credential: a user name with a password.
        private_networks: not looked at: such an address is an administrator's to name, wherever it leads.
        folders: there are none.
        statement_seconds: how long a statement may take.
        connect_seconds: how long to wait for a connection.

    Raises:
        UsageError: ``url`` is no database's address.
    """

    kind: str = "postgresql"
    capabilities: frozenset[Capability] = frozenset({"data_assets"})
    credential_kinds: frozenset[str] = frozenset({"anonymous", "basic"})
    holds_models: bool = False

    def __init__(
        self,
        url: str,
        *,
        credential: Credential | None = None,
        private_networks: Sequence[IPv4Network | IPv6Network] = (),
        folders: Sequence[Path] = (),
        statement_seconds: float = 60,
        connect_seconds: float = 15,
    ) -> None:
        self._configuration = PostgreSQLConfiguration.from_url(url)
        self._credential = credential
        self._seconds = (statement_seconds, connect_seconds)
        self._closed = False

    @staticmethod
    def destination(url: str) -> Destination:
        """Where an address leads; UsageError where it is none."""
        return PostgreSQLConfiguration.from_url(url).destination

    def close(self) -> None:
        # Each statement has a connection of its own, which is closed by then.
        self._closed = True

    def test(self) -> WorkspaceInfo:
        self._asked(lambda database: database.rows("SELECT 1"))
        found = self._configuration
        return WorkspaceInfo(self.kind, found.url, found.qualified_name, found.database)

    def list_data_assets(self) -> Iterator[DataAssetInfo]:
        from headwater.workspaces.postgresql.catalog import data_assets

        return iter(self._asked(lambda database: list(data_assets(database, self._configuration.qualified_name))))

    def sample(self, qualified_name: str, rows: int) -> pa.Table:
        from headwater.workspaces.postgresql.catalog import table_names

        wanted = check_rows(rows)
        known = self._asked(lambda database: table_names(database, self._configuration.qualified_name))
        if qualified_name not in known:
            raise NotFoundError(
                "The database has no such table or view, or none that may be read.",
                place=self._configuration.url,
                hint="Scan the source, and choose from what it holds.",
            )
        return self._asked(lambda database: _first_rows(database, *known[qualified_name], wanted))

    def _asked(self, ask: Callable[[PostgreSQLDatabase], T]) -> T:
        """What the database answers; what goes wrong, in a workspace's words."""
        if self._closed:
            raise WorkspaceError("The source has been closed.", place=self._configuration.url)
        from headwater.engines.postgresql import PostgreSQLDatabase, check_driver

        statement_seconds, connect_seconds = self._seconds
        found = self._configuration
        try:
            check_driver()
            login = _login(self._credential)
            return ask(PostgreSQLDatabase(found.server, found.database, login, statement_seconds, connect_seconds))
        except (MError, EngineError) as error:
            kind = UnreachableError if error.code == "m.data_source.unreachable" else WorkspaceError
            raise kind(error.message, place=found.url, hint=error.hint) from error


def _first_rows(database: PostgreSQLDatabase, schema: str, name: str, rows: int) -> pa.Table:
    from headwater.engines.postgresql import table_scan
    from headwater.plan.nodes import Slice

    scan = table_scan(database, schema, name)
    plan = Slice(scan, count=rows)
    with closing(database.reader(plan, rows)) as reader:
        found = first_rows(reader.schema, reader, rows)
    return found.rename_columns([column.name for column in scan.columns])


def _login(credential: Credential | None) -> Login | None:
    """User name and password of a credential of kind ``basic``, which is kept as the header that HTTP has for it."""
    from headwater.engines.postgresql import Login

    header = "" if credential is None else credential.headers().get("Authorization", "")
    scheme, _, encoded = header.partition(" ")
    if scheme != "Basic":
        return None
    username, _, password = base64.b64decode(encoded).decode().partition(":")
    return Login(username, password)
