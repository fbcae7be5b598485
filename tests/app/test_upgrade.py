"""A home folder that an older version made: refused, then brought up, and then trimmed like any other."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine
from tests.cli.command import failed, headwater

from headwater.access import SYSTEM, Actor, Via, display_path, find_scope, grant
from headwater.access.people import create_user
from headwater.app.runtime import Headwater
from headwater.store import migrations, utc_now

ROWS = """
INSERT INTO installation (id, created_at) VALUES ('8d0e', '2026-01-01');
INSERT INTO collections (id, name, display_name, parent_id) VALUES (1, 'root', 'Root', NULL), (2, 'team', 'Team', 1),
    (3, 'inner', 'Inner', 2);
INSERT INTO sources (id, name, display_name, kind, url, collection_id, settings, created_at)
    VALUES (1, 'lab', 'Lab', 'mlflow', 'http://127.0.0.1:9', 3, '{}', '2026-01-01');
INSERT INTO dataflows (id, name, created_at, current_version) VALUES (1, 'sales', '2026-01-01', 1);
INSERT INTO dataflow_versions (dataflow_id, version, definition, saved_by, saved_at) VALUES (1, 1,
    '{"name": "sales", "queries": {"t": "1"}, "settings": {"load": ["t"]}}', 'somebody', '2026-01-01');
INSERT INTO refreshes (id, dataflow_id, status, "trigger", started_at) VALUES ('r', 1, 'succeeded', 'm', '2026-01-01');
INSERT INTO published_tables (dataflow_id, entity, path, delta_version, rows, schema, refresh_id, published_at)
    VALUES (1, 't', 'nowhere', 0, 0, '[]', 'r', '2026-01-01');
INSERT INTO assets (guid, type_name, qualified_name, display_name, collection_id, source_id, attributes, status,
    created_at, updated_at, last_seen_at) VALUES
    ('a', 'ml_model', 'm', 'm', 3, 1, '{}', 'active', '2026-01-01', '2026-01-01', '2026-01-01'),
    ('b', 'dataset', 'd', 'd', 2, NULL, '{}', 'active', '2026-01-01', '2026-01-01', '2026-01-01');
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A home as the first version left it."""
    home = tmp_path / "home"
    Headwater.open(home, create=True).close()
    for file in home.glob("headwater.db*"):
        file.unlink()
    engine = create_engine(f"sqlite:///{home / 'headwater.db'}")
    with engine.begin() as connection:
        scripts = migrations._scripts()
        first = scripts.get_revision("0001")
        assert first is not None
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            first.module.upgrade()
        context.stamp(scripts, "0001")
    engine.dispose()
    with sqlite3.connect(home / "headwater.db") as written:
        written.executescript(ROWS)
    written.close()
    return home


def test_it_is_refused_and_says_what_to_do(old: Path) -> None:
    found = failed("dataflow", "list", "--home", old)
    assert found.code == "home.version" and "headwater upgrade" in found.hint


def test_it_is_brought_up_with_everything_in_its_place(old: Path) -> None:
    assert headwater("upgrade", "--home", old).status == 0
    with Headwater.open(old) as app:
        assert [dataflow.name for dataflow in app.dataflows.list(SYSTEM)] == ["sales"]
        assert app.dataflows.get(SYSTEM, "sales").runner.via is Via.SYSTEM
        with app.database.begin() as connection:
            ann = create_user(connection, "ann", by=SYSTEM, now=utc_now())
            paths = {
                display_path(connection, app.sources.get(SYSTEM, "lab").scope_id),
                display_path(connection, app.dataflows.get(SYSTEM, "sales").scope_id),
                display_path(connection, app.tables.get(SYSTEM, "sales", "t").scope_id),
            }
            inner = find_scope(connection, "/collection/root/collection/team/collection/inner")
            grant(connection, SYSTEM, ann.id, "Reader", inner.id, now=utc_now())
        assert paths == {
            "/collection/root/collection/team/collection/inner/workspace/lab",
            "/collection/root/dataflow/sales",
            "/collection/root/dataflow/sales/published_table/t",
        }
        actor = Actor(ann.id, "ann", Via.SESSION)
        assert [asset.qualified_name for asset in app.assets.list(actor)[1]] == ["m"]
        assert [source.name for source in app.sources.every(actor)] == ["lab"]
        assert app.tables.list(actor) == [] and app.dataflows.list(actor) == []


def test_bringing_up_what_is_up_changes_nothing(old: Path) -> None:
    assert headwater("upgrade", "--home", old).status == headwater("upgrade", "--home", old).status == 0
