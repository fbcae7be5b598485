"""What Purview's clients are listed beside assets, against the oracle of who may read what."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.rights.estate import Estate
from tests.rights.test_oracle import MakeUrl, Questions, estate_of, make_url

from headwater.access import SYSTEM, Action
from headwater.app.administration.policies import ROLES, list_policies, read_policy
from headwater.app.named_scans.declared import declare_source, list_declared
from headwater.app.named_scans.definitions import NamedScans
from headwater.catalog import CollectionService
from headwater.errors import ForbiddenError, NotFoundError
from headwater.store import Database

__all__ = ["make_url"]


class PurviewQuestions(Questions):
    """One person's view of collections in their tree, of policies, and of scans."""

    def tree(self) -> None:
        service = CollectionService(self.database)
        seen = self.seen(self.estate.collections, Action.COLLECTION_READ)
        names = {scope: name for name, scope in self.estate.collections.items()}
        parents = {name: self.estate.world.parents[scope] for scope, name in names.items()}
        above = {name: next((names[each] for each in held if each in names), None) for name, held in parents.items()}
        for name in seen:
            assert {each.name for each in service.children(self.actor, name)} == {
                child for child in seen if above[child] == name
            }
            line: list[str] = []
            at = above[name]
            while at is not None and at in seen:
                line.insert(0, at)
                at = above[at]
            assert [each.name for each in service.above(self.actor, name)] == line
        for name in self.estate.collections:
            self.is_found(name in seen, service.children, self.actor, name)
            self.is_found(name in seen, service.above, self.actor, name)

    def policies(self) -> None:
        collections = self.estate.collections
        seen, told = (self.seen(collections, each) for each in (Action.COLLECTION_READ, Action.ROLES_READ))
        found = {each.collection.name: each for each in list_policies(self.database, self.actor)}
        assert set(found) == seen & told
        for name, scope in collections.items():
            if name not in found:
                self.is_refused(name in seen, name)
                continue
            given = {(held.id, role) for role, holders in found[name].holders.items() for held in holders}
            world = self.estate.world.assignments
            assert given == {(who, role) for who, role, at in world if at == scope and role in ROLES}

    def is_refused(self, is_seen: bool, name: str) -> None:
        try:
            read_policy(self.database, self.actor, name)
        except ForbiddenError:
            assert is_seen
        except NotFoundError:
            assert not is_seen
        else:
            raise AssertionError(f"the policy of {name} was told")

    def scans(self) -> None:
        scans = NamedScans(self.database)
        seen = self.seen(self.estate.sources, Action.SOURCE_READ)
        for name in self.estate.sources:
            self.is_found(name in seen, scans.list, self.actor, name)
        said = self.seen(self.estate.collections, Action.SOURCE_READ)
        assert {each.name for each in list_declared(self.database, self.actor)} == {f"said-{name}" for name in said}
        readable = self.seen(self.estate.collections, Action.COLLECTION_READ) | {""}
        assert {each.collection for each in list_declared(self.database, self.actor)} <= readable
        for name in self.estate.collections:
            self.is_found(name in said, scans.get, self.actor, f"said-{name}", "its")


def say(database: Database, estate: Estate) -> None:
    """A source that is only said in each collection, and a scan of it."""
    for name in estate.collections:
        declare_source(database, SYSTEM, f"said-{name}", "Teradata", name, {})
        NamedScans(database).put(SYSTEM, f"said-{name}", "its", "Teradata", {})


@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_what_purviews_clients_are_told_and_the_oracle_agree(make_url: MakeUrl, seed: int) -> None:
    with estate_of(make_url, seed) as (database, estate):
        say(database, estate)
        for who in estate.people[:3]:
            questions = PurviewQuestions(database, estate, who)
            questions.tree()
            questions.policies()
            questions.scans()
