"""Opening, refusing and upgrading the metadata database; transactions that wait for one another."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, func, insert, inspect, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError

from headwater.errors import HomeError
from headwater.store import Database, migrations, open_database, tables

VERSIONS = Path(migrations.__file__).parent


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'headwater.db'}"


def test_a_new_database_has_an_identity_and_a_root(tmp_path: Path) -> None:
    identities = set()
    for _ in range(2):
        database = open_database(url(tmp_path))
        with database.read() as connection:
            identities.add(connection.scalar(select(tables.installation.c.id)))
            assert connection.execute(select(tables.collections.c.name)).scalars().all() == ["root"]
            assert connection.scalar(select(func.count()).select_from(tables.installation)) == 1
        database.close()
    assert len(identities) == 1


def test_the_revisions_make_what_the_declarations_say(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        # Alembic does not compare checks.
        for table in tables.metadata.sorted_tables:
            declared = {str(check.name) for check in table.constraints if isinstance(check, CheckConstraint)}
            made = {str(check["name"]) for check in inspect(connection).get_check_constraints(table.name)}
            assert made == declared, table.name


def test_sqlite_is_set_up_for_many_processes(database: Database) -> None:
    with database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(insert(tables.flow_edges).values(source_id=1, target_id=2, kind=1))
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(insert(tables.collections).values(name="root", display_name="a second one"))


def test_opening_an_empty_database_at_once_sets_it_up_once(tmp_path: Path) -> None:
    barrier = threading.Barrier(6)

    def open_it(_: int) -> str:
        barrier.wait(20)
        database = open_database(url(tmp_path))
        with database.read() as connection:
            identity = connection.execute(select(tables.installation.c.id)).scalar_one()
        database.close()
        return str(identity)

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(open_it, range(6)))) == 1


def test_writers_wait_and_lose_nothing(database: Database) -> None:
    """Read, then write: without the lock taken first, two of these fail or overwrite one another."""

    def add(_: int) -> None:
        with database.begin() as connection:
            name = connection.execute(select(tables.collections.c.display_name)).scalar_one()
            connection.execute(update(tables.collections).values(display_name=name + "x"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(40)))
    with database.read() as connection:
        assert connection.execute(select(tables.collections.c.display_name)).scalar_one() == "Root" + "x" * 40


def test_a_failed_block_leaves_nothing_and_a_reader_sees_one_state(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.begin() as connection:
        connection.execute(insert(tables.collections).values(name="half", display_name=""))
        raise ZeroDivisionError
    count = select(func.count()).select_from(tables.collections)
    with database.read() as reader:
        assert reader.scalar(count) == 1
        with database.begin() as writer:
            writer.execute(insert(tables.collections).values(name="other", display_name=""))
        assert reader.scalar(count) == 1
    with database.read() as reader:
        assert reader.scalar(count) == 2


class TestVersions:
    """A database of another time or another program."""

    @pytest.fixture
    def newer_code(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
        """Code that knows one revision more than this one."""
        folder = tmp_path / "migrations"
        shutil.copytree(VERSIONS, folder)
        head = migrations.head_revision()
        (folder / "versions" / "v9999_next.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f"revision = '9999'\ndown_revision = {head!r}\n"
            "def upgrade():\n    op.add_column('collections', sa.Column('colour', sa.Text()))\n"
        )
        yield str(folder)

    def test_an_older_database_is_refused_then_upgraded(
        self, tmp_path: Path, newer_code: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = migrations.head_revision()
        open_database(url(tmp_path)).close()
        monkeypatch.setattr(migrations, "_scripts", lambda: ScriptDirectory(newer_code))
        with pytest.raises(HomeError) as caught:
            open_database(url(tmp_path))
        assert caught.value.code == "home.version"
        assert old in caught.value.message and "9999" in caught.value.message
        assert "older" in caught.value.hint
        database = open_database(url(tmp_path), upgrade=True)
        with database.read() as connection:
            assert connection.execute(text("SELECT name, colour FROM collections")).all() == [("root", None)]
        assert database.revision() == "9999"
        database.close()

    def test_a_newer_database_is_refused_and_not_touched(self, tmp_path: Path) -> None:
        database = open_database(url(tmp_path))
        with database.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'f00d'"))
        database.close()
        for upgrade in (False, True):
            with pytest.raises(HomeError) as caught:
                open_database(url(tmp_path), upgrade=upgrade)
            assert caught.value.code == "home.version"
            assert "f00d" in caught.value.message and "newer" in caught.value.hint

    def test_a_failing_revision_leaves_the_database_as_it_was(
        self, tmp_path: Path, newer_code: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        database = open_database(url(tmp_path))
        before = database.revision()
        last = Path(newer_code) / "versions" / "v9999_next.py"
        last.write_text(last.read_text() + "    op.execute('SELECT nonsense')\n")
        monkeypatch.setattr(migrations, "_scripts", lambda: ScriptDirectory(newer_code))
        with pytest.raises(HomeError):
            database.upgrade()
        assert database.revision() == before
        with database.read() as connection:
            columns = {column["name"] for column in inspect(connection).get_columns("collections")}
        assert "colour" not in columns
        database.close()

    def test_another_programs_database_is_refused(self, tmp_path: Path) -> None:
        other = sqlite3.connect(tmp_path / "headwater.db")
        other.execute("CREATE TABLE theirs (x)")
        other.close()
        for upgrade in (False, True):
            with pytest.raises(HomeError) as caught:
                open_database(url(tmp_path), upgrade=upgrade)
            assert caught.value.code == "home.version"
        other = sqlite3.connect(tmp_path / "headwater.db")
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]
        other.close()

    @pytest.mark.parametrize("content", [None, b"this is not a database, whatever its name says"])
    def test_what_cannot_be_read_says_so(self, tmp_path: Path, content: bytes | None) -> None:
        folder = tmp_path / "absent"
        if content is not None:
            folder.mkdir()
            (folder / "headwater.db").write_bytes(content)
        with pytest.raises(HomeError) as caught:
            open_database(url(folder))
        assert caught.value.code == "home.unreadable"
        assert str(folder) in caught.value.place and caught.value.hint


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(url(tmp_path_factory.mktemp("shared")))
    yield database
    database.close()


MOMENTS = st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=st.timezones())


@settings(max_examples=50, deadline=None)
@given(moment=MOMENTS)
def test_a_moment_comes_back_the_same_and_in_utc(shared: Database, moment: datetime) -> None:
    with shared.begin() as connection:
        connection.execute(update(tables.installation).values(created_at=moment))
        stored = connection.execute(select(tables.installation.c.created_at)).scalar_one()
    assert stored == moment.astimezone(UTC)
    assert stored.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"), database.begin() as connection:
        connection.execute(update(tables.installation).values(created_at=datetime(2026, 1, 1)))


def test_the_declared_constants_are_what_the_checks_allow(database: Database) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with database.begin() as connection:
        connection.execute(insert(tables.dataflows).values(name="d", created_at=now, current_version=1))
        for number, status in enumerate(tables.REFRESH_STATUSES):
            connection.execute(
                insert(tables.refreshes).values(
                    id=str(number), dataflow_id=1, status=status, trigger="test", started_at=now
                )
            )
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(update(tables.refreshes).values(status="nonsense"))
