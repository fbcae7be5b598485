"""Types and names: the tables of definitions hold together, and no two things get one name."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headwater.catalog import names
from headwater.catalog.types import CONTAINMENTS, TYPES, is_process, type_definition
from headwater.errors import UsageError


def ancestors(name: str) -> set[str]:
    return {name}.union(*(ancestors(supertype) for supertype in TYPES[name].supertypes))


def test_every_type_descends_from_asset_and_is_a_dataset_or_a_process() -> None:
    for name, definition in TYPES.items():
        assert definition.name == name
        if not definition.is_abstract:
            assert {"Referenceable", "Asset"} <= ancestors(name)
            assert ("DataSet" in ancestors(name)) != ("Process" in ancestors(name))
            assert is_process(name) == ("Process" in ancestors(name))
            own = [attribute.name for ancestor in ancestors(name) for attribute in TYPES[ancestor].attributes]
            assert len(own) == len(set(own))
    for parent, child in CONTAINMENTS:
        assert not TYPES[parent].is_abstract and not TYPES[child].is_abstract


def test_the_types_are_those_clients_know() -> None:
    concrete = {name for name, definition in TYPES.items() if not definition.is_abstract}
    assert concrete == {
        "ml_workspace",
        "ml_model",
        "ml_model_version",
        "ml_endpoint",
        "ml_job",
        "dataset",
        "dataflow",
        "dataflow_table",
        "dataflow_query",
    }
    with pytest.raises(UsageError, match="nonsense"):
        type_definition("nonsense")


WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)


@given(first=st.tuples(WORDS, WORDS), second=st.tuples(WORDS, WORDS))
def test_no_two_things_share_a_name(first: tuple[str, str], second: tuple[str, str]) -> None:
    assume(first != second)
    assert names.model_version("w", *first) != names.model_version("w", *second)
    assert names.table("i", *first) != names.table("i", *second)
    assert names.table("i", *first) != names.query("i", *second)
    assert names.column(names.table("i", *first), "c") != names.column(names.table("i", *second), "c")


@given(entity=WORDS, column=WORDS)
def test_a_columns_name_comes_apart_again(entity: str, column: str) -> None:
    table = names.table("i", "f", entity)
    assert names.column_of(names.column(table, column)) == (table, column)
    assert names.column_of(table) == (table, None)
