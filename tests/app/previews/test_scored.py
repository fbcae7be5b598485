"""Previews of columns that a model makes: only rows that somebody looks at are sent, and each only once."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import SeededMLflow

from headwater.access import SYSTEM
from headwater.access.audit import Filter, page
from headwater.access.events import Event
from headwater.app.previews import PreviewRequest
from headwater.app.runtime import Headwater

TEXT = """let
    Rows = Table.FromRecords(List.Transform({1..5000}, each [distance = _, carrier = "AA"])),
    Typed = Table.TransformColumnTypes(Rows, {{"distance", type number}, {"carrier", type text}}),
    Scored = Table.AddColumn(Typed, "p", each demo.late_arrival([distance], [carrier])[probability])
in Scored"""


def sent(app: Headwater) -> list[str]:
    """How many rows the model was sent, each time that the audit log tells of."""
    with app.database.read() as connection:
        found = page(connection, Filter(events=frozenset({Event.MODEL_INVOKED})))
    return [str(each.details["rows"]) for each in found]


def test_only_rows_that_are_shown_are_scored(tmp_path: Path, mlflow_server: SeededMLflow) -> None:
    with Headwater.open(tmp_path / "home", create=True) as app:
        app.sources.add(SYSTEM, "demo", "", "mlflow", mlflow_server.url, trusted=True)
        found = app.previews.open(SYSTEM, PreviewRequest("w", {"q": TEXT}, "q", rows=3))
        assert [row[2] for row in found.page.rows] == [0.25, 0.25, 0.25]
        later = app.previews.rows(SYSTEM, found.id, 4_000, 2)
        assert [row[0] for row in later.rows] == [4_001, 4_002]
        again = app.previews.open(SYSTEM, PreviewRequest("w", {"q": TEXT}, "q", rows=4))
        assert len(again.page.rows) == 4
        app.previews.close()
        assert sorted(sent(app)) == ["1", "5"]
