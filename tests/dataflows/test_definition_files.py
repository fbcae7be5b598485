"""Definitions as files, as JSON and as section documents: what is written is read as the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.dataflows.definitions import definitions

from headwater.dataflows import DataflowDefinition, Settings, init_folder, load_folder, write_folder
from headwater.dataflows.definitions.comparing import unified_diff
from headwater.dataflows.definitions.folders import read_definition
from headwater.dataflows.definitions.sections import SectionForm, read_section, write_section
from headwater.dataflows.definitions.settings_writing import settings_document
from headwater.errors import ConflictError, UsageError

some = settings(max_examples=60, deadline=None)


@given(definitions())
@some
def test_files_that_are_written_are_read_as_the_same(flow: DataflowDefinition) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_folder(flow, Path(folder) / "out")
        assert load_folder(Path(folder) / "out") == flow
        names = [file.name.casefold() for file in (Path(folder) / "out").iterdir()]
        assert len(set(names)) == len(names), "on a system that does not tell case apart, too"


@given(definitions())
@some
def test_what_is_stored_and_what_travels_as_json_is_the_same(flow: DataflowDefinition) -> None:
    assert DataflowDefinition.from_json(json.loads(json.dumps(flow.to_json()))) == flow
    document = json.loads(json.dumps(settings_document("flow", flow.settings)))
    section = None if flow.section is None else flow.to_section()
    assert read_definition("flow", document, {} if section else flow.queries, section) == flow


@given(definitions())
@some
def test_a_section_document_holds_all_queries(flow: DataflowDefinition) -> None:
    queries, form = read_section(flow.to_section())
    assert queries == {name: text.strip() for name, text in flow.queries.items()}
    assert form == (flow.section or SectionForm.of(flow.queries))
    assert write_section(queries, form) == flow.to_section(), "and is written as it was"


def test_a_folder_may_hold_one_section_document(tmp_path: Path) -> None:
    (tmp_path / "dataflow.toml").write_text('[dataflow]\nname = "n"\nload = ["b"]')
    (tmp_path / "all.pq").write_text(
        "// The whole of it.\n[Version = 1]\nsection Mine;\n\n// First.\na = 1;\n"
        '[Description = "second"] shared b = a + 1; // done\n'
    )
    flow = load_folder(tmp_path)
    assert dict(flow.queries) == {"a": "// The whole of it.\n// First.\n1", "b": "a + 1\n// done"}
    assert flow.section is not None
    assert [(m.name, m.attributes, m.shared) for m in flow.section.members] == [
        ("a", "", False),
        ("b", '[Description = "second"]', True),
    ]
    assert flow.entities() == ("b",)
    (tmp_path / "c.pq").write_text("1")
    with pytest.raises(UsageError, match=r"'all.pq' is a section document, and there are other"):
        load_folder(tmp_path)


def test_names_that_differ_in_case_only_have_files_on_every_system(tmp_path: Path) -> None:
    queries = {"Orders": "1", "orders": "2", "a/b": "3", "A%2fb": "4", "%61": "5"}
    flow = DataflowDefinition("flow", queries, Settings(("orders",)))
    write_folder(flow, tmp_path / "flow")
    assert load_folder(tmp_path / "flow") == flow
    names = {file.name.casefold() for file in (tmp_path / "flow").iterdir()}
    assert len(names) == len(queries) + 1


def test_a_folder_is_not_written_over_unasked(tmp_path: Path) -> None:
    flow = DataflowDefinition("flow", {"a": "1", "b": "2"}, Settings(("a",)))
    write_folder(flow, tmp_path / "flow")
    fewer = DataflowDefinition("flow", {"a": "1"}, Settings(("a",)))
    with pytest.raises(ConflictError, match="not empty"):
        write_folder(fewer, tmp_path / "flow")
    write_folder(fewer, tmp_path / "flow", replace=True)
    assert load_folder(tmp_path / "flow") == fewer
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("mine")
    with pytest.raises(ConflictError, match="not empty"):
        write_folder(flow, tmp_path / "other", replace=True)


def test_a_dataflow_begins_as_one_that_can_be_read(tmp_path: Path) -> None:
    init_folder(tmp_path / "sales")
    flow = load_folder(tmp_path / "sales")
    assert (flow.name, flow.entities()) == ("sales", ("greetings",))
    with pytest.raises(ConflictError, match="There is a dataflow"):
        init_folder(tmp_path / "sales")
    with pytest.raises(UsageError, match="no name for a dataflow"):
        init_folder(tmp_path / "-x")
    assert not (tmp_path / "-x").exists()


def test_every_commented_setting_of_the_beginning_can_be_read(tmp_path: Path) -> None:
    init_folder(tmp_path / "sales")
    file = tmp_path / "sales" / "dataflow.toml"
    file.write_text("\n".join(line.removeprefix("# ") for line in file.read_text().splitlines()[2:]))
    found = load_folder(tmp_path / "sales").settings
    assert found.schedule is not None
    assert found.limits.memory == 2 * 10**9
    assert found.of("greetings").mode == "keyed"
    assert found.linked["customers"].dataflow == "crm"
    assert found.notify[0].address == "team@example.org"


def test_a_diff_tells_settings_and_queries_apart() -> None:
    before = DataflowDefinition("flow", {"a": "1\n", "b": "2"}, Settings(("a",)))
    after = DataflowDefinition("flow", {"a": "3\n", "b": "2"}, Settings(("a",), owner="ana"))
    assert unified_diff(before, before, ("old", "new")) == ""
    lines = unified_diff(before, after, ("old", "new")).splitlines()
    assert lines[:2] == ["--- old/dataflow.toml", "+++ new/dataflow.toml"]
    assert '+owner = "ana"' in lines
    assert lines[-5:] == ["--- old/a", "+++ new/a", "@@ -1 +1 @@", "-1", "+3"]


@pytest.mark.parametrize(
    ("queries", "found", "message"),
    [
        ({"a/b": "1"}, Settings(("a/b",)), "no name for a table"),
        ({"..": "1"}, Settings(("..",)), "no name for a table"),
        ({"a\n": "1"}, Settings(("a\n",)), "no name for a table"),
        ({"a": "1"}, Settings(("a", "a")), "'load' has 'a' twice"),
        ({"": "1", "a": "1"}, Settings(("a",)), "empty or too long"),
        ({"a": '"\x00"'}, Settings(("a",)), "cannot be stored"),
        ({"a": "1"}, Settings(("a",), description="\ud800"), "cannot be stored"),
        ({"a": "1"}, Settings(("a",), groups={"g": ("b",)}), r"\[groups\] has 'b'"),
    ],
)
def test_names_that_cannot_be_are_refused(queries: dict[str, str], found: Settings, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        DataflowDefinition("flow", queries, found)


def test_names_in_the_settings_are_checked(tmp_path: Path) -> None:
    (tmp_path / "a.pq").write_text("1")
    (tmp_path / "b.pq").write_text("2")
    for more, message in (
        ('[entities.b]\nmode = "full"', "'b', which is not loaded"),
        ('[groups]\none = ["a"]\ntwo = ["a"]', "'a' twice"),
        ('[linked.b]\ndataflow = "x"\nentity = "y"', "a linked entity and a query"),
    ):
        (tmp_path / "dataflow.toml").write_text(f'[dataflow]\nname = "n"\nload = ["a"]\n{more}\n')
        with pytest.raises(UsageError, match=message):
            load_folder(tmp_path)


def test_parameters_are_listed_with_their_types() -> None:
    required = '"x" & "y" meta [IsParameterQuery = true, IsParameterQueryRequired = true, Type = "Text"]'
    queries = {"A": f"// of the file\n{required}", "B": "1 meta [IsParameterQuery = false]", "C": "A"}
    flow = DataflowDefinition("flow", queries, Settings(("C",)))
    # `meta` binds closer than `&`.
    assert flow.parameters() == ()
    queries["A"] = queries["A"].replace('"x" & "y"', '("x" & "y")')
    (found,) = DataflowDefinition("flow", queries, Settings(("C",))).parameters()
    assert (found.name, found.type, found.required, found.default) == ("A", "Text", True, '("x" & "y")')


def test_a_step_named_like_a_query_is_no_use_of_it() -> None:
    queries = {"Source": "let Source = #table({}, {}), x = Source in x", "out": "let Source = 1 in Source"}
    flow = DataflowDefinition("flow", queries, Settings(("Source", "out")))
    assert flow.dependencies("out") == frozenset()
    used = DataflowDefinition("flow", queries | {"out": "Section1!Source"}, Settings(("Source", "out")))
    assert used.dependencies("out") == {"Source"}
    # A definition means by its own name what is further out.
    outer = DataflowDefinition("flow", queries | {"out": "let Source = Source in Source"}, Settings(("Source", "out")))
    assert outer.dependencies("out") == {"Source"}
    inner = DataflowDefinition("flow", queries | {"out": "let Source = @Source in Source"}, Settings(("Source", "out")))
    assert inner.dependencies("out") == frozenset()
