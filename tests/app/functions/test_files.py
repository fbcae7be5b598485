"""Files and streams of rows, whole, spoiled, and longer than memory should hold."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.functions.support import EXPECTED, HALVES, ROWS, Answering, OpenCall, table_of

from headwater.app.functions.files import json_values, open_rows
from headwater.app.functions.results import json_lines
from headwater.app.functions.rows import arrow_rows, column_rows
from headwater.app.functions.scoring import scored
from headwater.errors import NotFoundError, UsageError
from headwater.models.functions import ModelFunction
from headwater.models.results import ResultForm
from headwater.models.run import Calling
from headwater.models.schemas.mlflow import from_mlflow


class TestFiles:
    @pytest.mark.parametrize("ending", [".json", ".jsonl", ".csv", ".parquet", ".arrow", ".stream.arrow"])
    def test_every_kind_of_file_gives_the_same(self, ending: str, tmp_path: Path, call: OpenCall) -> None:
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
            ("rows.json", b'[{"x": ' + b"[1, " * 200_000, "is no JSON"),
            ("rows.json", b'[{"x": "' + b"[" * 100_000, "is no JSON"),
            ("rows.parquet", b"PAR1 secret", "cannot be read as .parquet"),
            ("rows.arrow", b"ARROW1 secret", "cannot be read as .arrow"),
        ],
    )
    def test_what_is_wrong_is_told_without_a_row(
        self, name: str, content: bytes, message: str, tmp_path: Path, call: OpenCall
    ) -> None:
        (tmp_path / name).write_bytes(content)
        opened = call()
        with pytest.raises(UsageError) as caught, open_rows(opened.function, tmp_path / name) as rows:
            table_of(opened, rows)
        assert message in caught.value.message
        assert "secret" not in str(caught.value.to_dict())

    def test_an_empty_line_of_one_column_is_a_row(self, tmp_path: Path, call: OpenCall) -> None:
        signature = from_mlflow([{"name": "x", "type": "string"}], [{"name": "p", "type": "double"}])
        for text, expected in (("x\na\n\nb\n", ["a", "", "b"]), ("x,y\na,1\n\nb,2\n", ["a", "b"])):
            (tmp_path / "rows.csv").write_text(f"\ufeff{text}")
            with open_rows(call(signature).function, tmp_path / "rows.csv") as rows:
                assert [cell for batch in rows.batches for cell in batch.arguments.column("x").to_pylist()] == expected

    def test_a_file_that_is_not_there(self, tmp_path: Path, call: OpenCall) -> None:
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

    def test_rows_are_not_held(self, call: OpenCall) -> None:
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


class TestArrow:
    def stream(self, table: pa.Table) -> io.BytesIO:
        made = io.BytesIO()
        with pa.ipc.new_stream(made, table.schema) as writer:
            writer.write_table(table)
        made.seek(0)
        return made

    def test_a_stream_is_read(self, call: OpenCall) -> None:
        opened = call()
        rows = arrow_rows(opened.function, self.stream(pa.Table.from_pylist(ROWS)), most=3)
        assert table_of(opened, rows).to_pylist() == EXPECTED

    def test_more_rows_than_allowed_are_refused(self, call: OpenCall) -> None:
        opened = call()
        with pytest.raises(UsageError, match="More than 2 rows"):
            table_of(opened, arrow_rows(opened.function, self.stream(pa.Table.from_pylist(ROWS)), most=2))

    @pytest.mark.parametrize("compression", ["zstd", "lz4"])
    @pytest.mark.parametrize(
        "column", [["a"] * 1_000, pa.array(["a"] * 1_000).dictionary_encode()], ids=["text", "dictionary"]
    )
    def test_a_compressed_stream_is_refused_before_it_is_unpacked(
        self, compression: Literal["zstd", "lz4"], column: Any, call: OpenCall
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
