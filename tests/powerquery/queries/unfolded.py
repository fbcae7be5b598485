"""Evaluation in which no step folds: every table is rows, which the evaluator makes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from headwater.powerquery.tables.plan_table import PlanTable
from headwater.powerquery.tables.row_table import RowTable

_READERS = ("csv", "parquet")
_HOLDERS = ("data.excel", "table.construction", "table.evaluating", "table.partitions")


def _as_rows(*arguments: Any) -> RowTable:
    """What a reader makes of a file, without its plan."""
    read = PlanTable(*arguments)
    return RowTable(read.type, read.rows)


def without_folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave nothing to the engine but to read files."""
    for name in _READERS:
        monkeypatch.setattr(import_module(f"headwater.powerquery.library.data.{name}"), "PlanTable", _as_rows)
    for name in _HOLDERS:
        monkeypatch.setattr(import_module(f"headwater.powerquery.library.{name}"), "planned", lambda table, _: table)
    monkeypatch.setattr("headwater.powerquery.tables.plan_table.rows_scan", lambda *_: None)
