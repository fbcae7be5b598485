"""Models by the names that M gives them, from a real MLflow server."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.models.test_environment import connector, make, rights

from headwater.errors import MError, NotFoundError, SchemaError
from headwater.models.environment import ModelEnvironment, SessionStore
from headwater.models.library import ModelLibrary
from headwater.models.workers.pool import ScorerPool
from headwater.powerquery import Session, evaluate, explain, to_text
from headwater.powerquery.values.core import Value

__all__ = ["connector", "make", "rights"]  # fixtures

ROWS = 'Source = #table(type table [carrier = text, distance = number], {{"AA", 100}, {"UA", 2}, {"AA", 100}})'

READ = (
    'Read = Table.PromoteHeaders(Csv.Document(File.Contents("{folder}/rows.csv"))),'
    ' Source = Table.TransformColumnTypes(Read, {{{{"distance", type number}}}})'
)


@pytest.fixture(scope="module")
def scorers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScorerPool]:
    with ScorerPool(tmp_path_factory.mktemp("logs")) as pool:
        yield pool


@pytest.fixture
def models(make: Callable[..., ModelEnvironment]) -> Iterator[ModelEnvironment]:
    with make(SessionStore()) as made:
        yield made


@pytest.fixture
def run(models: ModelEnvironment) -> Callable[[str], Value]:
    return lambda source: evaluate(f"let {ROWS} in {source}", environment=ModelLibrary(models))


Run = Callable[[str], Value]
GOOD = "[probability = 0.25, label = false]"


@pytest.mark.parametrize(
    "call",
    [
        "demo.late_arrival([distance], [carrier])",
        "demo.late_arrival(_)",
        "demo.late_arrival([[carrier], [distance]])",
        "demo.late_arrival([carrier = [carrier], distance = [distance] * 2])",
        "demo.late_arrival(_, [BatchSize = 1])",
        '#"demo.late_arrival@champion"(_)',
        '#"demo.late_arrival@1"([distance], [carrier])',
        'MLWorkspace.Contents("demo"){[Name = "late_arrival"]}[Data](_)',
        'MLWorkspace.Contents(){[Name = "demo"]}[Data]{[Name = "late_arrival"]}[Data](_)',
    ],
)
@pytest.mark.parametrize("in_a_plan", [True, False])
def test_forms_of_a_call_are_one_batch(models: ModelEnvironment, tmp_path: Path, call: str, in_a_plan: bool) -> None:
    (tmp_path / "rows.csv").write_text("carrier,distance\nAA,100\nUA,2\nAA,100\n")
    session = Session(environment=ModelLibrary(models), folders=[tmp_path])
    rows = READ.format(folder=tmp_path) if in_a_plan else ROWS
    table = evaluate(f'let {rows} in Table.AddColumn(Source, "p", each {call})', session=session)
    assert (explain(table, session).plan is not None) == in_a_plan
    assert to_text(table).count(GOOD) == 3
    done = models.models[0].function.statistics
    assert (done.rows, done.sent) == (3, 2)


def test_a_part_of_the_result(run: Run) -> None:
    assert (
        to_text(run('Table.AddColumn(Source, "p", each demo.late_arrival(_)[probability] * 2)[p]')) == "{0.5, 0.5, 0.5}"
    )


def test_the_ignored_batching_shape_is_right_all_the_same(run: Run) -> None:
    assert to_text(run('List.Transform({1, 2}, each demo.late_arrival(_, "AA")[probability])')) == "{0.25, 0.25}"
    assert to_text(run('{demo.late_arrival(1, "AA")}{0}[label]')) == "false"


def test_a_single_record(run: Run) -> None:
    assert to_text(run('demo.late_arrival([carrier = "AA", distance = 1, more = 2])')) == GOOD


def test_the_model_and_the_moment(run: Run) -> None:
    expanded = run(
        'Table.ExpandRecordColumn(Table.AddColumn(Source, "p", each demo.late_arrival(_, [IncludeModel = true])),'
        ' "p", {"label", "ModelVersion", "ScoredAt"})'
    )
    told = to_text(expanded)
    assert told.count('"2"') == 3 and "#datetimezone(" in told


def test_failed_rows_are_error_cells(run: Run) -> None:
    scored = (
        'Table.AddColumn(Source, "p", each demo.late_arrival([distance], if [carrier] = "UA" then null else [carrier]))'
    )
    assert to_text(run(f"Table.RowCount(Table.RemoveRowsWithErrors({scored}))")) == "2"
    assert to_text(run(f'Table.ReplaceErrorValues({scored}, {{{{"p", null}}}}){{1}}[p]')) == "null"
    assert to_text(run(f'try {scored}{{1}}[p] otherwise "no"')) == '"no"'
    nulls = scored.replace("[carrier]))", '[carrier], [OnError = "null"]))')
    assert to_text(run(f"{nulls}[p]{{1}}")) == "null"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("demo.late_arrival(1)", "expects 2 and options"),
        ('demo.late_arrival([carrier = "AA"])', "no field 'distance'"),
        ('demo.late_arrival(1, "AA", [Speed = 1])', "no option 'Speed'"),
        ('demo.late_arrival(1, "AA", [Params = [k = 1]])', "no param 'k'"),
        ('demo.late_arrival(1, "AA", 2)', "are no record"),
        ('MLWorkspace.Contents("nowhere")', "no workspace 'nowhere'"),
        ('MLWorkspace.Contents("demo"){[Name = "unsigned"]}[Data]', "has no inputs"),
    ],
)
def test_wrong_calls_say_what_is_wrong(run: Run, call: str, message: str) -> None:
    with pytest.raises(MError, match=message.replace("[", r"\[")):
        to_text(run(call))


def test_a_model_that_is_not_there_or_cannot_be_called(run: Run) -> None:
    with pytest.raises(NotFoundError, match="no model 'late_arival'"):
        run("demo.late_arival(1)")
    with pytest.raises(SchemaError, match="has no inputs"):
        run("demo.unsigned(1)")


def test_the_workspace_as_a_table(run: Run) -> None:
    listed = run('Table.SelectColumns(MLWorkspace.Contents("demo"), {"Name", "Kind", "Version", "Function"})')
    text = to_text(listed)
    assert '{"late_arrival", "model", "2", "demo.late_arrival"}' in text
    assert '"#""demo.odd name (ü)"""' in text


def test_the_function_says_what_it_is(run: Run) -> None:
    assert to_text(run("Value.Type(demo.late_arrival)")) == (
        "type function (distance as number, carrier as text, optional options as nullable record)"
        " as nullable [probability = nullable number, label = nullable logical]"
    )
    documented: Any = run("Value.Metadata(Value.Type(demo.late_arrival))")
    assert documented.get("Documentation.Name") == "demo.late_arrival"
    assert "Gives:\n  probability: number\n  label: logical" in documented.get("Documentation.LongDescription")
    version: Any = run('Value.Metadata(Value.Type(#"demo.late_arrival@1"))')
    assert to_text(version.get("Documentation.Aliases")) == '{"champion"}'
    assert version.get("Documentation.Author") == getpass.getuser()
    assert to_text(version.get("Documentation.Metrics")) == "[auc = 0.75, lift = #nan]"
    examples: Any = documented.get("Documentation.Examples")
    code = examples.items[0].get("Code")
    assert to_text(run(f"({code})[late_arrival]{{0}}")) == GOOD


def test_a_model_registered_now_is_callable_now(make: Callable[..., ModelEnvironment], mlflow_server: Any) -> None:
    """In an environment that was made before, too: names are looked up when they are first asked for."""
    api = f"{mlflow_server.url}/api/2.0/mlflow"
    with make() as models, httpx.Client(timeout=30) as client:
        library = ModelLibrary(models)
        assert evaluate("demo.late_arrival", environment=library) is not None
        known = client.get(f"{api}/model-versions/get", params={"name": "late_arrival", "version": "2"})
        version = known.raise_for_status().json()["model_version"]
        model_id = version["source"].removeprefix("models:/")
        created = {"name": "newcomer", "source": version["source"], "model_id": model_id}
        client.post(f"{api}/registered-models/create", json={"name": "newcomer"}).raise_for_status()
        try:
            client.post(f"{api}/model-versions/create", json=created).raise_for_status()
            assert to_text(evaluate('demo.newcomer(1, "AA")[label]', environment=library)) == "false"
        finally:
            client.request("DELETE", f"{api}/registered-models/delete", json={"name": "newcomer"}).raise_for_status()
