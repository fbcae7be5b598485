"""The examples that declarations carry as documentation are true; every declaration has what readers need."""

from __future__ import annotations

import datetime as dt

import pytest

from headwater.powerquery import Session, evaluate, to_text
from headwater.powerquery.library import Declaration, registry
from headwater.powerquery.values.core import Value
from headwater.powerquery.values.equality import equal
from headwater.powerquery.values.table import Table

_EXAMPLES = [
    pytest.param(usage, output, id=f"{declaration.name}#{number}")
    for declaration in registry().functions.values()
    for number, (usage, output) in enumerate(declaration.examples, start=1)
]


def _value(expression: str) -> Value:
    noon = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
    return evaluate(expression, session=Session(clock=lambda: noon, seed=1))


@pytest.mark.parametrize(("usage", "output"), _EXAMPLES)
def test_example_gives_its_output(usage: str, output: str) -> None:
    given, wanted = _value(usage), _value(output)
    if isinstance(given, Table) and isinstance(wanted, Table):  # an example's output need not repeat column types
        assert equal(given, wanted), to_text(given)
    else:
        assert to_text(given) == to_text(wanted)


@pytest.mark.parametrize("declaration", registry().functions.values(), ids=lambda declaration: declaration.name)
def test_declaration_is_complete(declaration: Declaration) -> None:
    assert declaration.summary, "a function says what it does"
    assert declaration.type.parameters is not None, "its signature can be read"
    assert len(declaration.checks) == len(declaration.type.parameters)
    optional = [parameter.optional for parameter in declaration.type.parameters]
    assert optional == sorted(optional), "optional parameters come last"


def test_every_name_is_bound() -> None:
    shared = evaluate("#shared")
    for name in [*registry().functions, *registry().constants]:
        assert name in shared
        shared.get(name)
