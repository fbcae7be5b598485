"""JSON of somebody else's: what it holds, and what would end the process."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.net.jsons import parse_json

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)

DEEP = """
import sys
from headwater.net.jsons import parse_json
from headwater.net.failures import error_code_of
sys.setrecursionlimit(1_000_000)
for text in (b"[" * 5_000_000, b'{"a":' * 1_000_000, b'["[", NaN,' * 500_000):
    try:
        parse_json(text)
    except ValueError as error:
        print(type(error).__name__)
    print(repr(error_code_of(text)))
"""


@given(VALUES)
def test_it_is_what_the_standard_library_reads(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value


def test_what_is_no_number_is_read() -> None:
    assert math.isnan(parse_json(b'[NaN, "]["]')[0])
    assert parse_json(b"[-Infinity]") == [-math.inf]


@pytest.mark.parametrize("text", [b"", b"[", b"{", b"]", b'{"a" 1}', b"\xff", b"[" * 2_000])
def test_what_is_no_json_is_told(text: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(text)


def test_brackets_alone_do_not_end_the_process() -> None:
    run = subprocess.run([sys.executable, "-c", DEEP], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-500:]
    assert run.stdout.count("Error") == 3 and run.stdout.count("''") == 3
