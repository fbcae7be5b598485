"""Who may call a model is asked before each call: revoking holds at the next batch, in the middle of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.models.test_functions import Halving, apply, function, rows_of

from headwater.access import SYSTEM, Actor, ScopeKind, Via, add_scope, grant, revoke, server_scope
from headwater.access.audit import page
from headwater.access.people import create_user, disable_user
from headwater.errors import ForbiddenError
from headwater.models.ledger import Ledger, LedgerPredictions
from headwater.models.rights import ActorsRights
from headwater.models.scorer import NO_PARAMS, ScoredBatch
from headwater.store import Database, utc_now

FINGERPRINT = "e" * 64


class Person:
    """Somebody with the role Reader at a model, and what takes it away again."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.begin() as connection:
            now = utc_now()
            self.user = create_user(connection, "ann", by=SYSTEM, now=now).id
            self.workspace = add_scope(connection, ScopeKind.WORKSPACE, "demo", server_scope(connection)).id
            self.model = add_scope(connection, ScopeKind.MODEL, "halve", self.workspace).id
            grant(connection, SYSTEM, self.user, "Reader", self.model, now=now)
        self.rights = ActorsRights(database, Actor(self.user, "ann", Via.RUN), {"demo": self.workspace})

    def check(self) -> None:
        self.rights.check_invoke("demo", "halve")

    def lose_the_role(self) -> None:
        with self.database.begin() as connection:
            revoke(connection, SYSTEM, self.user, "Reader", self.model)

    def be_disabled(self) -> None:
        with self.database.begin() as connection:
            disable_user(connection, self.user, by=SYSTEM, now=utc_now())


class RevokingScorer(Halving):
    """Something happens while the batch of this number is being scored."""

    def __init__(self, during: int, happens: Callable[[], None]) -> None:
        super().__init__()
        self.during, self.happens = during, happens

    def submit(self, batch: pa.RecordBatch, params: Mapping[str, Any] = NO_PARAMS) -> Future[ScoredBatch]:
        scored = super().submit(batch, params)
        if len(self.batches) == self.during:
            self.happens()
        return scored


@pytest.fixture
def person(database: Database) -> Person:
    return Person(database)


@pytest.mark.parametrize("happens", [Person.lose_the_role, Person.be_disabled])
@pytest.mark.parametrize("during", [1, 3, 7])
def test_no_call_is_made_after_the_role_is_gone(
    person: Person, tmp_path: Path, during: int, happens: Callable[[Person], None]
) -> None:
    ledger = Ledger(tmp_path / "ledger", person.database)
    ledger.register(FINGERPRINT, {})
    scorer = RevokingScorer(during, lambda: happens(person))
    called = function(scorer, batch_rows=10, permit=person.check, memory=LedgerPredictions(ledger, FINGERPRINT))
    table = rows_of(*((float(at), "good") for at in range(200)))
    with pytest.raises(ForbiddenError, match="may not call the model 'halve'"):
        apply(called, table, batch_rows=200)
    assert during == len(scorer.batches), "the batch that was being scored was the last"
    assert len(scorer.batches) < 20 // scorer.window


def test_who_never_could_calls_nothing(person: Person) -> None:
    person.lose_the_role()
    scorer = Halving()
    with pytest.raises(ForbiddenError):
        apply(function(scorer, permit=person.check), rows_of((1.0, "good")))
    assert scorer.batches == []


def test_what_is_asked_for_in_one_batch_is_asked_once_a_call(person: Person) -> None:
    asked = []
    called = function(Halving(), batch_rows=10, permit=lambda: asked.append(1))
    apply(called, rows_of(*((float(at), "good") for at in range(95))), batch_rows=95)
    assert len(asked) == called.statistics.calls == 10


def test_invocations_are_on_record(person: Person) -> None:
    person.rights.invoked("demo", "halve", "3", rows=95, calls=10)
    with person.database.read() as connection:
        (event,) = [event for event in page(connection) if event.event == "model.invoked"]
    assert (event.actor_name, event.target, event.scope_id) == ("ann", "model:demo/halve", person.model)
    assert event.details == {"model": "halve", "version": "3", "rows": 95, "calls": 10}
