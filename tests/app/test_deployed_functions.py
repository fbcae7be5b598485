"""Deployed models as functions, from the registered source to the scored rows: real servers, and Azure's shapes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.models.azure_server.conftest import Serve, serve
from tests.workspaces.azureml.holdings import HOME
from tests.workspaces.azureml.management import TOKEN, Management, running_management
from tests.workspaces.azureml.scoring import ENTRY_SCRIPT, Scoring, deployment, running_scoring
from tests.workspaces.mlflow_serving.test_mlflow_serving import service

from headwater.access import SYSTEM
from headwater.access.audit import Filter
from headwater.access.events import Event
from headwater.app.runtime import Headwater
from headwater.errors import SchemaError
from headwater.models.environment import LedgerStore
from headwater.models.library import ModelLibrary
from headwater.models.schemas.typed import signature_from_text, signature_to_text
from headwater.powerquery import evaluate, to_text
from headwater.secret import Secret

__all__ = ["serve", "service"]  # fixtures

pytestmark = pytest.mark.xdist_group("azure")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Headwater]:
    with Headwater.open(tmp_path / "home", create=True) as opened:
        yield opened


def call(app: Headwater, name: str, rows: pa.Table, options: dict[str, Any] | None = None) -> pa.Table:
    with app.functions.open(SYSTEM, name, options) as function:
        return function.call(rows.to_reader()).read_all()


def test_an_entry_script_is_a_function(app: Headwater, serve: Serve) -> None:
    with serve("pandas_records") as url:
        app.sources.add(SYSTEM, "service", "", "openapi", url)
        (found,) = app.functions.list(SYSTEM).functions
        assert found.problem is None and found.signature is not None
        assert signature_to_text(found.signature).startswith("(distance as ")
        moments = [datetime(2024, 1, 2, 3, 4, 5), None, datetime(2024, 1, 3)]
        columns: dict[str, Any] = {
            "distance": [1.0, 2.0, None],
            "stops": [1, 2, 3],
            "carrier": ["UA", "ü", None],
            "late": [True, False, True],
            "moment": pa.array(moments, pa.timestamp("us")),
        }
        scored = call(app, found.name.function, pa.table(columns))
        assert scored["result__err"].null_count == 3, scored["result__err"].to_pylist()
        results: list[Any] = scored["result"].to_pylist()
        assert [row["score"] for row in results] == [3.0, 6.0, None]
        assert results[0]["said"] == "UA 2024-01-02 03:04:05 True"
        late: dict[str, Any] = {**columns, "stops": [1.5, 2.0, 3.0]}
        errors = call(app, found.name.function, pa.table(late))["result__err"].to_pylist()
        assert "whole numbers" in str(errors[0]) and errors[1:] == [None, None], "a bad row fails no neighbour"
        m = '[distance = 1, stops = 1, carrier = "x", late = true, moment = #datetime(2024, 1, 2, 0, 0, 0)]'
        with app.model_environment(SYSTEM) as models:
            text = f"{found.name.identifier}({m})[score]"
            assert to_text(evaluate(text, environment=ModelLibrary(models))) == "3"


def test_a_served_model_is_called_once_somebody_said_what_it_takes(app: Headwater, service: str) -> None:
    app.sources.add(SYSTEM, "served", "", "mlflow_serving", service)
    (found,) = app.functions.list(SYSTEM).functions
    assert found.name.function == "served.model" and isinstance(found.problem, SchemaError)
    app.functions.supply(SYSTEM, "served.model", signature_from_text("(distance as number) => [prediction = number]"))
    assert app.functions.get(SYSTEM, "served.model").origin == "supplied"
    scored = call(app, "served.model", pa.table({"distance": [1.5, 4.0, 1.5]}))
    assert scored["result__err"].null_count == 3
    app.functions.forget_schema(SYSTEM, "served.model")
    assert not app.functions.get(SYSTEM, "served.model").is_callable


def described() -> dict[str, Any]:
    """The description of an entry script, with what it answers."""
    document = copy.deepcopy(ENTRY_SCRIPT)
    answer = {"application/json": {"schema": {"$ref": "#/components/schemas/ServiceOutput"}}}
    document["paths"]["/score"]["post"]["responses"] = {"200": {"content": answer}}
    return document


@contextmanager
def azure(app: Headwater) -> Iterator[tuple[Management, Scoring]]:
    """A workspace whose endpoint answers at another origin, with a key of its own."""
    with running_management() as management, running_scoring() as scoring:
        scoring.deploy(management, "hail-cost", documents={"3": described()})
        app.sources.add(SYSTEM, "azure", "", "azureml", management.url + HOME)
        app.sources.set_credential(SYSTEM, "azure", "token", secret=Secret(TOKEN))
        yield management, scoring


def rows_for(app: Headwater) -> pa.Table:
    """One row of whatever the endpoint's description says it takes."""
    found = app.functions.get(SYSTEM, "azure.hail-cost")
    assert found.signature is not None, found.problem
    return pa.table({parameter.name: [1.0] for parameter in found.signature.parameters})


def test_an_online_endpoint_is_called_with_its_own_key(app: Headwater) -> None:
    with azure(app) as (_, scoring):
        scored = call(app, "azure.hail-cost", rows_for(app))
        assert scored["result"].to_pylist() == [0.25]
        shown = {key for method, target, key in scoring.seen if method == "POST" and target.endswith("/score")}
        assert shown == {"Bearer canary-hail-cost"}


def test_a_signature_alone_does_not_tell_how_a_script_wants_its_rows(app: Headwater) -> None:
    with azure(app) as (management, scoring):
        scoring.deploy(management, "hail-cost")
        app.functions.supply(SYSTEM, "azure.hail-cost", signature_from_text("(a as number) => [b = number]"))
        problem = app.functions.get(SYSTEM, "azure.hail-cost").problem
        assert isinstance(problem, SchemaError) and problem.code == "model.schema.no_form"


def posts(scoring: Scoring) -> int:
    return sum(method == "POST" and target.endswith("/score") for method, target, _ in scoring.seen)


def scored_twice(app: Headwater, scoring: Scoring, rows: pa.Table) -> int:
    """How often the service was asked, in two runs that keep predictions."""
    before = posts(scoring)
    for _ in range(2):
        with app.model_environment(SYSTEM, store=LedgerStore(app.ledger)) as models:
            function = models.resolve("azure.hail-cost")
            assert function is not None
            assert function.apply(rows.to_reader(), rows.column_names, "r").read_all()["r"].to_pylist() == [0.25]
    return posts(scoring) - before


def test_predictions_hold_as_long_as_the_deployment(app: Headwater) -> None:
    """A known revision makes a service immutable; another one is another model."""
    with azure(app) as (management, scoring):
        rows = rows_for(app)
        assert scored_twice(app, scoring, rows) == 1
        changed = deployment("hail-cost", "blue", model="azureml:late-arrival:11")
        management.items[changed["id"].removeprefix(f"{HOME}/")] = changed
        assert scored_twice(app, scoring, rows) == 1


def test_without_a_revision_every_refresh_asks_unless_somebody_says_how_long_answers_hold(app: Headwater) -> None:
    with azure(app) as (management, scoring):
        scoring.deploy(management, "hail-cost", traffic={"blue": 50, "green": 50}, documents={"3": described()})
        rows = rows_for(app)
        assert scored_twice(app, scoring, rows) == 2
        app.functions.set_reuse(SYSTEM, "azure.hail-cost", timedelta(hours=1))
        assert scored_twice(app, scoring, rows) == 1
        assert app.functions.get(SYSTEM, "azure.hail-cost").supplied.changed_by == SYSTEM.name


def test_what_was_supplied_is_on_record(app: Headwater, service: str) -> None:
    app.sources.add(SYSTEM, "served", "", "mlflow_serving", service)
    app.functions.set_reuse(SYSTEM, "served.model", timedelta(minutes=5))
    wanted = Filter(events=frozenset({Event.FUNCTION_SETTINGS_CHANGED}))
    (event,) = app.audit.events(SYSTEM, wanted).events
    assert (event.target, event.details["reuse_seconds"]) == ("model:served/model", 300)
