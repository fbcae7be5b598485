"""Made-up definitions: names of all kinds, M texts with comments, every setting."""

from __future__ import annotations

import string
from typing import Any

from hypothesis import strategies as st

from headwater.dataflows import DataflowDefinition, Settings
from headwater.dataflows.definitions.sections import MemberForm, SectionForm
from headwater.dataflows.definitions.settings import (
    EntitySettings,
    Limits,
    LinkedEntity,
    Partitions,
    Periods,
    ScheduleSettings,
    Subscriber,
)
from headwater.powerquery.language import quote_field_name, quote_text

WORDS = st.text(st.sampled_from("abcXYZ_é日 '\".%#\n\t€\\"), max_size=12)
#: Also what no file can be called: slashes, a dot first, names that differ in case only.
QUERY_NAMES = st.one_of(
    st.sampled_from(["orders", "Orders", "a/b", "50%", "a%2Fb", ".hidden", "con:", "x.", "two words", "日本", "each"]),
    st.text(st.sampled_from(string.ascii_letters + " /%.:*é日"), min_size=1, max_size=10),
)
TABLE_NAMES = st.sampled_from(["orders", "Orders", "50%", "a%2Fb", "two words", "日本", "let", "x y.z", "a#b"])
COMMENTS = st.sampled_from(["", "// one\n", "/* a ; b */ ", "// shared x = 1;\r\n", "\n\n", " // = ( \n/**/"])
EXPRESSIONS = st.one_of(
    st.integers(0, 10**6).map(str),
    WORDS.map(quote_text),
    st.builds("[{}=1]".format, WORDS.filter(bool).map(quote_field_name)),
    st.just("let a = 1, b = a in\r\n    b"),
    st.just("(x as text) as number => 1"),
    st.just('"p" meta [IsParameterQuery = true, Type = "Text"]'),
)


@st.composite
def m_texts(draw: st.DrawFn) -> str:
    """An expression with comments and blanks around it."""
    end = draw(st.sampled_from(["", "\n", " // last", "  ", "/* end */", "\r\n"]))
    return f"{draw(COMMENTS)}{draw(EXPRESSIONS)}{end}"


PERIODS = st.builds(Periods, st.integers(1, 99_999), st.sampled_from(["days", "months", "quarters", "years"]))
POLICIES: dict[str, Any] = {
    "errors": st.sampled_from([None, "null", "fail"]),
    "schema_changes": st.sampled_from([None, "follow", "add", "fail"]),
}
KEYS = st.lists(WORDS.filter(bool), min_size=1, max_size=3).map(tuple)
ENTITIES = st.one_of(
    st.builds(EntitySettings, key=st.one_of(st.just(()), KEYS), **POLICIES),
    st.builds(EntitySettings, st.just("keyed"), KEYS, st.sampled_from(["remove", "keep"]), **POLICIES),
    st.builds(
        EntitySettings,
        st.just("partitioned"),
        partitions=st.builds(Partitions, PERIODS, PERIODS, WORDS, st.booleans()),
        **POLICIES,
    ),
)
SUBSCRIBERS = st.one_of(
    st.builds(Subscriber, st.just("person"), WORDS.filter(bool), st.sampled_from(["failure", "always"])),
    st.builds(Subscriber, st.just("webhook"), st.just("https://example.org/hook"), st.just("always")),
)
LIMITS = st.builds(
    Limits,
    st.integers(1, 64),
    st.one_of(st.none(), st.integers(1, 9_999_999_999).map(lambda n: n * 1_000)),
    st.one_of(st.none(), st.integers(1, 9_999_999_999)),
    st.one_of(st.none(), st.integers(1, 10**15)),
)
SCHEDULES = st.builds(
    ScheduleSettings,
    st.sampled_from(["0 6 * * *", "*/5 * * * 1-5"]),
    st.sampled_from(["", "Europe/Berlin"]),
    st.sampled_from(["once", "skip", "all"]),
)


@st.composite
def settings(draw: st.DrawFn, loaded: tuple[str, ...], queries: tuple[str, ...]) -> Settings:
    """Settings that these queries can have."""
    entities = draw(st.lists(st.sampled_from(loaded), unique=True))
    members = tuple(draw(st.lists(st.sampled_from(queries), unique=True)))
    linked = draw(st.dictionaries(WORDS.filter(lambda name: name and name not in queries), st.just("crm"), max_size=2))
    return Settings(
        load=loaded,
        errors=draw(st.sampled_from(["null", "fail"])),
        culture=draw(st.sampled_from(["en-US", "de-DE", ""])),
        description=draw(WORDS),
        owner=draw(WORDS),
        time_zone=draw(st.sampled_from(["UTC", "Europe/Berlin"])),
        schema_changes=draw(st.sampled_from(["follow", "add", "fail"])),
        rescore=draw(st.sampled_from(["all", "new_rows", "never"])),
        retries=draw(st.integers(0, 10)),
        schedule=draw(st.one_of(st.none(), SCHEDULES)),
        limits=draw(LIMITS),
        notify=tuple(draw(st.lists(SUBSCRIBERS, max_size=2))),
        entities={name: draw(ENTITIES) for name in entities},
        groups={draw(WORDS.filter(bool)): members} if members else {},
        columns={name: ((draw(WORDS), "int64"), ("x", draw(st.sampled_from(["any", "text"])))) for name in entities},
        linked={name: LinkedEntity(dataflow, "customers") for name, dataflow in linked.items()},
    )


@st.composite
def definitions(draw: st.DrawFn) -> DataflowDefinition:
    """Definitions of a few queries, in files of their own or in a section document."""
    loaded = tuple(draw(st.lists(TABLE_NAMES, min_size=1, max_size=3, unique=True)))
    others = draw(st.lists(QUERY_NAMES.filter(lambda name: name not in loaded), max_size=4, unique=True))
    queries = {name: draw(m_texts()) for name in sorted([*loaded, *others])}
    section = None
    if draw(st.booleans()):
        queries = {name: text.strip() for name, text in queries.items()}
        attributes = st.sampled_from(["", "[Version = 1]", '[ Description = "a;b", /* odd */ Hidden = true ]'])
        members = tuple(MemberForm(name, draw(attributes), draw(st.booleans())) for name in queries)
        section = SectionForm(draw(st.sampled_from(["Section1", "my section"])), draw(attributes), members)
    return DataflowDefinition("flow", queries, draw(settings(loaded, tuple(queries))), section=section)
