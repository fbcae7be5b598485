"""Function values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from headwater.errors import MError
from headwater.powerquery.values.core import Value

if TYPE_CHECKING:
    from headwater.powerquery.values.batch_calls import BatchCalls
    from headwater.powerquery.values.types import FunctionType


class Function:
    """A function value.

    ``call`` takes the arguments by position, as many as were given. ``type`` is made when first asked for: most
    functions are never asked. ``origin`` lets other rooms look inside: the library declaration, or the closure of a
    function written in M, from which a step is folded. ``batch`` is there when the function runs over whole columns
    of a plan at once; ``many`` is its form for lists of argument tuples.
    """

    __slots__ = ("_make_type", "_type", "batch", "call", "many", "maximum", "minimum", "name", "origin")

    def __init__(
        self,
        call: Callable[..., Value],
        make_type: Callable[[], FunctionType],
        *,
        minimum: int,
        maximum: int | None,
        name: str = "",
        origin: Any = None,
        batch: BatchCalls | None = None,
        many: Callable[[Sequence[Sequence[Value]]], Sequence[Value]] | None = None,
    ) -> None:
        self.call = call
        self._make_type = make_type
        self._type: FunctionType | None = None
        self.minimum = minimum
        self.maximum = maximum
        self.name = name
        self.origin = origin
        self.batch = batch
        self.many = many

    @property
    def type(self) -> FunctionType:
        if self._type is None:
            self._type = self._make_type()
        return self._type

    def invoke(self, arguments: Sequence[Value]) -> Value:
        """Call with evaluated arguments; MError Expression.Error when their number is wrong."""
        count = len(arguments)
        if count < self.minimum or (self.maximum is not None and count > self.maximum):
            raise wrong_count(self, count)
        return self.call(*arguments)


def wrong_count(function: Function, given: int) -> MError:
    """The error of a call with too few or too many arguments."""
    low, high = function.minimum, function.maximum
    expected = f"{low}" if low == high else f"at least {low}" if high is None else f"between {low} and {high}"
    noun = "argument was" if given == 1 else "arguments were"
    return MError("Expression.Error", f"{given} {noun} passed to a function which expects {expected}.")
