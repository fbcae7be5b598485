"""The options of scans: JSON both ways, wildcards, nonsense."""

from __future__ import annotations

import fnmatch
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.catalog import ScanOptions
from headwater.catalog.scans.options import parse_tags
from headwater.errors import UsageError

TEXTS = st.lists(st.text(min_size=1, max_size=20), max_size=3).map(tuple)
OPTIONS = st.builds(
    ScanOptions,
    kind=st.sampled_from(["full", "incremental"]),
    models=TEXTS,
    excluded_models=TEXTS,
    experiments=TEXTS,
    tags=st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=9), max_size=3),
    unregistered_runs=st.booleans(),
    unregistered_models=st.booleans(),
    reread_signatures=st.booleans(),
    max_removed_share=st.floats(0, 1),
    confirm_removals=st.booleans(),
)


@given(OPTIONS)
def test_json_leads_there_and_back(options: ScanOptions) -> None:
    assert ScanOptions.from_json(json.loads(json.dumps(options.to_json()))) == options


@given(st.text("ab*?[]!", min_size=1, max_size=8), st.text("ab[]!*?\n", max_size=8))
def test_a_pattern_means_what_a_shells_does_without_brackets(pattern: str, name: str) -> None:
    expected = fnmatch.fnmatchcase(name, "".join("[[]" if sign == "[" else sign for sign in pattern))
    assert ScanOptions(models=(pattern,)).covers_model(name) == expected


def test_many_stars_take_no_time() -> None:
    assert not ScanOptions(models=("a*" * 100,)).covers_model("a" * 90 + "b")


def test_what_is_excluded_is_out_of_scope_whatever_is_in_it() -> None:
    options = ScanOptions(models=("f*",), excluded_models=("*_old",))
    assert [options.covers_model(name) for name in ("fraud", "fraud_old", "churn")] == [True, False, False]


@pytest.mark.parametrize(
    "values",
    [
        [],
        "full",
        {"kind": "half"},
        {"colour": "red"},
        {"models": "fraud"},
        {"models": [1]},
        {"models": [""]},
        {"models": ["x" * 501]},
        {"experiments": ["x"] * 201},
        {"tags": ["a=b"]},
        {"tags": {"a": 1}},
        {"tags": {"": "b"}},
        {"unregistered_runs": "yes"},
        {"confirm_removals": 1},
        {"max_removed_share": 1.1},
        {"max_removed_share": -0.1},
        {"max_removed_share": True},
        {"max_removed_share": float("nan")},
        {"max_removed_share": "most"},
    ],
)
def test_nonsense_is_refused_with_a_hint(values: Any) -> None:
    with pytest.raises(UsageError) as caught:
        ScanOptions.from_json(values)
    assert caught.value.code == "scan.options" and caught.value.hint


@pytest.mark.parametrize("text", ["", "team", "=risk"])
def test_a_tag_has_a_key_and_a_sign(text: str) -> None:
    with pytest.raises(UsageError):
        parse_tags([text])
