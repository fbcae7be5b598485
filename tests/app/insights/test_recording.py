"""What is recorded of calls of a model: of a real service, called by hand and by a dataflow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.models.azure_server.conftest import Serve, serve

from headwater.access import SYSTEM
from headwater.app.runtime import Headwater
from headwater.dataflows import DataflowDefinition, Settings

__all__ = ["serve"]  # a fixture

pytestmark = pytest.mark.xdist_group("azure")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Headwater]:
    with Headwater.open(tmp_path / "home", create=True) as opened:
        yield opened


def test_calls_are_counted_by_model_and_dataflow(app: Headwater, serve: Serve) -> None:
    with serve("pandas_records") as url:
        app.sources.add(SYSTEM, "service", "", "openapi", url)
        (found,) = app.functions.list(SYSTEM).functions
        rows: dict[str, Any] = {"distance": [1.0, 2.0], "stops": [1, 2], "carrier": ["a", "b"], "late": [True, False]}
        table = pa.table(rows | {"moment": pa.array([None, None], pa.timestamp("us"))})
        for _ in range(2):
            with app.functions.open(SYSTEM, found.name.function, None) as function:
                function.call(table.to_reader()).read_all()
        record = '[distance = [d], stops = 1, carrier = "x", late = true, moment = #datetime(2024, 1, 2, 0, 0, 0)]'
        text = (
            "let T = #table(type table [d = number], {{1}, {2}, {3}}), "
            f's = Table.AddColumn(T, "s", each {found.name.identifier}({record})[score], type number) in s'
        )
        app.flows.apply(SYSTEM, DataflowDefinition("scored", {"t": text}, Settings(("t",))))
        app.refresh(SYSTEM, "scored")
    by_hand, by_dataflow = sorted(app.insights.scoring(SYSTEM), key=lambda each: each.dataflow)
    assert (by_hand.dataflow, by_hand.model, by_hand.rows, by_hand.failed) == ("", found.name.model, 4, 0)
    assert (by_dataflow.dataflow, by_dataflow.source, by_dataflow.rows) == ("scored", "service", 3)
    assert by_hand.calls >= 1 and by_dataflow.calls >= 1
    assert by_hand.seconds > 0 and by_hand.cpu_seconds > 0
