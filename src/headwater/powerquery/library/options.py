"""The values of options, once ``known_options`` has seen that there is no other."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from headwater.errors import MError
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.operators import cannot_convert


def logical_option(options: Mapping[str, Value], name: str, default: bool) -> bool:
    """A logical option, or the default where it is absent; MError Expression.Error for another value."""
    value = options.get(name, default)
    if isinstance(value, bool):
        return value
    raise cannot_convert(value, "Logical")


def choice_option(options: Mapping[str, Value], name: str, choices: Collection[Value], default: Value) -> Value:
    """An option that is one of ``choices``, or the default where it is absent; MError for another value."""
    value = options.get(name)
    if value is None:
        return default
    if isinstance(value, str | int | float) and not isinstance(value, bool) and value in choices:
        return value
    listed = ", ".join(str(choice) for choice in choices)
    raise MError("Expression.Error", f"The option {name} is one of {listed}.", value)
