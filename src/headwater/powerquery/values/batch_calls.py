"""The ways in which a function that runs over whole columns may be called.

Its arguments stand in the order of its parameters; or one record stands for them all, by field name, unless the
function's only parameter is a record itself. After them a record of options may follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from headwater.errors import MError
from headwater.plan.functions import BatchFunction
from headwater.plan.types import Field, Kind

__all__ = ["BatchCalls", "Configure"]

Configure: TypeAlias = Callable[[Mapping[str, Any]], BatchFunction]
"""Gives the function with these options set, which are plain Python values; MError where there is no such option."""


@dataclass(frozen=True, slots=True)
class BatchCalls:
    """``function`` is what a call without options runs; without ``configure`` it takes none.

    ``by_name`` says whether one record may stand for the arguments at all.
    """

    function: BatchFunction
    configure: Configure | None = None
    by_name: bool = True

    @property
    def parameters(self) -> tuple[Field, ...]:
        """The function's parameters, in order."""
        return self.function.parameters

    @property
    def minimum(self) -> int:
        """The fewest arguments: a record can stand for any number of them."""
        return min(1, len(self.parameters)) if self.takes_names else len(self.parameters)

    @property
    def maximum(self) -> int:
        """The most arguments. The one record of arguments may have the options after it."""
        return max(len(self.parameters), self.minimum) + (self.configure is not None)

    @property
    def takes_names(self) -> bool:
        """Whether a single record means its fields."""
        parameters = self.parameters
        return self.by_name and bool(parameters) and (len(parameters) > 1 or parameters[0].type.kind is not Kind.RECORD)

    def is_by_name(self, count: int, first_is_record: bool) -> bool:
        """Whether ``count`` arguments, of which the first is a record or not, are one record of them, and options."""
        if not self.takes_names or not first_is_record or count > 1 + (self.configure is not None):
            return False
        return count != len(self.parameters) or self.parameters[0].type.kind is not Kind.RECORD

    def options_at(self, count: int, by_name: bool) -> int | None:
        """Where the options stand among ``count`` arguments; None where they are left out.

        Raises:
            MError: there are too few or too many arguments.
        """
        wanted = 1 if by_name else len(self.parameters)
        if count == wanted:
            return None
        if count == wanted + 1 and self.configure is not None:
            return wanted
        raise MError(
            "Expression.Error",
            f"{count} argument{' was' if count == 1 else 's were'} passed to {self.function.name}, which expects "
            f"{len(self.parameters)}{' and options' if self.configure else ''}.",
            hint="Give the arguments in the order of its parameters, or one record with a field for each.",
        )

    def bound(self, options: Mapping[str, Any]) -> BatchFunction:
        """The function with these options; MError where one cannot be set."""
        if not options:
            return self.function
        assert self.configure is not None, "options_at found them"
        return self.configure(options)

    def missing(self, names: Sequence[str]) -> str | None:
        """The first parameter that needs a field and has none among these names; None where there is none.

        A parameter that takes null needs none, but of all of them one has to be there: otherwise the record is
        another one than was meant.
        """
        known = set(names)
        absent = [parameter for parameter in self.parameters if parameter.name not in known]
        needed = absent if len(absent) == len(self.parameters) else [p for p in absent if not p.type.nullable]
        return needed[0].name if needed else None
