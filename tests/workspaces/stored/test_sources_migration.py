"""A database of before: its sources are used as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from tests.access.databases import new_bare_database

from headwater.store import Database, migrations, tables


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_sources_of_before_use_a_service_credential(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server = request.getfixturevalue("postgresql_folder") if kind == "postgresql" else None
    database = Database(new_bare_database(tmp_path, server))
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    earlier = [*scripts.iterate_revisions("0004", "base")]
    with database.begin() as connection:
        context = MigrationContext.configure(connection)
        for script in reversed(earlier):
            with Operations.context(context):
                script.module.upgrade()
            context.stamp(scripts, script.revision)
        connection.execute(text("INSERT INTO collections (id, name, display_name) VALUES (1, 'root', 'Root')"))
        connection.execute(
            text(
                "INSERT INTO sources (name, display_name, kind, url, collection_id, settings, created_at) "
                "VALUES ('demo', 'Demo', 'mlflow', 'https://ml.example.com', 1, '{}', '2026-01-01 00:00:00')"
            )
        )
    database.upgrade()
    with database.read() as connection:
        row = connection.execute(select(tables.sources)).one()
    assert (row.name, row.credential_mode, row.private_networks) == ("demo", "service", [])
    database.close()
