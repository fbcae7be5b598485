"""Runs under way, schemas that people give, and what is told of models before they are functions."""

from __future__ import annotations

import json
import math
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from headwater.access import OWNER, SYSTEM, Actor, Via, grant, install, server_scope
from headwater.access.people import create_user
from headwater.app.functions.runs import Runs
from headwater.app.functions.schemas import GivenSchema, check_schema, length_of_time, read_schema
from headwater.errors import HeadwaterError, NotFoundError, UsageError
from headwater.models.statistics import ScoringProgress
from headwater.store import open_database, utc_now


def test_runs_are_their_owners_and_the_administrators(database_url: str) -> None:
    with closing(open_database(database_url)) as database:
        actors = []
        with database.begin() as connection:
            install(connection, now=utc_now())
            for name in ("ann", "ben", "root"):
                user = create_user(connection, name, by=SYSTEM, now=utc_now())
                actors.append(Actor(user.id, name, Via.SESSION))
            grant(connection, SYSTEM, user.id, OWNER, server_scope(connection), now=utc_now())
        ann, ben, root = actors
        runs, cancelled = Runs(database), []
        with runs.start(ann, "demo.late") as run:
            assert [one.id for one in runs.list(ann)] == [one.id for one in runs.list(root)] == [run.id]
            assert runs.list(ben) == []
            run.on_progress(ScoringProgress("demo.late", 5, 10, 1.0, 5.0, 5, 0, 0, 0))
            (status,) = runs.list(ann)
            assert (status.function, status.started_by) == ("demo.late", "ann")
            assert status.progress is not None and status.progress.rows_done == 5
            run.attach(lambda: cancelled.append("once"))
            with pytest.raises(NotFoundError):
                runs.cancel(ben, run.id)
            assert cancelled == []
            runs.cancel(root, run.id)
            assert cancelled == ["once"]
            run.attach(lambda: cancelled.append("late"))
            assert cancelled == ["once", "late"], "what is called off before it begins does not begin"
        assert runs.list(root) == []
        with pytest.raises(NotFoundError):
            runs.cancel(ann, run.id)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (GivenSchema(), "given in one way"),
        (GivenSchema(signature="x", like="demo.m"), "given in one way"),
        (GivenSchema(signature="(x as nothing) => number"), "no type that a model takes"),
        (GivenSchema(sample={"input": 1}), "an object with 'input' and 'output'"),
        (GivenSchema(sample={"input": [], "output": []}), "no row"),
    ],
)
def test_a_schema_that_cannot_be_read_is_the_requests_fault(schema: GivenSchema, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read_schema(cast("Any", None), SYSTEM, "demo.m", schema)
    assert caught.value.hint


def test_no_length_of_time() -> None:
    for seconds in (1e300, math.nan):
        with pytest.raises(UsageError):
            length_of_time(seconds)
    assert length_of_time(None) is None


def nothing(_: str) -> Any:
    raise NotFoundError("There is no such function.")


class TestChecking:
    def test_a_description(self, tmp_path: Path) -> None:
        from tests.app.scoring_service import DOCUMENT

        (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
        (named,) = check_schema(str(tmp_path / "openapi.json"), nothing)
        assert named.name == "POST /score"
        assert named.report.callable and named.report.function_text is not None
        assert "amount as" in named.report.function_text

    def test_a_description_without_an_operation(self, tmp_path: Path) -> None:
        (tmp_path / "openapi.yaml").write_text("openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths: {}\n")
        (named,) = check_schema(str(tmp_path / "openapi.yaml"), nothing)
        assert not named.report.callable
        assert named.report.findings[0].severity == "error"

    def test_a_model_folder(self, tmp_path: Path) -> None:
        (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: mlflow.sklearn}}\n")
        for target in (tmp_path, tmp_path / "MLmodel"):
            (named,) = check_schema(str(target), nothing)
            assert not named.report.callable
            assert named.report.findings[0].code == "model.schema.none"

    @pytest.mark.parametrize("target", ["http://10.1.2.3/score", "http://user:secret@127.0.0.1/", "ftp://a/b"])
    def test_an_address_that_may_not_be_called(self, target: str) -> None:
        with pytest.raises(HeadwaterError) as caught:
            check_schema(target, nothing)
        assert "secret" not in str(caught.value.to_dict())

    def test_a_name_that_nobody_has(self) -> None:
        with pytest.raises(NotFoundError):
            check_schema("demo.nothing", nothing)
