"""Changes that concern several queries of a dataflow, given as a mapping of query name to text.

All raise UsageError where a text that has to be changed does not parse, or where there is no such query or step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headwater.errors import UsageError
from headwater.powerquery.editing.changing import with_steps
from headwater.powerquery.editing.document import Binder, Change, Document, Scope, applied, checked_expression, read
from headwater.powerquery.editing.layout import Blocks, as_binding
from headwater.powerquery.editing.steps import FIRST_STEP, free_name
from headwater.powerquery.language import quote_field_name, quote_identifier, quote_text, syntax
from headwater.powerquery.language.syntax import Span

__all__ = [
    "duplicate_query",
    "extract_previous",
    "function_from_query",
    "new_parameter",
    "query_edges",
    "reference_query",
    "rename_query",
    "unused_queries",
]

_SECTION = "Section1"
_PARAMETER_TYPES = {
    "Any": "any",
    "Binary": "binary",
    "Date": "date",
    "DateTime": "datetime",
    "DateTimeZone": "datetimezone",
    "Duration": "duration",
    "Logical": "logical",
    "Number": "number",
    "Text": "text",
    "Time": "time",
}


def query_edges(queries: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The queries that each query refers to, in the order in which it does. A text that does not parse has none.

    >>> query_edges({"a": "1", "b": "let x = a in x & Section1!a"})
    {'a': (), 'b': ('a',)}
    """
    edges: dict[str, tuple[str, ...]] = {}
    for name, text in queries.items():
        try:
            document = read(text)
        except UsageError:
            edges[name] = ()
            continue
        found = dict.fromkeys(each for each, _ in _query_uses(document) if each in queries and each != name)
        edges[name] = tuple(found)
    return edges


def unused_queries(queries: Mapping[str, str]) -> tuple[str, ...]:
    """The queries to which no other one refers."""
    used = {name for names in query_edges(queries).values() for name in names}
    return tuple(name for name in queries if name not in used)


def rename_query(queries: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """All queries, with one under another name and all that refer to it changed.

    Raises:
        UsageError: the new name is taken, a query that does not parse could refer to the old one, or a query gives
            the new name another meaning.
    """
    _check_new(queries, old, new)
    changed: dict[str, str] = {}
    for name, text in queries.items():
        document = read(text)
        if new in document.free_names:
            raise UsageError(
                f"Query '{name}' refers to something else by the name '{new}'.",
                hint="Choose another name.",
                code="editing.name_taken",
            )
        changed[new if name == old else name] = _with_query_renamed(document, name, old, new)
    return changed


def reference_query(queries: Mapping[str, str], name: str) -> tuple[str, str]:
    """The name and text of a new query that goes on from another one.

    >>> print(reference_query({"Orders": "1"}, "Orders")[1])
    let
        Source = Orders
    in
        Source
    """
    _check_known(queries, name)
    source = as_binding(FIRST_STEP, _identifier(name))
    return copy_name(queries, name), f"let\n    {source}\nin\n    {FIRST_STEP}"


def duplicate_query(queries: Mapping[str, str], name: str) -> tuple[str, str]:
    """The name and text of a copy of a query. A query that refers to itself (``@name``) refers to itself there."""
    _check_known(queries, name)
    copied = copy_name(queries, name)
    document = read(queries[name])
    own = [use for use in document.free_names.get(name, []) if use.node.inclusive]
    changes = [Change(use.span.start, use.span.end, quote_identifier(copied)) for use in own]
    return copied, applied(document.text, changes)


def copy_name(queries: Mapping[str, str], name: str) -> str:
    """A name for a query made of another one.

    >>> copy_name({"Orders": "1", "Orders (2)": "2"}, "Orders")
    'Orders (3)'
    """
    number = 2
    while f"{name} ({number})" in queries:
        number += 1
    return f"{name} ({number})"


def extract_previous(queries: Mapping[str, str], query: str, step: str, name: str) -> dict[str, str]:
    """All queries, with the steps before one in a new query from which this one goes on.

    Raises:
        UsageError: the step is the first, a later one refers to another of the extracted steps, or the name is taken.
    """
    _check_known(queries, query)
    _check_new(queries, None, name)
    blocks = with_steps(queries[query])
    at = blocks.index(step)
    if at == 0:
        raise UsageError(f"No step comes before '{step}'.", hint="Choose a later step.", code="editing.first_step")
    _check_extractable(blocks, at)
    first, before = blocks.items[0], blocks.items[at - 1]
    document = blocks.document
    taken = set(blocks.names[at:]) | document.free_names.keys()
    source = free_name(FIRST_STEP, taken)
    separator = blocks.separator(0)
    newline = document.newline
    lead = blocks.items[at].lead
    changes = [Change(first.lead, lead, as_binding(source, _identifier(name)) + "," + separator)]
    gone = [block.binder for block in blocks.items[:at]]
    for use in document.uses:
        if use.binder is before.binder and use.span.start >= lead:
            _check_visible(use.scope, source, query, gone)
            changes.append(Change(use.span.start, use.span.end, quote_identifier(source)))
    head = document.text[: before.binding.span.end]
    result = quote_identifier(before.binder.name)
    made = f"{head}{newline}in{newline}    {result}"
    changed = {query: applied(document.text, changes), name: made}
    return {**queries, **changed}


def new_parameter(
    kind: str,
    current: str,
    *,
    required: bool = True,
    description: str = "",
    suggestions: Sequence[str] = (),
    default: str = "null",
) -> str:
    """The text of a parameter.

    Args:
        kind: Power Query's name of its type: ``Text``, ``Number``, ``Date`` …
        current: its value as M.
        required: whether it may not stay empty.
        description: what it is for.
        suggestions: the values to choose from, as M; none: any value may be given.
        default: which of them is suggested first, as M.

    >>> print(new_parameter("Number", "5"))
    5 meta [IsParameterQuery = true, Type = "Number", IsParameterQueryRequired = true]
    """
    if kind not in _PARAMETER_TYPES:
        raise UsageError(
            f"A parameter cannot be of type '{kind}'.", hint=f"Choose one of {', '.join(_PARAMETER_TYPES)}."
        )
    fields = ["IsParameterQuery = true"]
    if suggestions:
        items = ", ".join(checked_expression(each) for each in suggestions)
        fields += [f"List = {{{items}}}", f"DefaultValue = {checked_expression(default)}"]
    fields += [f"Type = {quote_text(kind)}", f"IsParameterQueryRequired = {'true' if required else 'false'}"]
    if description:
        fields.append(f"Description = {quote_text(description)}")
    value = checked_expression(current)
    return f"{value} meta [{', '.join(fields)}]"


def function_from_query(queries: Mapping[str, str], query: str) -> str:
    """The text of a function that does what a query does, with the parameters that the query refers to as its own.

    Raises:
        UsageError: a query that it refers to uses a parameter, which the function could not pass on.

    >>> print(function_from_query({"Least": new_parameter("Number", "5"), "Q": "Least + 1"}, "Q"))
    (Least as number) => Least + 1
    """
    _check_known(queries, query)
    edges = query_edges(queries)
    for name in edges[query]:
        _check_without_parameters(queries, edges, name)
    kinds = {name: kind for name in edges[query] if (kind := parameter_kind(queries[name])) is not None}
    parameters = [
        f"{quote_identifier(name)} as {'nullable ' if optional else ''}{kind}"
        for name, (kind, optional) in kinds.items()
    ]
    document = read(queries[query])
    return f"({', '.join(parameters)}) => {document.text.strip()}"


def parameter_kind(text: str) -> tuple[str, bool] | None:
    """The M type of a parameter and whether it may be null; None where a query is no parameter.

    >>> parameter_kind(new_parameter("Date", "#date(2024, 1, 1)", required=False))
    ('date', True)
    """
    try:
        tree = read(text).tree
    except UsageError:
        return None
    if not (isinstance(tree, syntax.Binary) and tree.operator == "meta" and isinstance(tree.right, syntax.Record)):
        return None
    fields = {each.name: each.value.value for each in tree.right.fields if isinstance(each.value, syntax.Literal)}
    if fields.get("IsParameterQuery") is not True:
        return None
    kind = _PARAMETER_TYPES.get(str(fields.get("Type", "Any")), "any")
    return kind, fields.get("IsParameterQueryRequired") is False


# -- how queries refer to one another ----------------------------------------------------------------------------------


def _query_uses(document: Document) -> list[tuple[str, Span]]:
    """What a text refers to outside itself, with the place of the name: ``Q``, ``Section1!Q``, ``#shared[Q]``."""
    found = [(use.node.name, use.span) for use in document.uses if use.binder is None]
    for node, _ in document.scoped:
        match node:
            case syntax.SectionAccess(section=section, name=name) if section == _SECTION:
                found.append((name, document.last_token(node.span)))
            case syntax.FieldAccess(target=syntax.Identifier(name="#shared"), name=name):
                found.append((name, document.field_span(node)))
    return sorted(found, key=lambda each: each[1].start)


def _with_query_renamed(document: Document, query: str, old: str, new: str) -> str:
    changes: list[Change] = []
    for use in document.free_names.get(old, []):
        _check_visible(use.scope, new, query)
        changes.append(Change(use.span.start, use.span.end, quote_identifier(new)))
    identifiers = {(change.start, change.end) for change in changes}
    for name, span in _query_uses(document):
        if name == old and (span.start, span.end) not in identifiers:
            in_section = document.text[: span.start].rstrip().endswith("!")
            written = quote_identifier(new) if in_section else quote_field_name(new)
            changes.append(Change(span.start, span.end, written))
    return applied(document.text, changes)


def _identifier(name: str) -> str:
    # A query called as the first step of the one that refers to it would be hidden by that step.
    return f"{_SECTION}!{quote_identifier(name)}" if name == FIRST_STEP else quote_identifier(name)


def _check_known(queries: Mapping[str, str], name: str) -> None:
    if name not in queries:
        raise UsageError(f"There is no query '{name}'.", hint="List the dataflow's queries.", code="editing.no_query")


def _check_new(queries: Mapping[str, str], old: str | None, new: str) -> None:
    if old is not None:
        _check_known(queries, old)
    if not new.strip():
        raise UsageError("A query needs a name.", hint="Give one with at least one letter.", code="editing.name")
    if new in queries:
        raise UsageError(f"There is a query '{new}' already.", hint="Choose another name.", code="editing.name_taken")


def _check_visible(scope: Scope, name: str, query: str, gone: Sequence[Binder] = ()) -> None:
    """UsageError where a name means something within the text, other than what is ``gone`` from it by then."""
    found = scope.find(name)
    if found is not None and found not in gone:
        raise UsageError(
            f"Query '{query}' has a step, variable or parameter '{name}', which would be meant instead.",
            hint="Choose another name, or rename that step first.",
            code="editing.name_hidden",
        )


def _check_without_parameters(queries: Mapping[str, str], edges: Mapping[str, tuple[str, ...]], first: str) -> None:
    """UsageError where a query refers to a parameter, perhaps by way of others."""
    pending, seen = [first], {first}
    while pending:
        for name in edges[pending.pop()]:
            if parameter_kind(queries[name]) is not None:
                raise UsageError(
                    f"Query '{first}' uses the parameter '{name}', which a function could not pass on to it.",
                    hint=f"Make a function of '{first}' first, and call it.",
                    code="editing.parameter",
                )
            pending += {name} - seen
            seen.add(name)


def _check_extractable(blocks: Blocks, at: int) -> None:
    """UsageError where the steps from one on need any of those before it but the last, or these need them."""
    lead = blocks.items[at].lead
    extracted = {id(block.binder) for block in blocks.items[: at - 1]}
    left = {id(block.binder) for block in blocks.items[at:]}
    for use in blocks.document.uses:
        outside = id(use.binder) in (extracted if use.span.start >= lead else left)
        if outside:
            raise UsageError(
                f"Step '{use.node.name}' is needed on both sides, so that the steps cannot be taken apart there.",
                hint="Extract at another step, or change the formulas first.",
                code="editing.needed",
            )
