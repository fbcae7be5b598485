"""Rows as JSON and as text, turned into arguments by a signature."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.functions.support import EVERY, GOOD, errors_of

from headwater.app.functions.json_rows import json_arguments
from headwater.app.functions.text_rows import text_arguments
from headwater.models.signature import Signature


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
