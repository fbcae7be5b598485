"""What stands against saving a definition, for the person who saves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.access.roles.support import give, person
from tests.conftest import SeededMLflow

from headwater.access import SYSTEM, Actor, create_role, find_scope
from headwater.app.runtime import Headwater
from headwater.dataflows import DataflowDefinition, Settings
from headwater.dataflows.definitions.settings import EntitySettings, LinkedEntity, Partitions, Periods
from headwater.errors import DefinitionError, Finding, NotFoundError


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Headwater]:
    """A home whose machine may read ``data``."""
    (tmp_path / "data").mkdir()
    with Headwater.open(tmp_path / "home", create=True, folders=(str(tmp_path / "data"),)) as app:
        yield app


@pytest.fixture
def ana(app: Headwater) -> Actor:
    """May create dataflows, and nothing beyond the root collection."""
    with app.database.begin() as connection:
        actor = person(connection, "ana")
        give(connection, actor, "Contributor", find_scope(connection, "/collection/root"))
    return actor


def flow(text: str, name: str = "flow", settings: Settings | None = None, **queries: str) -> DataflowDefinition:
    return DataflowDefinition(name, {"q": text, **queries}, settings or Settings(("q",)))


def found(app: Headwater, actor: Actor, definition: DataflowDefinition) -> list[Finding]:
    return list(app.flows.validate(actor, definition))


def codes(app: Headwater, actor: Actor, definition: DataflowDefinition) -> list[str]:
    return [finding.code for finding in found(app, actor, definition)]


# -- names -------------------------------------------------------------------------------------------------------------


def test_names_that_are_defined_nowhere_are_found_with_their_place(app: Headwater) -> None:
    text = "let\n    a = Tabel.Sort(other, {}),\n    b = each [x] + _,\n    c = Section1!lost\nin\n    {a, b, c}"
    errors = found(app, SYSTEM, flow(text, other="#table({}, {})"))
    assert [(e.code, e.place) for e in errors] == [
        ("dataflow.unknown_name", "q, line 2, column 9"),
        ("dataflow.unknown_name", "q, line 4, column 9"),
    ]
    assert "'Tabel.Sort'" in errors[0].message
    assert "Table.Sort" in errors[0].hint
    with pytest.raises(DefinitionError) as caught:
        app.flows.apply(SYSTEM, flow(text, other="#table({}, {})"))
    assert caught.value.findings == tuple(errors)
    assert "'Tabel.Sort'" in caught.value.message and "'lost'" in caught.value.message
    with pytest.raises(NotFoundError):
        app.flows.get(SYSTEM, "flow")


def test_a_query_is_itself_only_by_its_own_word(app: Headwater) -> None:
    assert codes(app, SYSTEM, flow("q")) == ["dataflow.unknown_name"]
    assert codes(app, SYSTEM, flow("(n) => if n = 0 then 0 else @q(n - 1)")) == []


def test_circles_are_found_and_functions_may_call_each_other(app: Headwater) -> None:
    circle = found(app, SYSTEM, flow("a", a="b + 1", b="a + 1", c="b"))
    assert [(e.code, e.message) for e in circle] == [("dataflow.query_circle", "These queries read each other: a, b.")]
    assert codes(app, SYSTEM, flow("even(4)", even="(n) => n = 0 or odd(n - 1)", odd="(n) => even(n - 1)")) == []


def test_a_partitioned_entity_says_which_rows_are_a_periods(app: Headwater) -> None:
    partitions = Partitions(Periods(5, "years"), Periods(10, "days"))
    settings = Settings(("q",), entities={"q": EntitySettings("partitioned", partitions=partitions)})
    (finding,) = found(app, SYSTEM, flow("Table.SelectRows(source, each [d] >= RangeStart)", settings=settings,
                                         source="#table({}, {})"))  # fmt: skip
    assert finding.message.endswith("does not use RangeEnd.")
    whole = flow("source", settings=settings, source="{RangeStart, RangeEnd}")
    assert codes(app, SYSTEM, whole) == []
    assert codes(app, SYSTEM, flow("RangeStart")) == ["dataflow.unknown_name"]


# -- data sources ------------------------------------------------------------------------------------------------------


def test_files_lie_in_folders_that_may_be_read(app: Headwater, ana: Actor, tmp_path: Path) -> None:
    text = 'Csv.Document(File.Contents(Folder & "/orders.csv"))'
    inside = flow(text, Folder=f'"{tmp_path}/data" meta [IsParameterQuery = true]')
    assert codes(app, SYSTEM, inside) == []
    assert codes(app, ana, inside) == ["dataflow.folder"], "the home's folders are for those who may use everything"
    assert codes(app, SYSTEM, flow(text, Folder=f'"{tmp_path}/data/../home"')) == ["dataflow.folder"]
    with app.database.begin() as connection:
        root = find_scope(connection, "/collection/root")
        give(connection, ana, "Connection user", root)
    app.connections.add(SYSTEM, "files", "Folder", str(tmp_path / "data"))
    assert codes(app, ana, inside) == []


def test_what_a_source_is_may_be_known_when_it_runs_only(app: Headwater) -> None:
    (note,) = found(app, SYSTEM, flow("(path) => File.Contents(path)"))
    assert (note.severity, note.code, note.place) == ("note", "dataflow.dynamic_source", "q, line 1, column 11")
    assert app.flows.apply(SYSTEM, flow("(path) => File.Contents(path)")).findings == (note,)
    unavailable = found(app, SYSTEM, flow('SharePoint.Files("https://example.org")'))
    assert [(each.severity, each.code) for each in unavailable] == [("warning", "dataflow.unavailable")]


@pytest.mark.parametrize(
    ("text", "kind", "path"),
    [
        ('PostgreSQL.Database("db.example.org", "sales")', "PostgreSQL", "db.example.org;sales"),
        ('let s = "db.example.org" in Sql.Database(s, "sales")', "Sql", "db.example.org;sales"),
        ('Sql.Databases("db.example.org")', "Sql", "db.example.org"),
        ('MySQL.Database("db.example.org", "sales", [Query = "select 1"])', "MySql", "db.example.org"),
        ('Oracle.Database("db.example.org")', "Oracle", "db.example.org"),
        ('Web.Contents("https://example.org/a/b?key=verysecret")', "Web", "https://example.org/a"),
        ('OData.Feed("https://example.org/odata/")', "OData", "https://example.org/odata"),
    ],
)
def test_a_source_needs_a_connection_that_may_be_used(
    app: Headwater, ana: Actor, text: str, kind: str, path: str
) -> None:
    app.connections.add(SYSTEM, "there", kind, path)
    assert codes(app, SYSTEM, flow(text)) == []
    with app.database.begin() as connection:
        outsider = person(connection, "outsider")
    (finding,) = found(app, outsider, flow(text))
    assert (finding.severity, finding.code) == ("error", "dataflow.connection")
    assert "or none that you may use" in finding.message
    assert "verysecret" not in repr(finding)
    app.connections.remove(SYSTEM, "there")
    assert codes(app, SYSTEM, flow(text)) == ["dataflow.connection"]


def test_a_query_may_be_called_like_a_source(app: Headwater) -> None:
    hidden = 'let Web.Contents = (x) => x in Web.Contents("https://example.org")'
    assert codes(app, SYSTEM, flow(hidden)) == []


# -- linked entities ---------------------------------------------------------------------------------------------------


def test_linked_entities_have_to_be_readable(app: Headwater, ana: Actor) -> None:
    linked = Settings(("q",), linked={"customers": LinkedEntity("crm", "people")})
    definition = flow("customers", settings=linked)
    (error,) = found(app, SYSTEM, definition)
    assert (error.severity, error.code) == ("error", "dataflow.linked")
    app.flows.apply(SYSTEM, DataflowDefinition("crm", {"people": '#table({"a"}, {{1}})'}, Settings(("people",))))
    assert codes(app, SYSTEM, definition) == ["dataflow.unpublished"], "its next refresh will publish it"
    with app.database.begin() as connection:
        outsider = person(connection, "outsider")
    assert found(app, outsider, definition) == [error], "as if it were not there"
    app.refresh(SYSTEM, "crm")
    assert codes(app, SYSTEM, definition) == []
    assert found(app, outsider, definition) == [error]
    assert codes(app, ana, definition) == []


def test_linked_entities_that_lead_back_are_found(app: Headwater) -> None:
    def linked(name: str, other: str) -> DataflowDefinition:
        return flow("theirs", name, Settings(("q",), linked={"theirs": LinkedEntity(other, "q")}))

    app.flows.apply(SYSTEM, flow("1", "b"))
    app.flows.apply(SYSTEM, linked("a", "b"))
    errors = [finding for finding in found(app, SYSTEM, linked("b", "a")) if finding.severity == "error"]
    assert [(e.code, "b → a → b" in e.message) for e in errors] == [("dataflow.circle", True)]


# -- models ------------------------------------------------------------------------------------------------------------


def test_models_have_to_be_there_and_callable(app: Headwater, mlflow_server: SeededMLflow) -> None:
    app.sources.add(SYSTEM, "lab", "", "mlflow", mlflow_server.url, "root")
    with app.database.begin() as connection:
        create_role(connection, SYSTEM, "Model viewer", actions=["model.read"])
        viewer, caller, stranger = (person(connection, name) for name in ("viewer", "caller", "stranger"))
        root = find_scope(connection, "/collection/root")
        give(connection, viewer, "Model viewer", root)
        give(connection, caller, "Reader", root)
    by_name = flow('Table.AddColumn(#table({}, {}), "x", each lab.late_arrival([a]))')
    looked_up = flow('MLWorkspace.Contents("lab"){[Name = "late_arrival"]}[Data]')
    for definition in (by_name, looked_up):
        assert codes(app, SYSTEM, definition) == []
        assert codes(app, caller, definition) == []
        (refused,) = found(app, viewer, definition)
        assert refused.code == "dataflow.model.forbidden"
        assert "may not call the model 'late_arrival'" in refused.message
    assert codes(app, stranger, by_name) == ["dataflow.unknown_name"], "as if the workspace were not there"
    assert codes(app, stranger, looked_up) == ["dataflow.workspace"]
    assert codes(app, caller, flow("lab.lost")) == ["dataflow.model.not_found"]
    assert codes(app, caller, flow('#"lab.late_arrival@99"')) == ["dataflow.model.not_found"]
    assert codes(app, caller, flow('#"lab.late_arrival@champion"')) == []


def test_a_workspace_that_does_not_answer_is_no_reason(app: Headwater) -> None:
    app.sources.add(SYSTEM, "lab", "", "mlflow", "http://127.0.0.1:9", "root")
    (warning,) = found(app, SYSTEM, flow("lab.late_arrival"))
    assert (warning.severity, warning.code) == ("warning", "dataflow.workspace_unreachable")
    assert app.flows.apply(SYSTEM, flow("lab.late_arrival")).dataflow.version == 1
