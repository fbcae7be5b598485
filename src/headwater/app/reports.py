"""Findings as text that a person reads."""

from __future__ import annotations

from collections.abc import Iterator

from headwater.catalog import LineageTree
from headwater.dataflows.refreshing.forecast import Forecast
from headwater.errors import MError
from headwater.models.statistics import ScoringProgress
from headwater.powerquery import to_text
from headwater.powerquery.values.table import Table

_DETAIL_LENGTH = 200

_KIND = {
    "dataflow_table": "table",
    "dataflow_query": "query",
    "ml_model_version": "model version",
    "ml_job": "training job",
    "dataset": "dataset",
}


def scoring_text(progress: ScoringProgress) -> str:
    """How far scoring is, in a few words.

    >>> scoring_text(ScoringProgress("demo.late", 5_000, 20_000, 2_500.0, 6.0, 5_000, 0, 2, 1))
    'score demo.late: 2,500 rows/s, 6 s left, 2 errors, 1 retry'
    """
    parts = [f"{progress.rows_per_second:,.0f} rows/s"]
    if progress.seconds_left is not None and progress.rows_done != progress.rows_total:
        parts.append(f"{progress.seconds_left:,.0f} s left")
    if progress.failed:
        parts.append(f"{progress.failed:,} error{'' if progress.failed == 1 else 's'}")
    if progress.retries:
        parts.append(f"{progress.retries:,} retr{'y' if progress.retries == 1 else 'ies'}")
    return f"score {progress.function}: {', '.join(parts)}"


def forecast_lines(forecast: Forecast) -> Iterator[str]:
    """What a refresh would do, an entity a line, and below it the versions of its models and changes of columns."""
    for entity in forecast.entities:
        before = "not published" if entity.rows_before is None else f"{entity.rows_before:,} rows published"
        parts = [f"{entity.mode}", before, f"{entity.rows:,} rows now", f"{entity.rows_to_score:,} to score"]
        if entity.rows_to_score:
            parts.append("time unknown" if entity.seconds is None else f"about {entity.seconds:,.0f} s")
        yield f"{forecast.dataflow}/{entity.entity}: {', '.join(parts)}"
        for model in entity.models:
            change = model.after if model.before in {"", model.after} else f"{model.before} → {model.after}"
            yield f"  {model.function}: {change}"
        for change_ in entity.schema_changes:
            yield f"  column {change_['column']}: {change_['change']}"


def tree_lines(tree: LineageTree, most_alike: int = 3) -> Iterator[str]:
    """A lineage tree, a node a line; siblings beyond ``most_alike`` of one kind and shape are counted."""
    yield _label(tree)
    yield from _below(tree, "", most_alike)


def _label(node: LineageTree) -> str:
    kind = _KIND.get(node.type_name, node.type_name)
    columns = f" [{', '.join(node.columns)}]" if node.columns else ""
    name = node.qualified_name if node.type_name == "dataset" else node.display_name
    return f"{kind} {name}{columns}"


def _below(node: LineageTree, indent: str, most_alike: int) -> Iterator[str]:
    shown, left_out = _chosen(node, most_alike)
    lines: list[LineageTree | str] = [*shown, *left_out]
    for at, line in enumerate(lines):
        last = at == len(lines) - 1
        branch, further = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if isinstance(line, str):
            yield f"{indent}{branch}{line}"
        else:
            yield f"{indent}{branch}{_label(line)}"
            yield from _below(line, indent + further, most_alike)


def _chosen(node: LineageTree, most_alike: int) -> tuple[list[LineageTree], list[str]]:
    """The sources to show, and a line for each kind of which there are more."""
    seen: dict[tuple[str, tuple[str, ...]], int] = {}
    shown = []
    for source in node.sources:
        shape = (source.type_name, source.columns)
        seen[shape] = seen.get(shape, 0) + 1
        if seen[shape] <= most_alike or source.sources:
            shown.append(source)
    more = {shape: count - most_alike for shape, count in seen.items() if count > most_alike}
    return shown, [f"… and {count} more like {_KIND.get(kind, kind)}s above" for (kind, _), count in more.items()]


def detail_text(error: MError) -> str:
    """The detail of an M error as M text, cut where it is long; a table's rows are not computed for it.

    >>> detail_text(MError("DataFormat.Error", "We couldn't convert to Number.", "NA"))
    '"NA"'
    """
    if isinstance(error.detail, Table):
        return "a table"
    try:
        text = to_text(error.detail)
    except MError:
        return "a value that is an error itself"
    return text if len(text) <= _DETAIL_LENGTH else f"{text[:_DETAIL_LENGTH]}…"
