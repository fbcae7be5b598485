"""Keyed entities that call a model: rows that are what they were do not reach it, and get what they had."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dataflows.staged import Entity

from headwater.dataflows.definitions.settings import EntitySettings
from headwater.dataflows.staging import merging
from headwater.errors import RefreshError
from headwater.models.functions import ModelFunction
from headwater.models.ledger import Ledger, LedgerPredictions
from headwater.models.options import CallOptions
from headwater.models.results import ResultForm
from headwater.models.run import Calling
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.signature import Signature
from headwater.models.workers.process import WorkerScorer
from headwater.plan.expressions import Literal, call
from headwater.plan.nodes import Call, Column, Filter, Node, Project
from headwater.plan.types import DOUBLE, INT64
from headwater.store import Database
from headwater.workspaces.mlflow.extract import parse_mlmodel

KEYED = EntitySettings("keyed", ("id",))


@pytest.fixture(scope="module")
def scorer(saved_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[WorkerScorer, Signature]]:
    """A running process of the model ``arithmetic``: twice x, and whether n is even; an error where mode is raise."""
    declared, _ = parse_mlmodel((saved_models / "arithmetic" / "MLmodel").read_bytes(), "arithmetic")
    assert declared is not None
    signature = from_mlflow(declared.inputs, declared.outputs, declared.params, model="arithmetic")
    log = tmp_path_factory.mktemp("logs") / "arithmetic.log"
    made = WorkerScorer(saved_models / "arithmetic", signature, name="demo.arithmetic", log=log)
    yield made, signature
    made.close()


Model = Callable[..., ModelFunction]


@pytest.fixture
def model(scorer: tuple[WorkerScorer, Signature], tmp_path: Path, database: Database) -> Model:
    """Makes the model's function as another refresh would: with statistics of its own, and one ledger."""
    ledger = Ledger(tmp_path / "ledger", database)

    def make(version: str = "1", **options: Any) -> ModelFunction:
        fingerprint = (version * 64)[:64]
        ledger.register(fingerprint, {})
        worker, signature = scorer
        calling = Calling(
            function="demo.arithmetic",
            signature=signature,
            scorer=lambda: worker,
            permit=lambda: None,
            result=ResultForm(signature),
            options=CallOptions(**options),
        )
        identity = f"mlflow://demo/models/arithmetic/versions/{version}"
        return ModelFunction(
            identity, version, calling, predictions=lambda _: LedgerPredictions(ledger, fingerprint, None)
        )

    return make


def rows(*of: tuple[int, float | None, str]) -> pa.Table:
    """Rows of an id, the number x, and the mode."""
    ids, numbers, modes = (list(values) for values in zip(*of, strict=True)) if of else ([], [], [])
    return pa.table(
        {"id": pa.array(ids, pa.int64()), "x": pa.array(numbers, pa.float64()), "mode": pa.array(modes, pa.string())}
    )


def scoring(function: ModelFunction) -> Callable[[Node], Node]:
    """The plan that adds ``twice`` of three times x, and drops x itself."""

    def plan(node: Node) -> Node:
        identifier, x, mode = node.columns
        tripled = Column("tripled", "", DOUBLE, True)
        prepared = Project(
            node,
            (
                (identifier, identifier.ref),
                (mode, mode.ref),
                (tripled, call("*", x.ref, Literal(3.0, DOUBLE))),
            ),
        )
        called = Column("called", "", function.result, True)
        scored: Node = Call(prepared, function, ("tripled", identifier.id, mode.id), called)
        twice = call("[]", called.ref, option="twice")
        added = Column("twice", "Twice", twice.type, twice.may_fail)
        return Project(scored, ((identifier, identifier.ref), (added, twice), (mode, mode.ref)))

    return plan


def expected(source: pa.Table) -> list[dict[str, Any]]:
    return [
        {
            "id": row["id"],
            "Twice": None if row["mode"] == "raise" or row["x"] is None else row["x"] * 6,
            "mode": row["mode"],
        }
        for row in source.to_pylist()
    ]


@pytest.fixture
def entity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Entity:
    monkeypatch.setattr(merging, "KEYED_FILE_ROWS", 16)
    monkeypatch.setattr("headwater.dataflows.staging.keyed.KEYED_FILE_ROWS", 16)
    return Entity(tmp_path / "table", KEYED)


def refresh(entity: Entity, function: ModelFunction, source: pa.Table, **options: Any) -> tuple[Any, int]:
    """Refresh; what was staged, and how many rows the model saw."""
    entity.plan = scoring(function)
    staged = entity.refresh(source, **options)
    return staged, function.statistics.rows


BASE = rows(*((n, n / 4, "") for n in range(100)))


def edited(source: pa.Table, *changes: tuple[int, float | None, str]) -> pa.Table:
    by_id = {change[0]: change for change in changes}
    kept = [tuple(row.values()) for row in source.to_pylist()]
    return rows(*(by_id.get(row[0], row) for row in kept))


def test_rows_that_are_what_they_were_do_not_reach_the_model(entity: Entity, model: Model) -> None:
    first, seen = refresh(entity, model(), BASE)
    assert (seen, first.inserted) == (100, 100)
    changed = edited(BASE, (7, 100.0, ""), (50, 200.0, "x"))
    second, seen = refresh(entity, model(), changed)
    assert (seen, second.updated, second.skipped) == (2, 2, 98)
    assert entity.rows().to_pylist() == expected(changed)
    third, seen = refresh(entity, model(), changed)
    assert (seen, third.staged.unchanged_of) == (0, entity.version)


def test_another_version_scores_all_rows(entity: Entity, model: Model) -> None:
    refresh(entity, model("1"), BASE)
    staged, seen = refresh(entity, model("2"), BASE)
    assert (seen, staged.skipped) == (100, 0)
    assert refresh(entity, model("2"), BASE)[1] == 0
    assert refresh(entity, model("2"), BASE, full=True)[1] == 100


@pytest.mark.parametrize("options", [{"rescore": True}, {"on_error": "null"}])
def test_calls_that_may_answer_otherwise_are_made_again(entity: Entity, model: Model, options: Any) -> None:
    refresh(entity, model(**options), BASE)
    staged, seen = refresh(entity, model(**options), BASE)
    assert (seen, staged.skipped) == (100, 100)


def test_what_is_computed_above_the_call_counts(entity: Entity, model: Model) -> None:
    refresh(entity, model(), BASE)
    function = model()

    def plan(node: Node) -> Node:
        scored = scoring(function)(node)
        key, twice, mode = scored.columns
        return Project(scored, ((key, key.ref), (twice, call("*", twice.ref, Literal(10.0, DOUBLE))), (mode, mode.ref)))

    entity.plan = plan
    entity.refresh(BASE)
    assert function.statistics.rows == 100
    assert entity.rows()["Twice"].to_pylist() == [n / 4 * 60 for n in range(100)]


def test_a_filter_on_the_prediction_is_right_too(entity: Entity, model: Model) -> None:
    for source in (BASE, edited(BASE, (7, 100.0, ""), (90, 0.0, "")), BASE):
        scored = scoring(model())

        def plan(node: Node, scored: Callable[[Node], Node] = scored) -> Node:
            below = scored(node)
            return Filter(below, call(">", below.columns[1].ref, Literal(30.0, DOUBLE)))

        entity.plan = plan
        entity.refresh(source)
        assert entity.rows().to_pylist() == [row for row in expected(source) if row["Twice"] > 30]


def test_predictions_that_failed_are_tried_again_and_counted_every_time(entity: Entity, model: Model) -> None:
    source = edited(BASE, (30, 1.0, "raise"), (60, 2.0, "raise"))
    for seen in (100, 2, 2):
        staged, reached = refresh(entity, model(), source)
        assert reached == seen
        assert staged.staged.errors == {"Twice": 2}
        cells = [(cell.column, cell.row, cell.key, cell.reason) for cell in staged.error_cells]
        assert [cell[:3] for cell in cells] == [("Twice", 31, {"id": 30}), ("Twice", 61, {"id": 60})]
        assert entity.rows().to_pylist() == expected(source)
    refresh(entity, model(), BASE)
    assert entity.rows().to_pylist() == expected(BASE)


def test_error_cells_can_fail_the_entity_and_leave_nothing(entity: Entity, model: Model) -> None:
    refresh(entity, model(), BASE)
    files = entity.files()
    with pytest.raises(Exception, match="Twice"):
        refresh(entity, model(), edited(BASE, (30, 1.0, "raise")), errors="fail")
    assert entity.files() == files


def test_more_rows_than_it_may_have(entity: Entity, model: Model) -> None:
    with pytest.raises(RefreshError, match="more than 99 rows"):
        refresh(entity, model(), BASE, max_rows=99)
    assert entity.files() == []


def test_rows_in_any_order_are_found(entity: Entity, model: Model) -> None:
    refresh(entity, model(), BASE)
    shuffled = BASE.take(random.Random(1).sample(range(100), 100))
    staged, seen = refresh(entity, model(), shuffled)
    assert (seen, staged.skipped) == (0, 100)
    assert entity.rows().to_pylist() == expected(shuffled)


EDITS = st.lists(
    st.lists(st.tuples(st.integers(0, 70), st.sampled_from(["", "raise", "gone", "move"])), max_size=8),
    min_size=1,
    max_size=4,
)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=EDITS, gone=st.sampled_from(["remove", "keep"]))
def test_any_edits_give_what_scoring_all_gives(
    tmp_path_factory: pytest.TempPathFactory, entity: Entity, model: Model, steps: Any, gone: Any
) -> None:
    edits = Entity(tmp_path_factory.mktemp("edits") / "table", EntitySettings("keyed", ("id",), gone))
    source = {n: (n, n / 4, "") for n in range(40)}
    known: dict[int, Any] = {}
    for number, step in enumerate(steps):
        for key, what in step:
            row = source.pop(key, None)
            if what == "raise" and sum(mode == "raise" for _, _, mode in source.values()) == 7:
                what = ""  # noqa: PLW2901 -- a model that fails on eight rows and answers none is taken to be broken
            if what != "gone":
                moved = row if what == "move" and row else (key, float(number * 1000 + key), what.replace("move", ""))
                source[key] = moved
        current = rows(*source.values())
        refresh(edits, model(), current)
        given_rows = {row["id"]: row for row in expected(current)}
        left = {key: row for key, row in known.items() if key not in given_rows and gone == "keep"}
        known = given_rows | left
        assert edits.rows().to_pylist() == list(known.values())


def test_the_split_is_below_the_lowest_call(model: Model) -> None:
    from tests.dataflows.staged import scan_of

    from headwater.dataflows.staging.splitting import split_below_models
    from headwater.powerquery import PlanTable, Session

    plan = scoring(model())(scan_of(BASE))
    split = split_below_models(PlanTable(plan, Session()))
    assert split is not None
    assert [column.id for column in split.below.columns] == ["id", "mode", "tripled"]
    assert split_below_models(PlanTable(scan_of(BASE), Session())) is None
    other = split_below_models(PlanTable(scoring(model("2"))(scan_of(BASE)), Session()))
    assert other is not None and other.recipe != split.recipe
    hidden = plan.columns[1]
    swallowed = Project(
        plan,
        ((hidden, call("otherwise", hidden.ref, Literal(0.0, DOUBLE))), (Column("n", "N", INT64), plan.columns[0].ref)),
    )
    assert split_below_models(PlanTable(swallowed, Session())) is None, "failures above the call would not be seen"
