"""The types that there are: the built-in ones, and those that people and tools defined."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import cache
from threading import Lock
from typing import Any

from sqlalchemy import Connection, select

from headwater.catalog.types.builtin import BUILT_IN
from headwater.catalog.types.definitions import AttributeDefinition, TypeDefinition
from headwater.catalog.types.known import KNOWN, KNOWN_RELATIONSHIPS
from headwater.catalog.types.relationships import BUILT_IN_RELATIONSHIPS, RelationshipDefinition, UsedEnd
from headwater.errors import UsageError
from headwater.store import tables

__all__ = ["Types", "built_in_types", "containment_type", "load_types", "types_of"]


class Types:
    """The types of assets, by name, with what each inherits.

    Args:
        definitions: every type; a supertype that is not among them counts for nothing.
        relationships: every type of relationship.
        business: the attributes of each group of business metadata that is defined, by its name.
        enums: the values of each enum, by its name.

    >>> types = built_in_types()
    >>> types.supertypes("ml_job"), types.is_process("dataflow_query"), types.is_process("dataset")
    (('Process', 'Asset', 'Referenceable'), True, False)
    """

    def __init__(
        self,
        definitions: Iterable[TypeDefinition],
        relationships: Iterable[RelationshipDefinition] = (),
        *,
        business: Mapping[str, frozenset[str]] | None = None,
        enums: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._definitions = {definition.name: definition for definition in definitions}
        self.relationships = {each.name: each for each in relationships}
        self.business = business or {}
        self.enums = enums or {}
        self._ends: dict[str, Mapping[str, UsedEnd]] = {}
        self._above: dict[str, tuple[str, ...]] = {}
        self._attributes: dict[str, Mapping[str, AttributeDefinition]] = {}

    def get(self, name: str) -> TypeDefinition:
        """The type of that name.

        Raises:
            UsageError: there is none (``catalog.type_unknown``).
        """
        found = self._definitions.get(name)
        if found is None:
            raise UsageError(
                f"There is no asset type '{name}'.", code="catalog.type_unknown", hint="List the types, or define it."
            )
        return found

    def __contains__(self, name: str) -> bool:
        return name in self._definitions

    def names(self) -> list[str]:
        """Every type's name, in order."""
        return sorted(self._definitions)

    def supertypes(self, name: str) -> tuple[str, ...]:
        """All that a type is beside itself, the nearest first."""
        if name not in self._above:
            found: dict[str, None] = {}
            waiting = [*self.get(name).supertypes]
            while waiting:
                above = waiting.pop(0)
                if above in self._definitions and above not in found and above != name:
                    found[above] = None
                    waiting += self._definitions[above].supertypes
            self._above[name] = tuple(found)
        return self._above[name]

    def subtypes(self, name: str) -> list[str]:
        """Every type that is one of ``name``, itself among them."""
        return [each for each in self.names() if self.is_a(each, name)]

    def is_a(self, name: str, of: str) -> bool:
        """Whether assets of the one type are of the other, too."""
        return name == of or of in self.supertypes(name)

    def is_process(self, name: str) -> bool:
        """Whether assets of that type read inputs and write outputs; those of a type that is gone do not."""
        return name in self and self.is_a(name, "Process")

    def processes(self) -> frozenset[str]:
        """The names of all types whose assets read inputs and write outputs."""
        return frozenset(self.subtypes("Process"))

    def attributes(self, name: str) -> Mapping[str, AttributeDefinition]:
        """The attributes of a type, inherited ones too, by name."""
        if name not in self._attributes:
            lines = [name, *self.supertypes(name)]
            self._attributes[name] = {
                each.name: each for line in reversed(lines) for each in self._definitions[line].attributes
            }
        return self._attributes[name]

    def ends(self, name: str) -> Mapping[str, UsedEnd]:
        """The relationships that assets of a type can have, by what those call them; the type's own win."""
        if name not in self._ends:
            lines = {line: far for far, line in enumerate([name, *self.supertypes(name)])}
            found: dict[str, tuple[int, UsedEnd]] = {}
            for definition in self.relationships.values():
                for end in (UsedEnd(definition, 1), UsedEnd(definition, 2)):
                    far = lines.get((definition.end1 if end.near == 1 else definition.end2).type_name)
                    if far is not None and far <= found.get(end.name, (far, end))[0]:
                        found[end.name] = (far, end)
            self._ends[name] = {each: end for each, (_, end) in found.items()}
        return self._ends[name]

    def holds(self, parent: str, child: str) -> bool:
        """Whether an asset of the one type may contain one of the other."""
        found = self.relationships.get(containment_type(parent, child))
        return found is not None and found.category == "COMPOSITION"


def containment_type(parent: str, child: str) -> str:
    """The type of the relationship between an asset and what it contains.

    >>> containment_type("ml_model", "ml_model_version")
    'ml_model_ml_model_version'
    """
    return f"{parent}_{child}"


@cache
def built_in_types() -> Types:
    """The types that need no database."""
    return Types({**KNOWN, **BUILT_IN}.values(), {**KNOWN_RELATIONSHIPS, **BUILT_IN_RELATIONSHIPS}.values())


class _Loaded:
    """The types of the databases that this process works with; a few, since tests have many."""

    _MOST = 16

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], Types] = OrderedDict()
        self._lock = Lock()

    def get(self, connection: Connection) -> Types:
        number = connection.scalar(select(tables.catalog_state.c.types).where(tables.catalog_state.c.id == 1))
        key = (str(connection.engine.url), int(number or 0))
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        made = load_types(connection)
        with self._lock:
            self._known[key] = made
            while len(self._known) > self._MOST:
                self._known.popitem(last=False)
        return made


_loaded = _Loaded()


def types_of(connection: Connection) -> Types:
    """The types as they are in the connection's database now."""
    return _loaded.get(connection)


def load_types(connection: Connection) -> Types:
    """The types as they are in this transaction, which may have changed them: nobody else is given these."""
    defined = tables.type_definitions.c
    rows = connection.execute(select(defined.name, defined.category, defined.definition).order_by(defined.name)).all()
    of: dict[str, dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        of.setdefault(row.category, {})[row.name] = row.definition
    own = {name: TypeDefinition.from_json(each) for name, each in of.get("ENTITY", {}).items()}
    related = {name: RelationshipDefinition.from_json(each) for name, each in of.get("RELATIONSHIP", {}).items()}
    return Types(
        {**KNOWN, **BUILT_IN, **own}.values(),
        {**KNOWN_RELATIONSHIPS, **BUILT_IN_RELATIONSHIPS, **related}.values(),
        business=_names(of.get("BUSINESS_METADATA", {}), "attributeDefs", "name"),
        enums=_names(of.get("ENUM", {}), "elementDefs", "value"),
    )


def _names(definitions: Mapping[str, Mapping[str, Any]], among: str, key: str) -> dict[str, frozenset[str]]:
    return {name: frozenset(str(e[key]) for e in each.get(among) or ()) for name, each in definitions.items()}
