"""Facets as attributes and columns: those of the specification that say something a catalog shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from headwater.catalog.openlineage.events import Facets
from headwater.catalog.records import ColumnRecord
from headwater.catalog.scans.native_types import published_data_type

__all__ = ["DATASET_FACETS", "JOB_FACETS", "column_sources", "columns_of_schema", "said_of"]

Json = Mapping[str, Any]
_MOST_FIELDS, _MOST_ITEMS, _LONGEST = 10_000, 500, 20_000


def said_of(facets: Facets, known: Mapping[str, Callable[[Json], dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The attributes that each facet says, by the facet's name; those that say nothing are left out.

    >>> said_of({"documentation": {"description": "All orders"}, "custom": {}}, DATASET_FACETS)
    {'documentation': {'description': 'All orders'}}
    """
    found = {name: known[name](facet) for name, facet in facets.items() if name in known}
    return {name: attributes for name, attributes in found.items() if attributes}


def columns_of_schema(facet: Json) -> tuple[ColumnRecord, ...]:
    """The columns that a schema facet says; fields within a field are named with dots.

    >>> [(c.name, c.type) for c in columns_of_schema({"fields": [{"name": "a", "type": "BIGINT"}]})]
    [('a', 'int64')]
    """
    found: dict[str, ColumnRecord] = {}
    for name, field in _fields(facet.get("fields"), ""):
        if len(found) == _MOST_FIELDS:
            break
        native = _text(field.get("type"))
        attributes = {"native_type": native, "description": _text(field.get("description"))}
        kept = {key: value for key, value in attributes.items() if value}
        found.setdefault(name, ColumnRecord(name, published_data_type(native), kept))
    return tuple(found.values())


def column_sources(facet: Json) -> Iterator[tuple[str, str, str, str]]:
    """(column, namespace, name, field) of each column and each that its values are made of.

    What only decides which rows there are, or their order, is left out, as everywhere.
    """
    fields = facet.get("fields")
    for column, stated in fields.items() if isinstance(fields, Mapping) else ():
        sources = stated.get("inputFields") if isinstance(stated, Mapping) else None
        for source in sources if isinstance(sources, list) else ():
            if isinstance(source, Mapping) and not _is_indirect(source):
                ends = [source.get(key) for key in ("namespace", "name", "field")]
                if all(isinstance(end, str) and end for end in ends):
                    yield str(column), str(ends[0]), str(ends[1]), str(ends[2])


def _is_indirect(source: Json) -> bool:
    steps = source.get("transformations")
    kinds = {step.get("type") for step in steps if isinstance(step, Mapping)} if isinstance(steps, list) else set()
    return kinds == {"INDIRECT"}


def _fields(stated: Any, above: str, depth: int = 0) -> Iterator[tuple[str, Json]]:
    for field in stated if isinstance(stated, list) and depth < 10 else ():
        if isinstance(field, Mapping) and isinstance(field.get("name"), str) and field["name"]:
            name = f"{above}{field['name']}"
            yield name, field
            yield from _fields(field.get("fields"), f"{name}.", depth + 1)


def _documentation(facet: Json) -> dict[str, Any]:
    return _given(description=_text(facet.get("description")))


def _owner(facet: Json) -> dict[str, Any]:
    return _given(owner=", ".join(_owners(facet)))


def _owners(facet: Json) -> list[str]:
    owners = facet.get("owners")
    listed = owners[:_MOST_ITEMS] if isinstance(owners, list) else []
    return [_text(each.get("name")) for each in listed if isinstance(each, Mapping) and each.get("name")]


def _tags(facet: Json) -> dict[str, Any]:
    """Tags of the whole; those of a field are not told apart here, and left out."""
    tags = facet.get("tags")
    listed = tags[:_MOST_ITEMS] if isinstance(tags, list) else []
    whole = [each for each in listed if isinstance(each, Mapping) and not each.get("field")]
    return _given(tags={_text(each["key"]): _text(each.get("value", "")) for each in whole if each.get("key")})


def _kind(facet: Json) -> dict[str, Any]:
    return _given(kind=_text(facet.get("datasetType")).lower())


def _statistics(facet: Json) -> dict[str, Any]:
    counts = {"rows": facet.get("rowCount"), "size": facet.get("size", facet.get("bytes"))}
    return {name: count for name, count in counts.items() if isinstance(count, int) and 0 <= count < 2**63}


def _integration(facet: Json) -> dict[str, Any]:
    return _given(integration=_text(facet.get("integration")), kind=_text(facet.get("jobType")))


def _given(**attributes: Any) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value}


def _text(value: Any) -> str:
    """Text, without what databases refuse and cut where nobody reads on."""
    return value.replace("\0", "")[:_LONGEST] if isinstance(value, str) else ""


#: What is said of datasets, and of jobs, by the facets' names.
DATASET_FACETS: Final[Mapping[str, Callable[[Json], dict[str, Any]]]] = {
    "documentation": _documentation,
    "ownership": _owner,
    "tags": _tags,
    "version": lambda facet: _given(version=_text(facet.get("datasetVersion"))),
    "datasetType": _kind,
    "storage": lambda facet: _given(source_type=_text(facet.get("storageLayer"))),
    "outputStatistics": _statistics,
}
JOB_FACETS: Final[Mapping[str, Callable[[Json], dict[str, Any]]]] = {
    "documentation": _documentation,
    "ownership": _owner,
    "tags": _tags,
    "jobType": _integration,
    "sql": lambda facet: _given(sql=_text(facet.get("query"))),
    "sourceCodeLocation": lambda facet: _given(source_url=_without_query(_text(facet.get("url")))),
}


def _without_query(url: str) -> str:
    """An address without what may be a secret in it: its query, and its user.

    >>> _without_query("https://ann:pass@git.example.org/repo/job.py?token=1")
    'https://git.example.org/repo/job.py'
    """
    plain = url.partition("?")[0].partition("#")[0]
    scheme, separator, rest = plain.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"
