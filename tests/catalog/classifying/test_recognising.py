"""What columns are suggested to hold: how often that is right, and how often it is missed."""

from __future__ import annotations

import re
import socket
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.catalog.classifying.columns import HOLDING, OTHERS, column

from headwater.catalog.classifying import Recogniser, Sample, built_in, suggestions_for
from headwater.catalog.types.known import KNOWN_CLASSIFICATIONS

SEEDS = range(4)


def suggested(name: str, values: tuple[str, ...]) -> list[str]:
    return [each.classification for each in suggestions_for(Sample(name, values), built_in())]


def test_precision_and_recall_on_columns_of_which_it_is_known_what_they_hold() -> None:
    right = wrong = missed = 0
    for seed in SEEDS:
        draw = Random(seed)
        columns = [(name, make, {what}) for what, make, names in HOLDING for name in names]
        columns += [(name, make, set()) for name, make in OTHERS]
        for name, make, expected in columns:
            found = set(suggested(name, column(draw, make)))
            right, wrong = right + len(found & expected), wrong + len(found - expected)
            missed += len(expected - found)
    precision, recall = right / (right + wrong), right / (right + missed)
    assert min(precision, recall) >= 0.97, f"precision {precision:.3f}, recall {recall:.3f}"


def test_no_suggestion_without_enough_values_or_a_name() -> None:
    assert suggested("c", ("ann@example.com",) * 1) == []
    assert suggested("e-mail", ("ann@example.com",)) == ["MICROSOFT.PERSONAL.EMAIL"]
    assert suggested("e-mail", ("12", "13", "14", "15", "16")) == []
    assert suggested("comment", ("Ada Lovelace", "Alan Turing", "Grace Hopper", "Ken Thompson", "Mary Allen")) == []


def test_a_reason_says_how_many_and_holds_no_value() -> None:
    values = (*tuple(f"secret{number}@example.com" for number in range(9)), "n/a")
    (found,) = suggestions_for(Sample("mail_e_mail", values), built_in())
    assert found.reason == "9 of 10 sampled values look like e-mail addresses; the name says so too."
    assert found.confidence == pytest.approx(0.9 * 0.98, abs=0.01)


def test_a_name_that_speaks_for_one_number_drives_out_others_that_fit() -> None:
    draw = Random(1)
    sins = [value for value in (f"{draw.randint(10**8, 10**9 - 1)}" for _ in range(4000)) if _luhn(value)][:60]
    assert suggested("sin", tuple(sins)) == ["MICROSOFT.GOVERNMENT.CANADA.SOCIAL_INSURANCE_NUMBER"]


def _luhn(value: str) -> bool:
    import stdnum.ca.sin

    return bool(stdnum.ca.sin.is_valid(value))


def test_every_classification_has_a_known_type() -> None:
    assert {each.classification for each in built_in()} <= set(KNOWN_CLASSIFICATIONS)


def test_nothing_is_asked_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    draw = Random(0)
    for what, make, names in HOLDING:
        assert what in suggested(names[0], column(draw, make)), what


@given(values=st.lists(st.text(max_size=60), max_size=20), name=st.text(max_size=30))
def test_whatever_a_column_holds_it_is_judged(values: list[str], name: str) -> None:
    for each in suggestions_for(Sample(name, tuple(values)), built_in()):
        assert 0 < each.confidence <= 1
        assert re.fullmatch(r"(\d+ of \d+ sampled values look like|The name says that it holds) .*\.", each.reason)


def test_what_needs_a_name_is_not_recognised_by_values_alone() -> None:
    rule = Recogniser("X", "x", lambda _: 1.0, lambda name: name == "x", needs_name=True)
    values = ("1", "2", "3", "4", "5")
    assert suggestions_for(Sample("y", values), [rule]) == []
    assert [each.classification for each in suggestions_for(Sample("x", values), [rule])] == ["X"]
