"""Types and names: the tables of definitions hold together, and no two things get one name."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from headwater.catalog import names
from headwater.catalog.types import (
    BUILT_IN,
    BUILT_IN_RELATIONSHIPS,
    RelationshipDefinition,
    TypeDefinition,
    Types,
    built_in_types,
)
from headwater.errors import UsageError

types = built_in_types()


def test_every_type_descends_from_asset_and_is_a_dataset_or_a_process() -> None:
    for name, definition in BUILT_IN.items():
        above = {name, *types.supertypes(name)}
        assert definition.name == name
        if not definition.is_abstract:
            assert {"Referenceable", "Asset"} <= above
            assert len({"DataSet", "Process", "Infrastructure"} & above) == 1
            assert types.is_process(name) == ("Process" in above)
            own = [attribute.name for each in above for attribute in BUILT_IN[each].attributes]
            assert len(own) == len(set(own))
    for name, relationship in BUILT_IN_RELATIONSHIPS.items():
        assert relationship.name == name
        assert {relationship.end1.type_name, relationship.end2.type_name} <= BUILT_IN.keys()


def test_the_types_are_those_clients_know() -> None:
    concrete = {name for name, definition in BUILT_IN.items() if not definition.is_abstract}
    assert concrete == {
        "DataSet",
        "Infrastructure",
        "Process",
        "column",
        "ml_workspace",
        "ml_model",
        "ml_model_version",
        "ml_endpoint",
        "ml_job",
        "dataset",
        "dataflow",
        "dataflow_table",
        "dataflow_query",
        "openlineage_job",
    }
    with pytest.raises(UsageError, match="nonsense"):
        types.get("nonsense")


def test_the_ends_of_relationships_are_inherited_and_a_types_own_win() -> None:
    own = RelationshipDefinition.from_json(
        {
            "name": "report_pages",
            "endDef1": {"type": "report", "name": "columns", "isContainer": True, "cardinality": "SET"},
            "endDef2": {"type": "page", "name": "report", "cardinality": "SINGLE"},
            "relationshipCategory": "COMPOSITION",
        }
    )
    of = [TypeDefinition("report", ("DataSet",)), TypeDefinition("page", ("DataSet",))]
    for related in ([own, *BUILT_IN_RELATIONSHIPS.values()], [*BUILT_IN_RELATIONSHIPS.values(), own]):
        found = Types([*BUILT_IN.values(), *of], related)
        assert found.ends("report")["columns"].definition == own
        assert found.ends("dataset")["columns"].definition.name == "dataset_columns"
        assert found.ends("page")["report"].is_single and found.ends("page")["report"].other_type == "report"
        assert found.ends("report")["inputToProcesses"].other_type == "Process"
    assert types.ends("ml_job")["inputs"].definition.flow == "input"
    assert types.holds("ml_model", "ml_model_version") and not types.holds("ml_model_version", "ml_model")


def test_types_of_people_stand_beside_the_built_in_ones() -> None:
    """A supertype that is gone, and one that is the type itself, harm nobody."""
    report = TypeDefinition.from_json(
        {
            "name": "report",
            "superTypes": ["DataSet", "report", "gone"],
            "attributeDefs": [{"name": "pages", "typeName": "int"}],
        }
    )
    with_report = Types([*BUILT_IN.values(), report])
    assert with_report.supertypes("report") == ("DataSet", "Asset", "Referenceable")
    assert {"pages", "qualifiedName"} <= with_report.attributes("report").keys()
    assert "report" in with_report.subtypes("DataSet") and "report" not in with_report.processes()
    assert not with_report.is_process("gone")


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
