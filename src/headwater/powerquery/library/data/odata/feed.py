"""OData.Feed: services of versions 3 and 4 that write JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING

from headwater.errors import MError
from headwater.powerquery.library.arguments import known_options, record_of
from headwater.powerquery.library.data.odata.service import Service
from headwater.powerquery.library.data.web import query_parameters, request_of, text_fields
from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import Record, Value, plain

if TYPE_CHECKING:
    from headwater.powerquery.evaluator.session import Session

_OF_REQUESTS = ("ApiKeyName", "ExcludedFromCacheKey", "Headers", "Timeout")
_OPTIONS = (
    *_OF_REQUESTS, "Concurrent", "EnableBatch", "FunctionOverloads", "Implementation", "IncludeAnnotations",
    "IncludeMetadataAnnotations", "MaxUriLength", "MoreColumns", "ODataVersion", "OmitValues", "Query",
)  # fmt: skip

_ACCEPT = (
    "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimalmetadata;q=0.9,application/json;q=0.8"
)


@function(
    "OData.Feed(serviceUri as text, optional headers as nullable record, optional options as any) as any",
    session=True,
)
def odata_feed(session: Session, uri: str, headers: Record | None = None, options: Value = None) -> Value:
    """
    What an OData service of version 3 or 4 gives at an address: for the service itself a table of its entity sets
    (Name, Data, Signature), for a set a table with the columns and types that the service declares, for an entity a
    record. Rows are fetched page by page as they are read, and what navigation properties lead to when it is asked for.
    Options: Headers, Query, ApiKeyName, Timeout and ExcludedFromCacheKey as for Web.Contents; ODataVersion, 3 or 4;
    MoreColumns gives properties that are not declared in a record of that name; IncludeAnnotations, a pattern, gives
    annotations as metadata; OmitValues = "nulls" lets the service leave nulls out. EnableBatch, Concurrent,
    MaxUriLength, FunctionOverloads, IncludeMetadataAnnotations and Implementation ("2.0") are taken and change nothing.
    """
    options = plain(options)
    given = {} if isinstance(options, bool) else known_options(
        None if options is None else record_of(options), "OData.Feed", *_OPTIONS
    )  # fmt: skip
    _check(given)
    parameters = {name: given[name] for name in _OF_REQUESTS if name in given}
    sent = {**_preferences(given), **dict(text_fields(headers)), **dict(text_fields(given.get("Headers")))}
    parameters["Headers"] = Record.of({"Accept": _ACCEPT, **sent})
    request, connection = request_of(session, "GET", uri, parameters, "OData")
    service = Service(
        session,
        dataclasses.replace(request, url=uri),
        connection,
        list(query_parameters(given.get("Query"))),
        more_columns=given.get("MoreColumns") is True,
        annotated="IncludeAnnotations" in given,
    )
    return service.at(uri)


def _check(given: Mapping[str, Value]) -> None:
    allowed: dict[str, tuple[Value, ...]] = {
        "Implementation": ("2.0",),
        "ODataVersion": (3, 4),
        "OmitValues": ("nulls",),
    }
    for name, values in allowed.items():
        if name in given and given[name] not in values:
            listed = " or ".join(str(value) for value in values)
            raise MError("Expression.Error", f"The option '{name}' of OData.Feed is {listed}.", given[name])


def _preferences(given: Mapping[str, Value]) -> dict[str, Value]:
    headers: dict[str, Value] = {}
    version = given.get("ODataVersion")
    if version is not None:
        headers["OData-MaxVersion" if version == 4 else "MaxDataServiceVersion"] = "4.0" if version == 4 else "3.0"
    preferred = []
    if "OmitValues" in given:
        preferred.append(f"omit-values={given['OmitValues']}")
    if "IncludeAnnotations" in given:
        preferred.append(f'odata.include-annotations="{given["IncludeAnnotations"]}"')
    if preferred:
        headers["Prefer"] = ",".join(preferred)
    return headers
