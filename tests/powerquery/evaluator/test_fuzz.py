"""Expressions that nobody would write end in a value or in an error of ours, never in one of Python's.

The ordinary run takes a sample; ``-m long`` goes on for minutes with ever new seeds.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tests.powerquery.language.test_m_properties import any_names, trees

from headwater.errors import HeadwaterError, MSyntaxError
from headwater.powerquery import Session, evaluate, to_text
from headwater.powerquery.language import print_expression
from headwater.powerquery.library import registry

ATOMS = [
    line
    for line in """
null
true
false
0
1
-1
2
0.5
1e300
9007199254740993
#nan
#infinity
-#infinity
_
x
""
"a"
"text 1"
"#(D83D)"
"1"
{}
{1, null, 2}
{{1}, {2}}
[]
[a = 1, b = null]
#date(2024, 2, 29)
#time(1, 2, 3)
#datetime(9999, 12, 31, 23, 59, 59)
#duration(1, 2, 3, 4.5)
#datetimezone(1, 1, 1, 0, 0, 0, 14, 0)
#binary("AAE=")
each _
(a, b) => a
() => 1
#table({"a", "b"}, {{1, "x"}, {null, 2}})
#table({}, {})
type text
type table [a = number]
type {number}
Int64.Type
Order.Descending
1 meta [a = 1]
error "e"
...
"yyyy-MM-dd"
{"a", "b"}
[a = error "x"]
{error "x"}
Day.Monday
"en-US"
"de-DE"
Occurrence.All
""".splitlines()
    if line
]
# What would run for long, or depends on what is outside of the process.
AVOIDED = ("Web.", "File.", "Folder.", "Sql.", "OData.", "Odbc.", "PostgreSQL.", "MySQL.", "Hdfs", "Soda.", "Function.")
FUNCTIONS = sorted(
    name
    for name in registry().functions
    if not name.startswith(AVOIDED) and "Repeat" not in name and "Trace" not in name
)
OPERATORS = ["+", "-", "*", "/", "&", "=", "<>", "<", "<=", ">", ">=", "and", "or", "??", "meta"]
SESSION = Session(seed=1)

atoms = st.sampled_from(ATOMS).map(lambda atom: f"({atom})")


def extended(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arguments = st.lists(inner, max_size=4).map(", ".join)
    return st.one_of(
        st.tuples(st.sampled_from(FUNCTIONS), arguments).map(lambda call: f"{call[0]}({call[1]})"),
        st.tuples(st.sampled_from(FUNCTIONS), arguments).map(lambda call: f"{call[0]}({call[1]})"),
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda value: f"(each {value})"),
        inner.map(lambda value: f"(try {value})"),
        inner.map(lambda value: f"(let x = {value} in {{x, @x, [a = x]}})"),
        st.tuples(inner, inner).map(lambda pair: f"{pair[0]}{{{pair[1]}}}?"),
        inner.map(lambda value: f"{value}[[a]]?"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]})({pair[1]})"),
    )


expressions = st.recursive(atoms, extended, max_leaves=6)


def check_expression(text: str) -> None:
    try:
        assert isinstance(to_text(evaluate(text, session=SESSION)), str)
    except MSyntaxError:
        raise
    except HeadwaterError as error:
        assert error.message is not None


def check_tree_text(text: str) -> None:
    try:
        to_text(evaluate(text, session=SESSION))
    except HeadwaterError as error:
        assert str(error)


printed_trees = trees(any_names).map(print_expression)


@settings(deadline=None, max_examples=300, derandomize=True, suppress_health_check=list(HealthCheck))
@given(expressions)
def test_calls_with_odd_arguments(text: str) -> None:
    check_expression(text)


@settings(deadline=None, max_examples=200, derandomize=True, suppress_health_check=list(HealthCheck))
@given(printed_trees)
def test_odd_programs(text: str) -> None:
    check_tree_text(text)


@pytest.fixture
def little_memory() -> Iterator[None]:
    """What is allowed to grow to gigabytes (a list of a billion numbers) ends in MemoryError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + (2 << 30), hard))
    yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
@pytest.mark.usefixtures("little_memory")
def test_for_minutes() -> None:
    deadline = time.monotonic() + 120
    for number in count():
        quick = settings(
            max_examples=500, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        seed(number)(quick(given(expressions)(check_expression)))()
        seed(number)(quick(given(printed_trees)(check_tree_text)))()
        if time.monotonic() > deadline:
            return
