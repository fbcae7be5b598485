"""The ledger: what is appended is found, by every process, or was never there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import event, func, select

from headwater.errors import ModelError
from headwater.models import ledger as ledger_module
from headwater.models.key_index import KeyIndex, RowKeys
from headwater.models.ledger import Ledger, LedgerPredictions
from headwater.store import Database, open_database, tables, utc_now

PREDICTION = pa.struct([("p", pa.float64()), ("late", pa.bool_())])


def keys(*numbers: int) -> Any:
    return RowKeys(np.array(numbers, np.int64), np.array(numbers, np.int64) * 7)


def predictions(*numbers: float) -> Any:
    return pa.array([{"p": n, "late": n > 1} for n in numbers], PREDICTION)


def found(ledger: Ledger, fingerprint: str, *numbers: int) -> dict[int, Any]:
    answer = LedgerPredictions(ledger, fingerprint).lookup(KeyIndex(keys(*numbers)), PREDICTION)
    assert answer.results.type == PREDICTION
    return {numbers[at]: row for at, row in zip(answer.positions.tolist(), answer.results.to_pylist(), strict=True)}


@pytest.fixture
def ledger(tmp_path: Path, database: Database) -> Ledger:
    ledger = Ledger(tmp_path / "ledger", database)
    ledger.register("f" * 64, {"model": "m"})
    return ledger


def test_what_was_appended_is_found_and_nothing_else(ledger: Ledger) -> None:
    assert found(ledger, "f" * 64, 1, 2) == {}
    ledger.append("f" * 64, keys(1, 2, 3), predictions(0.5, 1.5, float("nan")), utc_now())
    ledger.append("f" * 64, keys(9), predictions(9.0), utc_now())
    answer = found(ledger, "f" * 64, 9, 4, 2, 3)
    assert answer.keys() == {9, 2, 3}
    assert answer[2] == {"p": 1.5, "late": True} and np.isnan(answer[3]["p"])


def test_both_halves_of_the_key_count(ledger: Ledger) -> None:
    ledger.append("f" * 64, RowKeys(np.array([1]), np.array([2])), predictions(1.0), utc_now())
    wanted = KeyIndex(RowKeys(np.array([1, 2, 2, 1]), np.array([1, 2, 1, 2])))
    assert LedgerPredictions(ledger, "f" * 64).lookup(wanted, PREDICTION).positions.tolist() == [3]


@pytest.mark.parametrize("kept", [0, 2, 100])
def test_one_run_finds_what_is_appended_meanwhile(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    """Whatever of the ledger it keeps in memory."""
    monkeypatch.setattr(ledger_module, "_KEPT_ROWS", kept)
    monkeypatch.setattr(ledger_module, "_SEGMENT_ROWS", 3)
    known = LedgerPredictions(ledger, "f" * 64)
    for number in range(10):
        assert known.lookup(KeyIndex(keys(number)), PREDICTION).positions.tolist() == []
        known.append(keys(number, number + 100), predictions(number, 0.0), utc_now())
        wanted = KeyIndex(keys(*range(20)))
        answer = known.lookup(wanted, PREDICTION)
        assert sorted(answer.positions.tolist()) == list(range(number + 1))
        values = dict(zip(answer.positions.tolist(), answer.results.to_pylist(), strict=True))
        assert all(row["p"] == at for at, row in values.items())
    assert known.count() == 20


def test_fingerprints_are_apart(ledger: Ledger) -> None:
    ledger.register("e" * 64, {})
    ledger.append("f" * 64, keys(1), predictions(1.0), utc_now())
    assert found(ledger, "e" * 64, 1) == {}


def test_a_prediction_stored_twice_is_found_as_one_value(ledger: Ledger) -> None:
    for _ in range(2):
        ledger.append("f" * 64, keys(1), predictions(1.0), utc_now())
    assert found(ledger, "f" * 64, 1) == {1: {"p": 1.0, "late": False}}


def test_null_predictions_are_remembered(ledger: Ledger) -> None:
    ledger.append("f" * 64, keys(1), pa.array([None], PREDICTION), utc_now())
    assert found(ledger, "f" * 64, 1) == {1: None}


def test_registering_again_keeps_the_first_description(ledger: Ledger, database: Database) -> None:
    ledger.register("f" * 64, {"model": "other"})
    with database.read() as connection:
        assert connection.execute(select(tables.ledger_fingerprints.c.description)).scalars().all() == [{"model": "m"}]


def test_files_are_in_the_documented_form(ledger: Ledger) -> None:
    file = ledger.append("f" * 64, keys(1), predictions(1.0), utc_now())
    schema = pq.read_schema(file.path)
    assert schema.names == ["key_hi", "key_lo", "result", "scored_at"]
    assert [str(kind) for kind in schema.types[:2]] == ["int64", "int64"]
    assert str(schema.field("scored_at").type) == "timestamp[us, tz=UTC]"


class Killed(BaseException):
    """As abrupt as a process's end, for one connection."""


def test_a_crash_between_the_file_and_its_row_leaves_no_trace(
    ledger: Ledger, database: Database, tmp_path: Path
) -> None:
    ledger.append("f" * 64, keys(1), predictions(1.0), utc_now())

    def crash(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("INSERT INTO ledger_files"):
            raise Killed

    event.listen(database.engine, "before_cursor_execute", crash)
    with pytest.raises(Killed):
        ledger.append("f" * 64, keys(2), predictions(2.0), utc_now())
    event.remove(database.engine, "before_cursor_execute", crash)
    assert len(list((tmp_path / "ledger").rglob("*.parquet"))) == 2
    assert found(ledger, "f" * 64, 1, 2).keys() == {1}
    ledger.append("f" * 64, keys(2), predictions(2.0), utc_now())
    assert found(ledger, "f" * 64, 1, 2).keys() == {1, 2}


def test_a_lost_file_is_said_not_scored_around(ledger: Ledger) -> None:
    ledger.append("f" * 64, keys(1), predictions(1.0), utc_now()).path.unlink()
    with pytest.raises(ModelError, match="cannot be read") as caught:
        found(ledger, "f" * 64, 1)
    assert caught.value.code == "model.ledger"


APPEND = """
import sys
from pathlib import Path
import numpy as np, pyarrow as pa
from headwater.models.key_index import RowKeys
from headwater.models.ledger import Ledger
from headwater.store import open_database, utc_now
home, start = Path(sys.argv[1]), int(sys.argv[2])
ledger = Ledger(home / "ledger", open_database(f"sqlite:///{home / 'headwater.db'}"))
ledger.register("f" * 64, {})
print("ready", flush=True)
sys.stdin.readline()
for n in range(start, start + 60):
    numbers = np.array([n], np.int64)
    row = pa.array([{"p": float(n), "late": False}], pa.struct([("p", pa.float64()), ("late", pa.bool_())]))
    ledger.append("f" * 64, RowKeys(numbers, numbers * 7), row, utc_now())
    if n == start + 29:
        print("half", flush=True)
print("done", flush=True)
"""


def appender(home: Path, start: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", APPEND, str(home), str(start)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


def test_two_processes_append_at_once_and_one_is_killed(tmp_path: Path) -> None:
    open_database(f"sqlite:///{tmp_path / 'headwater.db'}").close()
    survivor, victim = appender(tmp_path, 0), appender(tmp_path, 40)  # they both score 40 to 59
    for process in (survivor, victim):
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert victim.stdout is not None and victim.stdout.readline() == "half\n"
    victim.kill()
    victim.communicate(timeout=30)
    assert survivor.communicate(timeout=60)[0].endswith("done\n") and survivor.returncode == 0

    database = open_database(f"sqlite:///{tmp_path / 'headwater.db'}")
    ledger = Ledger(tmp_path / "ledger", database)
    everything = found(ledger, "f" * 64, *range(100))
    assert everything.keys() >= set(range(70)), "both processes' first halves, and all of the survivor's"
    assert all(row["p"] == number for number, row in everything.items())
    with database.read() as connection:
        rows = connection.execute(select(func.sum(tables.ledger_files.c.rows))).scalar_one()
    assert rows == sum(file.rows for file in ledger.known("f" * 64)) >= 90
    database.close()
