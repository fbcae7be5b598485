"""The names that models add to M: a function for each model, and the workspaces to look them up in.

``demo.arrival_delay`` is a function by its name; ``MLWorkspace.Contents("demo")`` is a table of all of them, and
``MLWorkspace.Contents("demo"){[Name = "arrival_delay"]}[Data]`` the same function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from headwater.errors import HeadwaterError, MError, UsageError
from headwater.models.apart import EntityModels
from headwater.models.discovery import ListedFunction
from headwater.models.documentation import documentation
from headwater.models.environment import ModelEnvironment
from headwater.models.functions import ModelFunction
from headwater.plan.functions import BatchFunction
from headwater.powerquery import Value, batch_function_value
from headwater.powerquery.tables.row_table import RowTable, table_type
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import Record, Thunk, plain
from headwater.powerquery.values.functions import Function

__all__ = ["CONTENTS", "ModelLibrary", "NamesAndModels"]

CONTENTS = "MLWorkspace.Contents"

_COLUMNS: dict[str, t.Type] = {
    "Name": t.TEXT,
    "Data": t.FUNCTION,
    "Kind": t.TEXT,
    "Version": t.nullable(t.TEXT),
    "Aliases": t.nullable(t.RECORD),
    "Description": t.nullable(t.TEXT),
    "Function": t.TEXT,
}
_WORKSPACES: dict[str, t.Type] = {"Name": t.TEXT, "Data": t.TABLE}


class ModelLibrary(Mapping[str, Value]):
    """The names, looked up live: a model that was registered a moment ago is there.

    What a name stands for stays what it was within one environment.
    """

    def __init__(self, models: ModelEnvironment | EntityModels) -> None:
        self._models = models

    def __getitem__(self, name: str) -> Value:
        if name == CONTENTS:
            return self._contents()
        function = self._models.resolve(name)
        if function is None:
            raise KeyError(name)
        return self._value(name, function)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name == CONTENTS or self._models.resolve(name) is not None)

    def __iter__(self) -> Iterator[str]:
        yield CONTENTS

    def __len__(self) -> int:
        return 1

    def _value(self, name: str, function: ModelFunction) -> Function:
        found = next(model.description for model in self._models.models if model.name == name)
        told = documentation(found, partial(self._models.discovery.job, found))
        return batch_function_value(function, _configure(function), told)

    def _contents(self) -> Function:
        of = t.FunctionType((t.FieldType("name", t.nullable(t.TEXT), optional=True),), t.TABLE)
        return Function(self._table, lambda: of, minimum=0, maximum=1, name=CONTENTS)

    def _table(self, name: Value = None) -> Value:
        wanted = plain(name)
        if wanted is None:
            return self._workspaces()
        if not isinstance(wanted, str):
            raise MError("Expression.Error", f"{CONTENTS} takes the name of a registered workspace, as text.")
        if wanted not in self._models.discovery.sources:
            raise MError(
                "DataSource.NotFound",
                f"There is no workspace '{wanted}', or none that may be read.",
                hint=f"{CONTENTS}() lists them.",
            )
        of = table_type(list(_COLUMNS), list(_COLUMNS.values()))
        return RowTable(of, lambda: [self._row(found) for found in self._listed(wanted)])

    def _listed(self, source: str) -> Sequence[ListedFunction]:
        try:
            return self._models.discovery.list(source)
        except HeadwaterError as error:
            raise MError("DataSource.Error", error.message, hint=error.hint) from error

    def _row(self, found: ListedFunction) -> list[Value]:
        return [
            found.name.model,
            Thunk(self._later(found.name.function)),
            found.kind,
            found.version or None,
            Record.of(dict(found.aliases)) if found.aliases else None,
            found.description or None,
            found.name.identifier,
        ]

    def _later(self, name: str) -> Callable[[], Value]:
        """The function when it is needed; one that cannot be called is an error in its cell alone."""

        def look_up() -> Value:
            try:
                return self[name]
            except HeadwaterError as error:
                raise MError("DataSource.Error", error.message, hint=error.hint) from error

        return look_up

    def _workspaces(self) -> Value:
        of = table_type(list(_WORKSPACES), list(_WORKSPACES.values()))
        known = sorted(self._models.discovery.sources)
        return RowTable(of, lambda: [[name, Thunk(partial(self._table, name))] for name in known])


class NamesAndModels(Mapping[str, Value]):
    """What a query may name beyond M's own library: names that are given to it, and models, looked up live."""

    def __init__(self, given: Mapping[str, Value], models: ModelLibrary) -> None:
        self._given = given
        self._models = models

    def __getitem__(self, name: str) -> Value:
        return self._given[name] if name in self._given else self._models[name]

    def __contains__(self, name: object) -> bool:
        return name in self._given or name in self._models

    def __iter__(self) -> Iterator[str]:
        yield from self._given
        yield from self._models

    def __len__(self) -> int:
        return len(self._given) + len(self._models)


def _configure(function: ModelFunction) -> Callable[[Mapping[str, Any]], BatchFunction]:
    def configure(options: Mapping[str, Any]) -> BatchFunction:
        try:
            return function.configured(options)
        except UsageError as error:
            raise MError("Expression.Error", error.message, hint=error.hint) from error

    return configure
