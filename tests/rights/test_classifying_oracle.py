"""Suggestions, inherited labels and insights, against the oracle of who may read what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from tests.rights.estate import Estate, column
from tests.rights.test_oracle import MakeUrl, estate_of, make_url

from headwater.access import SYSTEM, Action, Actor, Via
from headwater.app.insights import Insights
from headwater.app.insights.snapshots import take_snapshot
from headwater.catalog import AssetRecord, AssetRef, AssetService, ColumnRecord
from headwater.catalog.classifying import Suggestion, SuggestionService, put_suggestions
from headwater.catalog.label_flow.applying import apply_label_flow
from headwater.catalog.label_flow.policies import LabelPolicy, LabelPolicyService
from headwater.catalog.label_flow.reading import LabelFlowService
from headwater.errors import NotFoundError
from headwater.store import Database, tables, utc_now

__all__ = ["make_url"]  # a fixture

DAY = "2026-01-01"


def say(database: Database, estate: Estate) -> None:
    """Each asset has a column, of which something is suggested, and a label that flows."""
    service, now = AssetService(database), utc_now()
    for name, kind in estate.types.items():
        columns = (ColumnRecord(column(AssetRef(kind, name)), "text"),)
        service.upsert([AssetRecord(kind, name, name, columns=columns)])
    asset = tables.assets.c
    LabelPolicyService(database).put(SYSTEM, LabelPolicy("root", "label", through_models=True))
    with database.begin() as connection:
        rows = connection.execute(select(asset.id, asset.type_name, asset.qualified_name)).all()
        suggestion = [Suggestion("PII", 0.9, "The name says that it holds something.")]
        put_suggestions(connection, {row.id: suggestion for row in rows if row.type_name == "column"}, now=now)
        labels = [{"asset_id": row.id, "label": row.qualified_name} for row in rows if row.type_name == "dataset"]
        connection.execute(insert(tables.asset_labels), labels)
        take_snapshot(connection, DAY)
        scopes = [(source, model, scope) for (source, model), scope in estate.models.items()]
        flows = [("", None), *estate.dataflows.items()]
        used = [
            {"source": source, "model": model, "scope_id": scope, "dataflow": flow, "dataflow_scope_id": flow_scope}
            for source, model, scope in scopes
            for flow, flow_scope in flows
        ]
        counts = {"day": f"{now:%Y-%m-%d}", "version": "1", "rows": 1, "reused": 0, "failed": 0, "calls": 1}
        more = {"seconds": 0.0, "cpu_seconds": 0.0, "last_at": now}
        connection.execute(insert(tables.model_use), [each | counts | more for each in used])
    apply_label_flow(database)


class Answers:
    """What one person is told, and what the oracle says."""

    def __init__(self, database: Database, estate: Estate, who: str) -> None:
        self.database, self.estate = database, estate
        self.actor = Actor(who, who, Via.SESSION)
        self.scopes = {action: estate.world.scopes_of(who, action) for action in Action}
        self.assets = {name for name, scope in estate.assets.items() if scope in self.scopes[Action.ASSET_READ]}

    def suggestions(self) -> None:
        total, found = SuggestionService(self.database).list(self.actor, limit=1_000)
        assert {each.asset_qualified_name for each in found} == self.assets
        assert total == len(found) == len(self.assets)

    def inherited(self) -> None:
        service = LabelFlowService(self.database)
        for name, kind in self.estate.types.items():
            guid = AssetService(self.database).find(SYSTEM, kind, name)
            assert guid is not None
            if name not in self.assets:
                assert self.is_unknown(partial(service.of, self.actor, guid.guid))
                continue
            told = {each.name: each.from_name for each in service.of(self.actor, guid.guid)}
            everything = {each.name for each in service.of(SYSTEM, guid.guid)}
            assert told.keys() == everything, "labels warn, wherever they come from"
            assert {name for name in told.values() if name is not None} == {
                name for name in everything if name in self.assets
            }

    @staticmethod
    def is_unknown(ask: Callable[[], object]) -> bool:
        try:
            ask()
        except NotFoundError:
            return True
        return False

    def counts(self) -> None:
        insights = Insights(self.database)
        expected = Counter(self.estate.types[name] for name in self.assets)
        for counted in (insights.assets(self.actor), insights.unowned(self.actor, limit=1_000)[1]):
            found: Counter[str] = Counter()
            for each in counted:
                found[each.type_name] += getattr(each, "assets", 1)
            assert found == expected
        then: Counter[str] = Counter()
        for day in insights.assets_over_time(self.actor, for_days=800):
            if day.day == DAY:
                then[day.type_name] += day.assets
        assert then == expected
        labels = {each.name for each in insights.labels(self.actor) if (each.kind, each.how) == ("label", "accepted")}
        assert labels == {name for name in self.assets if self.estate.types[name] == "dataset"}
        assert insights.unowned(self.actor)[0] == len(self.assets)

    def use(self) -> None:
        flows = {name for name, scope in self.estate.dataflows.items() if scope in self.scopes[Action.DATAFLOW_READ]}
        models = {key for key, scope in self.estate.models.items() if scope in self.scopes[Action.MODEL_READ]}
        insights = Insights(self.database)
        found = {(each.source, each.model, each.dataflow) for each in insights.scoring(self.actor)}
        assert found == {(*key, flow) for key in models for flow in {"", *flows}}
        shown = {each.guid for each in insights.models(self.actor)}
        with self.database.read() as connection:
            asset = tables.assets.c
            query = select(asset.guid, asset.qualified_name).where(asset.type_name == "ml_model")
            assert shown == {row.guid for row in connection.execute(query) if row.qualified_name in self.assets}
        seen = {name for name, scope in self.estate.sources.items() if scope in self.scopes[Action.SOURCE_READ]}
        assert {each.source for each in insights.scans(self.actor)} == seen


# A number stands for an estate with its people; see tests/access/roles/test_oracle.py.
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_what_is_suggested_inherited_and_counted_is_what_may_be_seen(make_url: MakeUrl, seed: int) -> None:
    with estate_of(make_url, seed) as (database, estate):
        say(database, estate)
        for who in estate.people[:3]:
            answers = Answers(database, estate, who)
            for check in (answers.suggestions, answers.inherited, answers.counts, answers.use):
                check()
