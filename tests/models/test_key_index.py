"""Distinct keys and finding keys, against dictionaries; also where halves of different keys are equal."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from headwater.models.key_index import KeyFilter, KeyIndex, RowKeys, distinct_keys

HALVES = st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63), 12345])
KEYS = st.lists(st.tuples(HALVES, HALVES), max_size=40)


def row_keys(pairs: list[tuple[int, int]]) -> RowKeys:
    return RowKeys(*(np.array([pair[half] for pair in pairs], np.int64) for half in (0, 1)))


def pairs_of(keys: RowKeys) -> list[tuple[int, int]]:
    return list(zip(keys.high.tolist(), keys.low.tolist(), strict=True))


@given(pairs=KEYS)
def test_distinct_keys_in_order_of_first_appearance(pairs: list[tuple[int, int]]) -> None:
    found = distinct_keys(row_keys(pairs))
    assert pairs_of(found.keys) == list(dict.fromkeys(pairs))
    assert [pairs[at] for at in found.sample] == pairs_of(found.keys)
    assert [pairs.index(pair) for pair in pairs_of(found.keys)] == found.sample.tolist()
    assert [pairs_of(found.keys)[number] for number in found.of_row] == pairs
    assert sorted(found.index.places.tolist()) == list(range(len(found.keys)))


@given(held=KEYS, wanted=KEYS)
def test_what_is_found_is_the_last_of_its_key(held: list[tuple[int, int]], wanted: list[tuple[int, int]]) -> None:
    wanted = list(dict.fromkeys(wanted))
    positions, places = KeyIndex(row_keys(held)).find(KeyIndex(row_keys(wanted)))
    last = {pair: at for at, pair in enumerate(held)}
    for position, place in zip(positions.tolist(), places.tolist(), strict=True):
        assert last[wanted[position]] == place
    # Of keys that share their low half, one may be missed, and nothing else.
    alone = {low for low in {low for _, low in held} if len({high for high, other in held if other == low}) == 1}
    missed = set(wanted) & set(held) - {wanted[position] for position in positions.tolist()}
    assert all(low not in alone for _, low in missed)


def test_concatenated() -> None:
    parts = [row_keys([(1, 2)]), row_keys([]), row_keys([(3, 4), (5, 6)])]
    assert pairs_of(RowKeys.concat(parts)) == [(1, 2), (3, 4), (5, 6)]
    assert len(RowKeys.concat([])) == 0


@given(added=st.lists(KEYS, max_size=3), asked=KEYS)
def test_a_filter_never_denies_what_was_added(added: list[list[tuple[int, int]]], asked: list[tuple[int, int]]) -> None:
    seen, index = KeyFilter(), KeyIndex(row_keys(asked))
    for part in added:
        seen.add(row_keys(part))
    may_have = seen.may_have(index)
    known = {pair for part in added for pair in part}
    kept = index.where(may_have)
    assert known & set(asked) <= {asked[place] for place in kept.places.tolist()}
    if not known:
        assert not may_have.any()
