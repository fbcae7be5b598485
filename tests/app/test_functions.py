"""Rows on their way into a function and out of it: conversions, files, results, and the runs under way."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, cast

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.models.test_functions import Halving

from headwater.access import OWNER, SYSTEM, Actor, Via, grant, install, server_scope
from headwater.access.people import create_user
from headwater.app.functions.files import json_values, open_rows
from headwater.app.functions.json_rows import json_arguments
from headwater.app.functions.results import ResultTable, json_lines, open_writer
from headwater.app.functions.rows import Rows, arrow_rows, column_rows, json_rows
from headwater.app.functions.runs import Runs
from headwater.app.functions.schemas import GivenSchema, check_schema, length_of_time, read_schema
from headwater.app.functions.scoring import scored
from headwater.app.functions.text_rows import text_arguments
from headwater.errors import HeadwaterError, NotFoundError, ScoringError, UsageError
from headwater.models.checks import check
from headwater.models.discovery import Discovery
from headwater.models.environment import ModelEnvironment
from headwater.models.functions import ModelFunction
from headwater.models.options import CallOptions
from headwater.models.results import ResultForm
from headwater.models.rights import ActorsRights
from headwater.models.run import Calling
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.service import OpenFunction
from headwater.models.signature import Signature
from headwater.models.statistics import ScoringProgress
from headwater.store import Database, open_database, utc_now

EVERY = from_mlflow(
    [
        {"name": "flag", "type": "boolean"},
        {"name": "small", "type": "integer"},
        {"name": "large", "type": "long"},
        {"name": "single", "type": "float"},
        {"name": "double", "type": "double"},
        {"name": "text", "type": "string"},
        {"name": "bytes", "type": "binary"},
        {"name": "moment", "type": "datetime"},
        {"name": "numbers", "type": "array", "items": {"type": "integer"}},
        {
            "name": "point",
            "type": "object",
            "properties": {"name": {"type": "string"}, "size": {"type": "double", "required": False}},
        },
        {"name": "maybe", "type": "double", "required": False},
    ],
    [{"name": "p", "type": "double"}],
)
GOOD = {
    "flag": True,
    "small": 2**31 - 1,
    "large": -(2**63),
    "single": 0.5,
    "double": 1e300,
    "text": "a\x00é",
    "bytes": base64.b64encode(b"\x00\xff").decode(),
    "moment": "2026-01-31T12:00:00.5",
    "numbers": [1, 2.0],
    "point": {"name": "a"},
}


def errors_of(signature: Signature, batch: pa.RecordBatch) -> list[str | None]:
    """The error of each row, as the function itself sees it."""
    names = [parameter.name for parameter in signature.parameters]
    checked = check(signature, "demo.m", batch, names)
    if checked.errors is None:
        return [None] * batch.num_rows
    return [None if text is None else text.split("\x1f")[1] for text in checked.errors.to_pylist()]


class TestJson:
    def test_every_kind_of_value_arrives(self) -> None:
        batch = json_arguments(EVERY, "demo.m", [GOOD, list(GOOD.values()), {**GOOD, "maybe": 3}])
        assert errors_of(EVERY, batch) == [None] * 3
        row = batch.to_pylist()[0]
        assert {name: row[name] for name in GOOD} == {
            **GOOD,
            "bytes": b"\x00\xff",
            "moment": dt.datetime(2026, 1, 31, 12, 0, 0, 500_000),
            "numbers": [1, 2],
            "point": {"name": "a", "size": None},
        }
        assert batch.to_pylist()[1] == row
        assert batch.column("maybe").to_pylist() == [None, None, 3.0]

    @pytest.mark.parametrize(
        ("name", "value", "complaint"),
        [
            ("flag", 1, "takes true or false"),
            ("flag", "true", "takes true or false"),
            ("small", 2**31, "cannot hold a value that large"),
            ("small", True, "takes whole numbers"),
            ("small", "1", "takes whole numbers"),
            ("large", 1.5, "takes whole numbers only"),
            ("large", 2**63, "cannot hold a value that large"),
            ("large", 10**400, "cannot hold a value that large"),
            ("large", 1e30, "cannot hold a value that large"),
            ("single", 1e300, "cannot hold a value that large"),
            ("double", "1", "takes numbers"),
            ("double", True, "takes numbers"),
            ("double", 10**400, "cannot hold a value that large"),
            ("text", 7, "takes text"),
            ("text", "\ud800", "cannot hold this value"),
            ("bytes", "no base64!", "takes bytes, as text in Base64"),
            ("moment", "31.01.2026", "takes dates with a time, as text like 2026-01-31T12:00:00"),
            ("moment", "2026-01-31T12:00:00Z", "takes dates with a time, and without a zone"),
            ("moment", 20260131, "takes dates with a time, as text like 2026-01-31T12:00:00"),
            ("moment", "1600-01-01T00:00:00", "cannot hold a value that large"),
            ("numbers", 1, "takes lists"),
            ("numbers", [1, "2"], "takes whole numbers"),
            ("numbers", [2**40], "cannot hold a value that large"),
            ("point", ["a"], "takes records of name, size"),
            ("point", {"nome": "a"}, "takes records of name, size"),
            ("double", None, "takes no null"),
        ],
    )
    def test_a_value_of_the_wrong_kind_is_its_rows_error(self, name: str, value: Any, complaint: str) -> None:
        batch = json_arguments(EVERY, "demo.m", [GOOD, {**GOOD, name: value}, GOOD])
        assert errors_of(EVERY, batch) == [None, f"The parameter '{name}' of demo.m {complaint}.", None]

    @pytest.mark.parametrize(
        ("row", "error"),
        [
            (None, "demo.m takes a row as an object, or as a list of its arguments."),
            ("flag", "demo.m takes a row as an object, or as a list of its arguments."),
            ([*GOOD.values(), 1, 2], "demo.m takes 11 arguments, and the row has 12."),
            ({}, "The parameter 'flag' of demo.m is not in the row."),
            (
                {name: GOOD[name] for name in GOOD if name != "text"},
                "The parameter 'text' of demo.m is not in the row.",
            ),
        ],
    )
    def test_a_row_that_is_none_is_its_own_error(self, row: Any, error: str) -> None:
        assert errors_of(EVERY, json_arguments(EVERY, "demo.m", [row, GOOD])) == [error, None]

    @given(
        st.fixed_dictionaries(
            {
                "flag": st.booleans(),
                "small": st.integers(-(2**40), 2**40),
                "large": st.integers(-(2**65), 2**65),
                "double": st.floats(allow_nan=False, allow_infinity=False),
                "moment": st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1)),
            }
        )
    )
    @settings(deadline=None)
    def test_text_and_json_agree(self, row: dict[str, Any]) -> None:
        """The same rows as a CSV file has them, and as JSON."""
        parameters = tuple(p for p in EVERY.parameters if p.name in row)
        signature = Signature(parameters, EVERY.outputs)
        plain = {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row.items()}
        texts = {name: [value if isinstance(value, str) else json.dumps(value)] for name, value in plain.items()}
        by_json = json_arguments(signature, "demo.m", [plain])
        by_text = text_arguments(parameters, "demo.m", pa.record_batch(texts))
        assert by_json.schema == by_text.schema
        for name in row:
            assert by_json.column(name).equals(by_text.column(name))
            assert by_json.column(f"{name}__err").is_null() == by_text.column(f"{name}__err").is_null()


class TestText:
    def cells(self, name: str, *texts: str) -> tuple[list[Any], list[str | None]]:
        (parameter,) = (p for p in EVERY.parameters if p.name == name)
        batch = text_arguments([parameter], "demo.m", pa.record_batch({name: list(texts)}))
        return batch.column(name).to_pylist(), errors_of(Signature((parameter,), EVERY.outputs), batch)

    def test_an_empty_cell_is_null_and_an_empty_text_is_one(self) -> None:
        assert self.cells("maybe", "", " ", "1")[0] == [None, None, 1.0]
        assert self.cells("text", "", " ") == (["", " "], [None, None])

    def test_cells_to_blame_are_found_among_many(self) -> None:
        texts = ["1"] * 1_000
        texts[17], texts[999] = "one", "1.5"
        values, errors = self.cells("large", *texts)
        assert [at for at, error in enumerate(errors) if error] == [17, 999]
        assert errors[17] == "The parameter 'large' of demo.m takes whole numbers."
        assert values == [None if at in {17, 999} else 1 for at in range(1_000)]

    def test_whole_numbers_as_tables_with_gaps_have_them(self) -> None:
        assert self.cells("small", "3.0", " 4 ", "-5.00") == ([3, 4, -5], [None] * 3)

    def test_bytes_lists_and_records(self) -> None:
        assert self.cells("bytes", "AP8=") == ([b"\x00\xff"], [None])
        values, errors = self.cells("numbers", "[1, 2]", "[1,", '["a"]', "")
        assert values == [[1, 2], None, None, None]
        assert errors == [
            None,
            "The parameter 'numbers' of demo.m takes JSON.",
            "The parameter 'numbers' of demo.m takes whole numbers.",
            "The parameter 'numbers' of demo.m takes no null.",
        ]


# -- files -------------------------------------------------------------------------------------------------------------

HALVES = from_mlflow(
    [{"name": "x", "type": "double", "required": False}, {"name": "t", "type": "string"}],
    [{"name": "half", "type": "double"}, {"name": "t", "type": "string"}],
)


class Answering(Halving):
    """Two outputs: half of x, and t."""

    def score(self, batch: pa.RecordBatch, params: Any = None) -> Any:
        done = super().score(batch, params or {})
        pair = pa.StructArray.from_arrays([done.values, batch.column(1)], names=["half", "t"])
        return type(done)(pair, done.errors)


@pytest.fixture
def call(database: Database) -> Callable[..., OpenFunction]:
    """Opens a function that runs in this process."""

    def opened(signature: Signature = HALVES, scorer: Any = None, **options: Any) -> OpenFunction:
        rights = ActorsRights(database, SYSTEM, {})
        environment = ModelEnvironment(Discovery({}, rights), rights, cast("Any", None))
        calling = Calling(
            "demo.m",
            signature,
            lambda: scorer or Answering(),
            lambda: None,
            ResultForm(signature),
            options=CallOptions(),
        )
        return OpenFunction(environment, ModelFunction("id", "1", calling).configured(options))

    return opened


def table_of(opened: OpenFunction, rows: Rows, on_error: str = "error") -> pa.Table:
    table = ResultTable.of(rows.given, opened.function)
    return pa.Table.from_batches([table.batch(part) for part in scored(opened, rows, on_error)], table.schema)


ROWS: list[dict[str, Any]] = [
    {"id": 1, "x": 3.0, "t": "a"},
    {"id": 2, "x": None, "t": "bad"},
    {"id": 3, "x": 5.0, "t": "b"},
]
EXPECTED: list[dict[str, Any]] = [
    {"id": 1, "x": 3.0, "t": "a", "half": 1.5, "t_2": "a", "error": None},
    {"id": 2, "x": None, "t": "bad", "half": None, "t_2": None, "error": "bad"},
    {"id": 3, "x": 5.0, "t": "b", "half": 2.5, "t_2": "b", "error": None},
]


class TestFiles:
    @pytest.mark.parametrize("ending", [".json", ".jsonl", ".csv", ".parquet", ".arrow", ".stream.arrow"])
    def test_every_kind_of_file_gives_the_same(
        self, ending: str, tmp_path: Path, call: Callable[..., OpenFunction]
    ) -> None:
        path, table = tmp_path / f"rows{ending}", pa.Table.from_pylist(ROWS)
        if ending == ".parquet":
            pq.write_table(table, path)
        elif ending == ".csv":
            pyarrow.csv.write_csv(table, path)
        elif ending == ".arrow":
            pyarrow.feather.write_feather(table, str(path), compression="uncompressed")
        elif ending == ".stream.arrow":
            with pa.ipc.new_stream(str(path), table.schema) as writer:
                writer.write_table(table)
        else:
            lines = [json.dumps(row) for row in ROWS]
            path.write_text("\n".join(lines) if ending == ".jsonl" else f"[{', '.join(lines)}]")
        opened = call()
        with open_rows(opened.function, path) as rows:
            found = table_of(opened, rows)
        shown = [json.loads(line) for batch in found.to_batches() for line in json_lines(batch)]
        if ending == ".csv":
            for row in shown:
                row |= {"id": int(row["id"]), "x": float(row["x"]) if row["x"] else None}
        if ending in {".json", ".jsonl"}:
            shown = [{name: row[name] for name in EXPECTED[0]} for row in shown]
        assert shown == EXPECTED

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("rows.txt", b"", "is of a kind that is not read"),
            ("rows.csv", b"", "it is empty"),
            ("rows.csv", b"x,x\n1,2\n", "Two columns have one name"),
            ("rows.csv", b"x,t\n1,secret,3\n", "has 3 cells, and the header 2"),
            ("rows.csv", b"x,t\n1,\xff\xfesecret\n", "cannot be read as .csv"),
            ("rows.csv", b"a,b\n1,secret\n", "needs a column"),
            ("rows.json", b'[{"x": NaN, "t": "secret"}]', "is no JSON"),
            ("rows.json", b'[{"x": 1, "t": "secret"}', "What comes after 1 rows is no JSON"),
            ("rows.json", b'[{"x": 1, "t": "secret"},]', "is no JSON"),
            ("rows.json", b'[{"x": 1, "t": "secret"}] 1', "is no JSON"),
            ("rows.json", b"[" * 100_000, "is no JSON"),
            ("rows.parquet", b"PAR1 secret", "cannot be read as .parquet"),
            ("rows.arrow", b"ARROW1 secret", "cannot be read as .arrow"),
        ],
    )
    def test_what_is_wrong_is_told_without_a_row(
        self, name: str, content: bytes, message: str, tmp_path: Path, call: Callable[..., OpenFunction]
    ) -> None:
        (tmp_path / name).write_bytes(content)
        opened = call()
        with pytest.raises(UsageError) as caught, open_rows(opened.function, tmp_path / name) as rows:
            table_of(opened, rows)
        assert message in caught.value.message
        assert "secret" not in str(caught.value.to_dict())

    def test_an_empty_line_of_one_column_is_a_row(self, tmp_path: Path, call: Callable[..., OpenFunction]) -> None:
        signature = from_mlflow([{"name": "x", "type": "string"}], [{"name": "p", "type": "double"}])
        for text, expected in (("x\na\n\nb\n", ["a", "", "b"]), ("x,y\na,1\n\nb,2\n", ["a", "b"])):
            (tmp_path / "rows.csv").write_text(f"\ufeff{text}")
            with open_rows(call(signature).function, tmp_path / "rows.csv") as rows:
                assert [cell for batch in rows.batches for cell in batch.arguments.column("x").to_pylist()] == expected

    def test_a_file_that_is_not_there(self, tmp_path: Path, call: Callable[..., OpenFunction]) -> None:
        with pytest.raises(NotFoundError), open_rows(call().function, tmp_path / "rows.csv"):
            pass

    @given(
        st.lists(st.dictionaries(st.text(max_size=3), st.one_of(st.integers(), st.text(max_size=5)))), st.integers(1, 9)
    )
    @settings(deadline=None)
    def test_json_is_read_alike_however_it_is_cut(self, rows: list[Any], piece: int) -> None:
        class Slow(io.StringIO):
            def read(self, size: int | None = -1) -> str:
                return super().read(piece)

        text = json.dumps([*rows, 12345, [1]])
        assert list(json_values(Slow(text))) == [*rows, 12345, [1]]
        assert list(json_values(Slow("\n".join(map(json.dumps, [*rows, {"a": 1}]))))) == [*rows, {"a": 1}]

    def test_rows_are_not_held(self, call: Callable[..., OpenFunction]) -> None:
        """A million rows of a column of text pass by in the memory of a few batches."""
        opened = call(scorer=Forgetful())
        columns: dict[str, Any] = {"x": pa.array(range(10_000), pa.float64()), "t": ["x" * 100] * 10_000}
        batch = pa.record_batch(columns)
        read = 0

        def batches() -> Iterator[pa.RecordBatch]:
            nonlocal read
            for _ in range(100):
                read += 1
                yield batch

        rows = column_rows(opened.function, batch.schema, batches())
        done, most = 0, 0
        for part in scored(opened, rows):
            done += part.given.num_rows
            most = max(most, read * 10_000 - done)
        assert (done, read) == (1_000_000, 100)
        assert most <= 600_000, "no more than two windows of rows are held at a time"


class Forgetful(Answering):
    def score(self, batch: pa.RecordBatch, params: Any = None) -> Any:
        done = super().score(batch, params)
        self.batches.clear()
        return done


# -- results -----------------------------------------------------------------------------------------------------------


class TestResults:
    def test_names_that_are_taken_get_a_number(self, call: Callable[..., OpenFunction]) -> None:
        opened = call()
        given = pa.schema([(name, pa.string()) for name in ("x", "t", "t_2", "half", "error", "result")])
        assert ResultTable.of(given, opened.function).schema.names[6:] == ["half_2", "t_3", "error_2"]

    def test_columns_of_any_name_are_let_through(self, call: Callable[..., OpenFunction]) -> None:
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

    def test_fields_that_come_too_late_are_told_of(self, call: Callable[..., OpenFunction]) -> None:
        opened = call()
        rows = json_rows(opened.function, [{"x": 1, "t": "a", "id": 10**30}] * 9_000 + [{"x": 1, "t": "a", "late": 2}])
        table = ResultTable.of(rows.given, opened.function)
        lines = [line for part in scored(opened, rows) for line in json_lines(table.batch(part))]
        assert rows.left_out == {"late"}
        assert b'"id":1000000000000000000000000000000,' in lines[0]

    def test_the_model_and_the_moment_are_columns(self, call: Callable[..., OpenFunction]) -> None:
        before = utc_now().replace(microsecond=0)
        opened = call(IncludeModel=True)
        row = table_of(opened, json_rows(opened.function, ROWS)).to_pylist()
        assert [one["ModelVersion"] for one in row] == ["1", None, "1"]
        assert before <= row[0]["ScoredAt"] <= utc_now()
        assert row[1]["ScoredAt"] is None

    def test_failures_are_counted_by_what_is_said(self, call: Callable[..., OpenFunction]) -> None:
        opened = call()
        rows = json_rows(opened.function, [*ROWS, *ROWS, ["no", "t"]])
        table = ResultTable.of(rows.given, opened.function)
        for part in scored(opened, rows):
            table.batch(part)
        assert (table.rows, table.failed) == (7, 3)
        assert table.messages == {"bad": 2, "The parameter 'x' of demo.m takes numbers.": 1}

    @pytest.mark.parametrize("row", [["no", "t"], [1.0, "bad"]])
    def test_a_row_that_fails_ends_everything_where_that_is_wanted(
        self, row: list[Any], call: Callable[..., OpenFunction]
    ) -> None:
        opened = call(OnError="fail")
        with pytest.raises(ScoringError) as caught:
            table_of(opened, json_rows(opened.function, [[1.0, "a"], row]), "fail")
        assert caught.value.code == "model.row"

    def test_a_row_that_fails_is_null_where_that_is_wanted(self, call: Callable[..., OpenFunction]) -> None:
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

    def test_what_came_as_json_is_text_in_parquet(self, tmp_path: Path, call: Callable[..., OpenFunction]) -> None:
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
            "interval": pa.array([pa.MonthDayNano([1, 2, 3])]),
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


# -- Arrow from elsewhere ----------------------------------------------------------------------------------------------


class TestArrow:
    def stream(self, table: pa.Table) -> io.BytesIO:
        made = io.BytesIO()
        with pa.ipc.new_stream(made, table.schema) as writer:
            writer.write_table(table)
        made.seek(0)
        return made

    def test_a_stream_is_read(self, call: Callable[..., OpenFunction]) -> None:
        opened = call()
        rows = arrow_rows(opened.function, self.stream(pa.Table.from_pylist(ROWS)), most=3)
        assert table_of(opened, rows).to_pylist() == EXPECTED

    def test_more_rows_than_allowed_are_refused(self, call: Callable[..., OpenFunction]) -> None:
        opened = call()
        with pytest.raises(UsageError, match="More than 2 rows"):
            table_of(opened, arrow_rows(opened.function, self.stream(pa.Table.from_pylist(ROWS)), most=2))

    @pytest.mark.parametrize("compression", ["zstd", "lz4"])
    @pytest.mark.parametrize(
        "column", [["a"] * 1_000, pa.array(["a"] * 1_000).dictionary_encode()], ids=["text", "dictionary"]
    )
    def test_a_compressed_stream_is_refused_before_it_is_unpacked(
        self, compression: Literal["zstd", "lz4"], column: Any, call: Callable[..., OpenFunction]
    ) -> None:
        table, made = pa.table({"x": [1.0] * 1_000, "t": column}), io.BytesIO()
        with pa.ipc.new_stream(made, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
            writer.write_table(table)
        made.seek(0)
        opened = call()
        with pytest.raises(UsageError, match="compressed"):
            arrow_rows(opened.function, made, most=1_000)
        assert len(table_of(opened, arrow_rows(opened.function, self.stream(table), most=1_000))) == 1_000

    @settings(deadline=None, max_examples=200)
    @given(st.data())
    def test_a_spoiled_stream_is_refused_or_read_and_never_ends_the_process(self, data: st.DataObject) -> None:
        good = self.stream(pa.Table.from_pylist(ROWS)).getvalue()
        at = data.draw(st.integers(0, len(good) - 1))
        spoiled = good[:at] + bytes([data.draw(st.integers(0, 255))]) + good[at + 1 :]
        calling = Calling("demo.m", HALVES, Answering, lambda: None, ResultForm(HALVES))
        function = ModelFunction("id", "1", calling)
        try:
            for batch in arrow_rows(function, io.BytesIO(spoiled), most=10).batches:
                batch.given.to_pylist()
        except (UsageError, UnicodeDecodeError):
            pass


# -- runs --------------------------------------------------------------------------------------------------------------


def test_runs_are_their_owners_and_the_administrators(database_url: str) -> None:
    with closing(open_database(database_url)) as database:
        actors = []
        with database.begin() as connection:
            install(connection, now=utc_now())
            for name in ("ann", "ben", "root"):
                user = create_user(connection, name, by=SYSTEM, now=utc_now())
                actors.append(Actor(user.id, name, Via.SESSION))
            grant(connection, SYSTEM, user.id, OWNER, server_scope(connection), now=utc_now())
        ann, ben, root = actors
        runs, cancelled = Runs(database), []
        with runs.start(ann, "demo.late") as run:
            assert [one.id for one in runs.list(ann)] == [one.id for one in runs.list(root)] == [run.id]
            assert runs.list(ben) == []
            run.on_progress(ScoringProgress("demo.late", 5, 10, 1.0, 5.0, 5, 0, 0, 0))
            (status,) = runs.list(ann)
            assert (status.function, status.started_by) == ("demo.late", "ann")
            assert status.progress is not None and status.progress.rows_done == 5
            run.attach(lambda: cancelled.append("once"))
            with pytest.raises(NotFoundError):
                runs.cancel(ben, run.id)
            assert cancelled == []
            runs.cancel(root, run.id)
            assert cancelled == ["once"]
            run.attach(lambda: cancelled.append("late"))
            assert cancelled == ["once", "late"], "what is called off before it begins does not begin"
        assert runs.list(root) == []
        with pytest.raises(NotFoundError):
            runs.cancel(ann, run.id)


# -- schemas -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (GivenSchema(), "given in one way"),
        (GivenSchema(signature="x", like="demo.m"), "given in one way"),
        (GivenSchema(signature="(x as nothing) => number"), "no type that a model takes"),
        (GivenSchema(sample={"input": 1}), "an object with 'input' and 'output'"),
        (GivenSchema(sample={"input": [], "output": []}), "no row"),
    ],
)
def test_a_schema_that_cannot_be_read_is_the_requests_fault(schema: GivenSchema, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read_schema(cast("Any", None), SYSTEM, "demo.m", schema)
    assert caught.value.hint


def test_no_length_of_time() -> None:
    for seconds in (1e300, math.nan):
        with pytest.raises(UsageError):
            length_of_time(seconds)
    assert length_of_time(None) is None


def nothing(_: str) -> Any:
    raise NotFoundError("There is no such function.")


class TestChecking:
    def test_a_description(self, tmp_path: Path) -> None:
        from tests.app.scoring_service import DOCUMENT

        (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
        (named,) = check_schema(str(tmp_path / "openapi.json"), nothing)
        assert named.name == "POST /score"
        assert named.report.callable and named.report.function_text is not None
        assert "amount as" in named.report.function_text

    def test_a_description_without_an_operation(self, tmp_path: Path) -> None:
        (tmp_path / "openapi.yaml").write_text("openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths: {}\n")
        (named,) = check_schema(str(tmp_path / "openapi.yaml"), nothing)
        assert not named.report.callable
        assert named.report.findings[0].severity == "error"

    def test_a_model_folder(self, tmp_path: Path) -> None:
        (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: mlflow.sklearn}}\n")
        for target in (tmp_path, tmp_path / "MLmodel"):
            (named,) = check_schema(str(target), nothing)
            assert not named.report.callable
            assert named.report.findings[0].code == "model.schema.none"

    @pytest.mark.parametrize("target", ["http://10.1.2.3/score", "http://user:secret@127.0.0.1/", "ftp://a/b"])
    def test_an_address_that_may_not_be_called(self, target: str) -> None:
        with pytest.raises(HeadwaterError) as caught:
            check_schema(target, nothing)
        assert "secret" not in str(caught.value.to_dict())

    def test_a_name_that_nobody_has(self) -> None:
        with pytest.raises(NotFoundError):
            check_schema("demo.nothing", nothing)
