"""Model functions by name, from a real MLflow server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headwater.access import SYSTEM, ScopeKind, add_scope, server_scope
from headwater.errors import ModelError, NotFoundError, SchemaError, ScoringError
from headwater.models.counting import CountingStore
from headwater.models.discovery import Discovery
from headwater.models.earlier import EarlierVersions
from headwater.models.environment import LedgerStore, ModelEnvironment, PredictionStore, SessionStore
from headwater.models.function_settings import FunctionSettings, Supplied
from headwater.models.ledger import Ledger
from headwater.models.names import ModelName
from headwater.models.registered import RegisteredModels
from headwater.models.rights import ActorsRights
from headwater.models.schemas.stored import signature_to_json
from headwater.models.statistics import ScoringProgress
from headwater.models.workers.artifacts import ArtifactCache
from headwater.models.workers.environments import Environments
from headwater.models.workers.pool import ScorerPool
from headwater.models.workers.team import WorkerTeam
from headwater.store import Database, utc_now
from headwater.workspaces import SourceService
from headwater.workspaces.mlflow import MLflowConnector


@pytest.fixture
def connector(mlflow_server: Any) -> Iterator[MLflowConnector]:
    connector = MLflowConnector(mlflow_server.url)
    yield connector
    connector.close()


@pytest.fixture
def rights(database: Database) -> ActorsRights:
    with database.begin() as connection:
        workspace = add_scope(connection, ScopeKind.WORKSPACE, "demo", server_scope(connection))
    return ActorsRights(database, SYSTEM, {"demo": workspace.id})


MakeEnvironment = Callable[..., ModelEnvironment]


@pytest.fixture
def scorers(tmp_path: Path) -> Iterator[ScorerPool]:
    with ScorerPool(tmp_path / "logs") as pool:
        yield pool


@pytest.fixture
def make(
    connector: MLflowConnector, tmp_path: Path, database: Database, rights: ActorsRights, scorers: ScorerPool
) -> MakeEnvironment:
    """Makes environments over the one connector; the processes are shared."""

    def made(
        store: PredictionStore | None = None,
        trusted: Callable[[str], bool] = lambda _: True,
        on_progress: Callable[[ScoringProgress], None] | None = None,
        **more: Any,
    ) -> ModelEnvironment:
        models = RegisteredModels(
            ArtifactCache(tmp_path / "artifacts"), scorers, Environments(tmp_path / "environments"), trusted
        )
        discovery = Discovery({"demo": connector}, rights, FunctionSettings(database))
        return ModelEnvironment(discovery, rights, models, store, on_progress=on_progress, **more)

    return made


@pytest.fixture
def environment(make: MakeEnvironment, tmp_path: Path, database: Database) -> Iterator[ModelEnvironment]:
    with make(LedgerStore(Ledger(tmp_path / "ledger", database))) as made:
        yield made


def score(environment: ModelEnvironment, name: str, rows: int = 3) -> pa.Table:
    called = environment.resolve(name)
    assert called is not None
    table = pa.table({"d": pa.array(range(rows), pa.float64()), "c": ["AA"] * rows})
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    return called.apply(reader, ["d", "c"], "r").read_all()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("demo.m", ModelName("demo", "m")),
        ("demo.m@latest", ModelName("demo", "m")),
        ("demo.m@2", ModelName("demo", "m", "2")),
        ("demo.a.b@c", ModelName("demo", "a.b", "c")),
        ("demo", None),
        (".m", None),
        ("demo.", None),
    ],
)
def test_names(name: str, parts: ModelName | None) -> None:
    assert ModelName.parse(name) == parts


def test_a_registered_model_is_a_function(environment: ModelEnvironment) -> None:
    called = environment.resolve("demo.late_arrival")
    assert called is not None
    assert [(field.name, field.type.kind.name) for field in called.parameters] == [
        ("distance", "DOUBLE"),
        ("carrier", "TEXT"),
    ]
    assert called.result.kind.name == "RECORD"
    assert score(environment, "demo.late_arrival")["r"].to_pylist() == [{"probability": 0.25, "label": False}] * 3


def test_versions_and_aliases(environment: ModelEnvironment) -> None:
    wanted = {"demo.late_arrival": "2", "demo.late_arrival@1": "1", "demo.late_arrival@champion": "1"}
    for name, version in wanted.items():
        called = environment.resolve(name)
        assert called is not None and called.identity.endswith(f"/models/late_arrival/versions/{version}")
    assert {model.name: model.description.version for model in environment.models} == wanted
    identities = [model.immutable_identity for model in environment.models]
    assert identities[1] == identities[2] != identities[0]


def test_what_an_alias_scored_is_known_to_the_version(environment: ModelEnvironment) -> None:
    score(environment, "demo.late_arrival@champion")
    score(environment, "demo.late_arrival@1")
    score(environment, "demo.late_arrival@2")
    counts = {m.name: (m.function.statistics.sent, m.function.statistics.reused) for m in environment.models}
    assert counts == {
        "demo.late_arrival@champion": (3, 0),
        "demo.late_arrival@1": (0, 3),
        "demo.late_arrival@2": (3, 0),
    }


def test_a_name_is_looked_up_once(environment: ModelEnvironment, connector: MLflowConnector) -> None:
    called = environment.resolve("demo.late_arrival@champion")
    connector.close()
    assert environment.resolve("demo.late_arrival@champion") is called


def test_other_names_are_none(environment: ModelEnvironment) -> None:
    assert environment.resolve("Table.SelectRows") is None
    assert environment.resolve("demo") is None


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("demo.late_arival", "no model 'late_arival'", "late_arrival"),
        ("demo.zzz", "no model 'zzz'", "late_arrival, odd name (ü), unsigned"),
        ("demo.late_arrival@champ", "no version or alias 'champ' of the model 'late_arrival'", "champion"),
        ("demo.late_arrival@7", "no version or alias '7' of the model 'late_arrival'", "1, 2, champion"),
        ("demo.empty", "no version of the model 'empty'", "Register"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(
    environment: ModelEnvironment, name: str, message: str, hint: str
) -> None:
    with pytest.raises(NotFoundError) as caught:
        environment.resolve(name)
    assert message in caught.value.message and hint in caught.value.hint


def test_a_model_without_a_signature_says_what_to_do(environment: ModelEnvironment) -> None:
    with pytest.raises(SchemaError, match=r"demo\.unsigned has no inputs"):
        environment.resolve("demo.unsigned")


def test_processes_outlive_the_environment(make: MakeEnvironment, scorers: ScorerPool) -> None:
    for _ in range(2):
        with make() as environment:
            environment.resolve("demo.late_arrival")
            environment.warm()
            score(environment, "demo.late_arrival")
    (team,) = scorers._scorers.values()
    assert isinstance(team, WorkerTeam) and team.startup_cpu_seconds() > 0
    (process,) = team.workers
    assert process.pid is not None
    scorers.close()
    assert process.pid is None


def test_a_version_whose_files_are_gone_is_there_and_says_so(environment: ModelEnvironment) -> None:
    found = environment.discovery.describe(ModelName("demo", "odd name (ü)"))
    assert found.version == "1" and found.problem is not None
    assert found.problem.code == "model.schema.no_files"


def test_progress_names_the_function(make: MakeEnvironment) -> None:
    seen: list[ScoringProgress] = []
    with make(on_progress=seen.append) as environment:
        environment.expect(4)
        score(environment, "demo.late_arrival@1")
    last = seen[-1]
    assert (last.function, last.rows_done, last.rows_total) == ("demo.late_arrival@1", 3, 4)


def test_previews_of_one_session_score_a_row_once(make: MakeEnvironment) -> None:
    session, sent = SessionStore(), []
    for _ in range(2):
        with make(session) as environment:
            score(environment, "demo.late_arrival@1")
            sent.append(environment.models[0].function.statistics.sent)
    assert sent == [3, 0]


def test_a_schema_that_was_supplied_counts(make: MakeEnvironment, database: Database, mlflow_server: Any) -> None:
    with make() as environment:
        known = environment.discovery.describe(ModelName("demo", "late_arrival")).signature
    assert known is not None
    SourceService(database).add(SYSTEM, "demo", "", "mlflow", mlflow_server.url)
    supplied = Supplied(signature_to_json(known), changed_at=utc_now(), changed_by="ann")
    with database.begin() as connection:
        FunctionSettings(database).put_within(connection, "demo", "unsigned", supplied)
    with make() as environment:
        found = environment.discovery.describe(ModelName("demo", "unsigned"))
        assert (found.origin, found.is_callable) == ("supplied", True)
        assert environment.resolve("demo.unsigned") is not None


def test_a_cancelled_environment_scores_nothing(environment: ModelEnvironment) -> None:
    environment.resolve("demo.late_arrival")
    environment.cancel()
    with pytest.raises(ScoringError) as caught:
        score(environment, "demo.late_arrival")
    assert caught.value.code == "model.cancelled"


def test_a_model_that_is_code_is_not_loaded_from_a_workspace_that_nobody_trusts(make: MakeEnvironment) -> None:
    """Not even where the process that holds it is running already, for somebody else."""
    with make() as environment:
        score(environment, "demo.late_arrival")
    with (
        make(trusted=lambda _: False) as environment,
        pytest.raises(ModelError, match="'demo' is not trusted") as caught,
    ):
        score(environment, "demo.late_arrival")
    assert caught.value.code == "model.untrusted"
    assert "headwater source trust demo" in caught.value.hint


# -- what earlier versions have to say ---------------------------------------------------------------------------------


def counts(environment: ModelEnvironment) -> dict[str, tuple[str, int, int]]:
    """By name: the version that was called, inputs sent, and rows that got a prediction without."""
    return {
        model.name: (model.description.version, model.function.statistics.sent, model.function.statistics.reused)
        for model in environment.models
    }


def test_a_version_can_be_called_still(make: MakeEnvironment) -> None:
    earlier = EarlierVersions(called={"demo.late_arrival": "1", "demo.late_arrival@2": "1"})
    with make(earlier=earlier) as environment:
        for name in ("demo.late_arrival", "demo.late_arrival@2"):
            environment.resolve(name)
        assert {name: version for name, (version, _, _) in counts(environment).items()} == {
            "demo.late_arrival": "1",
            "demo.late_arrival@2": "2",
        }, "who names a version gets it"


def test_predictions_of_earlier_versions_can_be_kept(make: MakeEnvironment, tmp_path: Path, database: Database) -> None:
    ledger = Ledger(tmp_path / "ledger", database)
    with make(LedgerStore(ledger)) as before:
        old = score(before, "demo.late_arrival@1", 3)["r"].to_pylist()
    kept = EarlierVersions(kept={"demo.late_arrival": ("1",)})
    with make(LedgerStore(ledger), earlier=kept) as environment:
        found = score(environment, "demo.late_arrival", 5)["r"].to_pylist()
        assert counts(environment) == {"demo.late_arrival": ("2", 2, 3)}
    assert found[:3] == old
    with make(LedgerStore(ledger)) as newest:
        score(newest, "demo.late_arrival", 5)
        assert counts(newest) == {"demo.late_arrival": ("2", 3, 2)}, "what was kept is no prediction of the newest"
    with make(LedgerStore(ledger), earlier=kept) as again:
        score(again, "demo.late_arrival", 5)
        assert counts(again) == {"demo.late_arrival": ("2", 0, 5)}


def test_a_result_that_tells_its_version_is_never_an_earlier_ones(
    make: MakeEnvironment, tmp_path: Path, database: Database
) -> None:
    ledger = Ledger(tmp_path / "ledger", database)
    with make(LedgerStore(ledger)) as before:
        score(before, "demo.late_arrival@1", 3)
    with make(LedgerStore(ledger), earlier=EarlierVersions(kept={"demo.late_arrival": ("1",)})) as environment:
        called = environment.resolve("demo.late_arrival")
        assert called is not None
        telling = called.configured({"IncludeModel": True})
        table = pa.table({"d": pa.array(range(3), pa.float64()), "c": ["AA"] * 3})
        rows: list[Any] = telling.apply(table.to_reader(), ["d", "c"], "r").read_all()["r"].to_pylist()
        assert [row["ModelVersion"] for row in rows] == ["2"] * 3
        assert counts(environment) == {"demo.late_arrival": ("2", 3, 0)}


def test_a_version_that_is_gone_keeps_nothing(make: MakeEnvironment, tmp_path: Path, database: Database) -> None:
    kept = EarlierVersions(kept={"demo.late_arrival": ("99",)})
    with make(LedgerStore(Ledger(tmp_path / "ledger", database)), earlier=kept) as environment:
        score(environment, "demo.late_arrival", 3)
        assert counts(environment) == {"demo.late_arrival": ("2", 3, 0)}


def test_counting_scores_nothing_and_keeps_nothing(make: MakeEnvironment, tmp_path: Path, database: Database) -> None:
    ledger = Ledger(tmp_path / "ledger", database)
    with make(LedgerStore(ledger)) as before:
        score(before, "demo.late_arrival", 3)
    for _ in range(2):
        with make(CountingStore(ledger), counts_only=True, trusted=lambda _: False) as environment:
            rows = score(environment, "demo.late_arrival", 5)
            score(environment, "demo.late_arrival", 5)
            assert counts(environment) == {"demo.late_arrival": ("2", 2, 8)}
        assert [row is None for row in rows["r"].to_pylist()] == [False] * 3 + [True] * 2


def test_models_counted_apart_are_the_same_versions(make: MakeEnvironment, tmp_path: Path, database: Database) -> None:
    with make(LedgerStore(Ledger(tmp_path / "ledger", database))) as environment:
        one, other = environment.apart(3), environment.apart(None)
        for models, rows in ((one, 3), (other, 5)):
            called = models.resolve("demo.late_arrival@champion")
            assert called is not None and called.identity.endswith("/versions/1")
            table = pa.table({"d": pa.array(range(rows), pa.float64()), "c": ["AA"] * rows})
            called.apply(table.to_reader(), ["d", "c"], "r").read_all()
        sent = [[model.function.statistics.sent for model in models.models] for models in (one, other)]
        assert sent == [[3], [2]]
