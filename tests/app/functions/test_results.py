"""Results as columns, and in files."""

from __future__ import annotations

import datetime as dt
import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from tests.app.functions.support import ROWS, OpenCall, table_of
from tests.models.test_functions import Halving

from headwater.app.functions.results import ResultTable, json_lines, open_writer
from headwater.app.functions.rows import column_rows, json_rows
from headwater.app.functions.scoring import scored
from headwater.errors import ScoringError, UsageError
from headwater.models.schemas.mlflow import from_mlflow
from headwater.store import utc_now


class TestResults:
    def test_names_that_are_taken_get_a_number(self, call: OpenCall) -> None:
        opened = call()
        given = pa.schema([(name, pa.string()) for name in ("x", "t", "t_2", "half", "error", "result")])
        assert ResultTable.of(given, opened.function).schema.names[6:] == ["half_2", "t_3", "error_2"]

    def test_columns_of_any_name_are_let_through(self, call: OpenCall) -> None:
        """Also those that results and errors have inside, and a parameter that is called so."""
        signature = from_mlflow(
            [{"name": "result", "type": "double"}, {"name": "\x1f0", "type": "string"}],
            [{"name": "p", "type": "double"}],
        )
        opened = call(signature, Halving())
        table = pa.table({"result": [2.0], "\x1f0": ["a"], "result__err": ["old"], "\x1f0__err": ["mine"]})
        found = table_of(opened, column_rows(opened.function, table.schema, table.to_batches())).to_pylist()
        assert found == [
            {"result": 2.0, "\x1f0": "a", "result__err": "old", "\x1f0__err": "mine", "p": 1.0, "error": None}
        ]

    def test_fields_that_come_too_late_are_told_of(self, call: OpenCall) -> None:
        opened = call()
        rows = json_rows(opened.function, [{"x": 1, "t": "a", "id": 10**30}] * 9_000 + [{"x": 1, "t": "a", "late": 2}])
        table = ResultTable.of(rows.given, opened.function)
        lines = [line for part in scored(opened, rows) for line in json_lines(table.batch(part))]
        assert rows.left_out == {"late"}
        assert b'"id":1000000000000000000000000000000,' in lines[0]

    def test_the_model_and_the_moment_are_columns(self, call: OpenCall) -> None:
        before = utc_now().replace(microsecond=0)
        opened = call(IncludeModel=True)
        row = table_of(opened, json_rows(opened.function, ROWS)).to_pylist()
        assert [one["ModelVersion"] for one in row] == ["1", None, "1"]
        assert before <= row[0]["ScoredAt"] <= utc_now()
        assert row[1]["ScoredAt"] is None

    def test_failures_are_counted_by_what_is_said(self, call: OpenCall) -> None:
        opened = call()
        rows = json_rows(opened.function, [*ROWS, *ROWS, ["no", "t"]])
        table = ResultTable.of(rows.given, opened.function)
        for part in scored(opened, rows):
            table.batch(part)
        assert (table.rows, table.failed) == (7, 3)
        assert table.messages == {"bad": 2, "The parameter 'x' of demo.m takes numbers.": 1}

    @pytest.mark.parametrize("row", [["no", "t"], [1.0, "bad"]])
    def test_a_row_that_fails_ends_everything_where_that_is_wanted(self, row: list[Any], call: OpenCall) -> None:
        opened = call(OnError="fail")
        with pytest.raises(ScoringError) as caught:
            table_of(opened, json_rows(opened.function, [[1.0, "a"], row]), "fail")
        assert caught.value.code == "model.row"

    def test_a_row_that_fails_is_null_where_that_is_wanted(self, call: OpenCall) -> None:
        opened = call(OnError="null")
        found = table_of(
            opened, json_rows(opened.function, [[1.0, "a"], ["no", "t"], [1.0, "bad"]]), "null"
        ).to_pylist()
        assert [(row["half"], row["error"]) for row in found] == [(0.5, None), (None, None), (None, None)]


FORMULAS = ["=1+1", "+cmd", "-x", "@sum", "\tx", "-5", "+1.5e3", "plain", "", None]


class TestWriting:
    def written(self, path: Path, table: pa.Table) -> Path:
        with open_writer(path, table.schema) as writer:
            for batch in table.to_batches():
                writer.write_batch(batch)
        return path

    def test_no_spreadsheet_takes_a_text_for_a_formula(self, tmp_path: Path) -> None:
        table = pa.table({"=a": FORMULAS, "n": [-1.0] * len(FORMULAS), "l": [["=1"]] * len(FORMULAS)})
        read = pyarrow.csv.read_csv(
            self.written(tmp_path / "o.csv", table),
            convert_options=pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(["'=a", "n", "l"], pa.string())),
        )
        assert read.column_names == ["'=a", "n", "l"]
        assert read.column(0).to_pylist() == ["'=1+1", "'+cmd", "'-x", "'@sum", "'\tx", "-5", "+1.5e3", "plain", "", ""]
        assert set(read.column(1).to_pylist()) == {"-1"}
        assert set(read.column(2).to_pylist()) == {'["=1"]'}

    def test_parquet_and_json_keep_texts_as_they_are(self, tmp_path: Path) -> None:
        table = pa.table({"a": FORMULAS, "b": [math.nan] * 10, "c": [b"\xff"] * 10, "d": [[2**60]] * 10})
        assert pq.read_table(self.written(tmp_path / "o.parquet", table)).column("a").to_pylist() == FORMULAS
        read = json.loads(self.written(tmp_path / "o.json", table).read_bytes())
        assert [row["a"] for row in read] == FORMULAS
        assert read[0] == {"a": "=1+1", "b": "NaN", "c": "/w==", "d": [str(2**60)]}

    def test_what_came_as_json_is_text_in_parquet(self, tmp_path: Path, call: OpenCall) -> None:
        opened = call()
        rows = json_rows(opened.function, [{"x": 1, "t": "a", "id": "7", "n": [1]}, {"x": 1, "t": "a", "id": 8}])
        table = table_of(opened, rows)
        read = pq.read_table(self.written(tmp_path / "o.parquet", table))
        assert (read.column("id").to_pylist(), read.column("n").to_pylist()) == (["7", "8"], ["[1]", None])
        assert json.loads(self.written(tmp_path / "o.json", table).read_bytes())[1]["id"] == 8

    @pytest.mark.parametrize("name", ["o.txt", "nowhere/o.csv"])
    def test_what_cannot_be_written_is_refused_at_once(self, name: str, tmp_path: Path) -> None:
        with pytest.raises(UsageError), open_writer(tmp_path / name, pa.schema([])):
            pass

    @pytest.mark.parametrize("ending", [".csv", ".parquet", ".json"])
    def test_columns_of_every_type_are_written_or_refused(self, ending: str, tmp_path: Path) -> None:
        """A file that came may have any: each by itself, since one that is refused hides the others."""
        moment = dt.datetime(2026, 1, 31, 12, 0, 0, 5)
        interval = cast("Any", pa.MonthDayNano)([1, 2, 3])
        columns: dict[str, Any] = {
            "decimal": pa.array([Decimal("1.50")]),
            "dictionary": pa.array(["=a"]).dictionary_encode(),
            "zoned": pa.array([moment], pa.timestamp("ns", "Europe/Berlin")),
            "nanoseconds": pa.array([moment], pa.timestamp("ns")),
            "time": pa.array([dt.time(1, 2, 3, 4)], pa.time64("us")),
            "duration": pa.array([dt.timedelta(seconds=1)]),
            "large": pa.array(["=a"], pa.large_string()),
            "half": pa.array([1.5], pa.float16()),
            "nothing": pa.nulls(1),
            "interval": pa.array([interval]),
            "map": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
        }
        refused = []
        for name, column in columns.items():
            try:
                content = self.written(tmp_path / f"{name}{ending}", pa.table({name: column})).read_bytes()
            except UsageError:
                refused.append(name)
            else:
                assert b"=a" not in content.replace(b"'=a", b"") or ending != ".csv"
        assert refused == ([] if ending == ".json" else ["interval"])

    @pytest.mark.parametrize("ending", [".csv", ".parquet", ".json"])
    def test_what_fails_leaves_the_file_before(self, ending: str, tmp_path: Path) -> None:
        path = tmp_path / f"o{ending}"
        path.write_text("before")
        with pytest.raises(ScoringError), open_writer(path, pa.schema([("a", pa.int64())])) as writer:
            writer.write_batch(pa.record_batch({"a": [1]}))
            raise ScoringError("It failed.")
        assert [file.read_text() for file in tmp_path.iterdir()] == ["before"]
