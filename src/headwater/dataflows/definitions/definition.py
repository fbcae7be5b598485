"""What a dataflow is: queries in M and settings. :mod:`headwater.dataflows.definitions.folders` keeps them as files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from headwater.dataflows.definitions.references import Reference, references
from headwater.dataflows.definitions.sections import SectionForm, read_section, write_section
from headwater.dataflows.definitions.settings import Settings
from headwater.dataflows.definitions.settings_file import SETTINGS_FILE
from headwater.errors import UsageError
from headwater.powerquery.language import parse_expression, syntax

__all__ = ["DataflowDefinition", "QueryParameter"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]*")
_LONGEST_NAME = 200
_UNFIT = re.compile(r"[/\\\x00-\x1f\x7f]|^\.|^\s|\s$")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class QueryParameter:
    """A query that stands for a value which is given from outside: ``"…" meta [IsParameterQuery = true, …]``.

    ``type`` is M's word for it ("" where none is stated), ``default`` the M text of its own value.
    """

    name: str
    type: str
    required: bool
    default: str


@dataclass(frozen=True, slots=True)
class DataflowDefinition:
    """A dataflow's name, queries (name → M text) and settings; what a version in the database holds.

    Attributes:
        name: of the dataflow.
        queries: M text by name.
        settings: how it behaves.
        file_names: the file of each query, for errors; the query's name without it.
        section: how the queries stand in a section document; None: each in a file of its own.
        trees: the syntax tree of each query.

    Raises:
        UsageError: a name or a setting is not one.
        MSyntaxError: a query cannot be read.
    """

    name: str
    queries: Mapping[str, str]
    settings: Settings
    file_names: Mapping[str, str] = field(default_factory=dict, compare=False)
    section: SectionForm | None = None
    trees: Mapping[str, syntax.Expr] = field(init=False, repr=False, compare=False)
    _used: dict[str, frozenset[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST_NAME:
            raise UsageError(
                f"'{self.name[:_LONGEST_NAME]}' is no name for a dataflow.",
                hint=f"Use letters, digits, '_', '-', '.' and blanks, {_LONGEST_NAME} at most.",
            )
        _check_names(self)
        parsed = {name: parse_expression(text, self.place(name)) for name, text in self.queries.items()}
        object.__setattr__(self, "trees", parsed)
        if any(_UNSTORABLE.search(text) for text in _texts(self.to_json())):
            raise UsageError(
                f"The dataflow '{self.name}' holds a character that cannot be stored.",
                hint="Leave out the character 0 and halves of surrogate pairs; M text can write them as #(0000).",
            )

    def place(self, query: str) -> str:
        """What errors call the text of a query."""
        return self.file_names.get(query, query)

    def to_json(self) -> dict[str, Any]:
        """The form in which a version is stored."""
        section = {} if self.section is None else {"section": self.section.to_json()}
        return {"name": self.name, "queries": dict(self.queries), "settings": self.settings.to_json(), **section}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> DataflowDefinition:
        """The definition that :meth:`to_json` wrote."""
        section = SectionForm.from_json(stored["section"]) if "section" in stored else None
        # A database need not keep the order of names.
        order = sorted(stored["queries"]) if section is None else [member.name for member in section.members]
        queries = {name: stored["queries"][name] for name in order}
        return cls(stored["name"], queries, Settings.from_json(stored["settings"]), section=section)

    def to_section(self) -> str:
        """All queries as one section document."""
        return write_section(self.queries, self.section or SectionForm.of(self.queries))

    @classmethod
    def from_section(cls, name: str, text: str, settings: Settings, place: str = "") -> DataflowDefinition:
        """The dataflow whose queries are the members of a section document.

        Raises:
            UsageError: it is no section document, or a name or a setting is not one.
            MSyntaxError: it cannot be read.
        """
        queries, form = read_section(text, place)
        # Places within a query are counted from where the query begins, so the file is not named with them.
        return cls(name, queries, settings, section=form)

    def parameters(self) -> tuple[QueryParameter, ...]:
        """The queries that are parameters, in their order.

        >>> text = 'section S; shared From = 1 meta [IsParameterQuery = true, Type = "Number"]; shared a = From;'
        >>> DataflowDefinition.from_section("flow", text, Settings(("a",))).parameters()
        (QueryParameter(name='From', type='Number', required=False, default='1'),)
        """
        found = (_parameter(name, self.queries[name], tree) for name, tree in self.trees.items())
        return tuple(parameter for parameter in found if parameter is not None)

    def entities(self) -> tuple[str, ...]:
        """The loaded queries, each after those that it reads.

        Raises:
            UsageError: two queries read each other.
        """
        return _ordered({name: self.dependencies(name) for name in self.settings.load})

    def dependencies(self, name: str) -> frozenset[str]:
        """The loaded queries that a query reads, directly or through queries that are not loaded."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop()
            for used in self.queries_used(current):
                if used in self.settings.load and used != name:
                    found.add(used)
                elif used not in seen:
                    seen.add(used)
                    waiting.append(used)
        return frozenset(found)

    def queries_used(self, name: str) -> frozenset[str]:
        """The other queries that a query's own text names."""
        if name not in self._used:
            used = {reference.name for reference in references(self.trees[name])}
            self._used[name] = frozenset((used & self.queries.keys()) - {name})
        return self._used[name]

    def reads(self, name: str) -> frozenset[str]:
        """Every query that a query reads, directly or through others, loaded or not; itself only in a circle."""
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            new = self.queries_used(waiting.pop()) - seen
            seen |= new
            waiting += new
        return frozenset(seen)

    def references(self, name: str) -> Iterator[Reference]:
        """The names that a query's text takes from outside itself."""
        return references(self.trees[name])


def _check_names(definition: DataflowDefinition) -> None:
    """Every name in the settings is one of a query, and fits where it is used."""
    settings, queries = definition.settings, definition.queries
    missing = [name for name in settings.load if name not in queries]
    if missing or not settings.load:
        what = f"'{missing[0]}', which is no query of it" if missing else "no query"
        raise _misstated(
            f"The dataflow '{definition.name}' loads {what}.", "List queries of the dataflow under 'load'."
        )
    for name in queries:
        if not name or len(name) > _LONGEST_NAME:
            raise _misstated("A query's name is empty or too long.", f"Use {_LONGEST_NAME} characters at most.")
    for name in settings.load:
        # It names a folder, and a part of addresses.
        if _UNFIT.search(name):
            raise _misstated(
                f"'{name}' is no name for a table.",
                "Give the loaded query another one: without '/', '\\' and control characters, and no dot first.",
            )
    _once(settings.load, "'load'")
    for name in settings.entities.keys() - set(settings.load):
        raise _misstated(f"[entities] has '{name}', which is not loaded.", "Name loaded queries there.")
    for name in settings.columns.keys() - set(settings.load):
        raise _misstated(f"[columns] has '{name}', which is not loaded.", "Name loaded queries there.")
    grouped = [name for members in settings.groups.values() for name in members]
    for name in grouped:
        if name not in queries:
            raise _misstated(f"[groups] has '{name}', which is no query of it.", "Name queries of the dataflow there.")
    _once(grouped, "[groups]")
    for name in settings.linked.keys() & queries.keys():
        raise _misstated(f"'{name}' is a linked entity and a query.", "Give one of them another name.")


def _once(names: tuple[str, ...] | list[str], where: str) -> None:
    for at, name in enumerate(names):
        if name in names[:at]:
            raise _misstated(f"{where} has '{name}' twice.", "Name it once.")


def _misstated(message: str, hint: str) -> UsageError:
    return UsageError(message, place=SETTINGS_FILE, hint=hint)


def _texts(value: Any) -> Iterator[str]:
    """Every text within JSON values."""
    waiting = [value]
    while waiting:
        current = waiting.pop()
        if isinstance(current, str):
            yield current
        elif isinstance(current, Mapping):
            waiting += [*current.keys(), *current.values()]
        elif isinstance(current, list | tuple):
            waiting += current


def _parameter(name: str, text: str, tree: syntax.Expr) -> QueryParameter | None:
    if not isinstance(tree, syntax.Binary) or tree.operator != "meta" or not isinstance(tree.right, syntax.Record):
        return None
    stated = {
        binding.name: binding.value.value for binding in tree.right.fields if isinstance(binding.value, syntax.Literal)
    }
    if stated.get("IsParameterQuery") is not True:
        return None
    kind, span = stated.get("Type"), tree.left.span
    required = stated.get("IsParameterQueryRequired") is True
    return QueryParameter(name, kind if isinstance(kind, str) else "", required, text[span.start : span.end])


def _ordered(dependencies: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    try:
        # Sorted, so that the order is the same in every process.
        return tuple(TopologicalSorter({name: sorted(needs) for name, needs in dependencies.items()}).static_order())
    except CycleError as error:
        stuck = ", ".join(sorted(set(error.args[1])))
        raise UsageError(
            f"These queries read each other: {stuck}.", hint="Break the circle with a query between."
        ) from error
