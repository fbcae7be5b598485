from __future__ import annotations

from pathlib import Path

import pytest

from headwater.dataflows import DataflowDefinition, Settings, load_folder
from headwater.errors import MSyntaxError, NotFoundError, UsageError


def definition(queries: dict[str, str], *load: str) -> DataflowDefinition:
    return DataflowDefinition("flow", queries, Settings(load))


def test_entities_come_after_those_they_read() -> None:
    queries = {"c": "Table.FirstN(b, 1)", "b": "helper", "helper": "a", "a": "#table({}, {})"}
    assert definition(queries, "c", "b", "a").entities() == ("a", "b", "c")


def test_a_query_that_is_not_loaded_passes_its_dependencies_on() -> None:
    queries = {"out": "helper", "helper": "Table.FirstN(stored, 1)", "stored": "#table({}, {})"}
    flow = definition(queries, "out", "stored")
    assert flow.dependencies("out") == {"stored"}
    assert flow.dependencies("stored") == frozenset()


def test_queries_that_read_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match="a, b"):
        definition({"a": "b", "b": "a"}, "a", "b").entities()


@pytest.mark.parametrize(
    ("queries", "load", "message"),
    [
        ({"a": "1"}, ("b",), "'b', which is no query"),
        ({"a": "1"}, (), "loads no query"),
    ],
)
def test_what_is_loaded_has_to_be_there(queries: dict[str, str], load: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        definition(queries, *load)


def test_a_query_that_cannot_be_read_is_named() -> None:
    with pytest.raises(MSyntaxError) as caught:
        DataflowDefinition("flow", {"a": "let x = in 1"}, Settings(("a",)), {"a": "a.pq"})
    assert caught.value.place.startswith("a.pq, line 1")


def test_a_stored_definition_comes_back_equal() -> None:
    flow = definition({"a": "1", "b": "a"}, "b")
    assert DataflowDefinition.from_json(flow.to_json()).to_json() == flow.to_json()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("[dataflow]\nload = ['q']\nspeed = 3", "'speed' is no setting"),
        ("[dataflow]\nload = 'q'", "'load' is a list"),
        ("[dataflow]\nload = ['q']\nerrors = 'hide'", "'errors' is"),
        ("[dataflow]\nload = ['q']\nname = 3", "'name' is a text"),
        ("[dataflow]\nload = ['q']\nname = '../up'", "no name for a dataflow"),
        ("[dataflow\n", "cannot be read"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, settings: str, message: str) -> None:
    (tmp_path / "dataflow.toml").write_text(settings)
    (tmp_path / "q.pq").write_text("1")
    with pytest.raises(UsageError, match=message):
        load_folder(tmp_path)


def test_a_folder_without_settings_is_no_dataflow(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no dataflow"):
        load_folder(tmp_path)


def test_a_folder_becomes_a_definition(tmp_path: Path) -> None:
    (tmp_path / "dataflow.toml").write_text("[dataflow]\nname = 'n'\nload = ['q']\nerrors = 'fail'")
    (tmp_path / "q.pq").write_text("p + 1")
    (tmp_path / "p.pq").write_text("1")
    flow = load_folder(tmp_path)
    assert (flow.name, dict(flow.queries)) == ("n", {"q": "p + 1", "p": "1"})
    assert flow.settings == Settings(("q",), "fail", "en-US", "")
