"""Shared tables: a page, files and OData below ``/s/LINK``. Whoever holds the link needs nothing else."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from headwater.app.reading import Selection
from headwater.app.reading.downloads import MEDIA_TYPES, DownloadFormat, download
from headwater.app.sharing import OpenShare
from headwater.errors import NotFoundError
from headwater.server.api import MAX_NUMBER, App
from headwater.server.odata.csdl import entity_type, metadata, schemas_of_tables
from headwater.server.odata.entities import Asked, count_answer, page_answer
from headwater.server.odata.errors import VERSION_HEADER
from headwater.server.odata.names import decoded, encoded
from headwater.server.odata.options import options_of
from headwater.server.odata.service import check_version, query_of
from headwater.server.settings import ServerSettings
from headwater.server.shared.page import share_page

router = APIRouter(prefix="/s", include_in_schema=False)
"""A link describes itself by its page, and its OData service by its own documents."""

Offset = Annotated[int, Query(ge=0, le=MAX_NUMBER // 2)]
Version = Annotated[int | None, Query(ge=0, le=MAX_NUMBER)]

_ROWS_ON_PAGE = 100
_COUNT = "/$count"


@router.get("/{link}")
@router.get("/{link}/")
def page(app: App, request: Request, link: str) -> Response:
    """The first rows, and where the rest is."""
    share = _opened(app, request, link)
    found = app.reading.page(share.opened, Selection(), 0, _ROWS_ON_PAGE, form="share page", more=False)
    rows = list(zip(*(column.to_pylist() for column in found.rows.columns), strict=True))
    return share_page(share, rows, share.opened.rows, _address(request, link))


@router.get("/{link}/csv")
def csv(app: App, request: Request, link: str, offset: Offset = 0, version: Version = None) -> Response:
    """The rows as CSV."""
    return _file(app, request, link, "csv", (offset, version))


@router.get("/{link}/parquet")
def parquet(app: App, request: Request, link: str, offset: Offset = 0, version: Version = None) -> Response:
    """The rows as Parquet."""
    return _file(app, request, link, "parquet", (offset, version))


@router.get("/{link}/arrow")
def arrow(app: App, request: Request, link: str, offset: Offset = 0, version: Version = None) -> Response:
    """The rows as an Arrow stream."""
    return _file(app, request, link, "arrow", (offset, version))


@router.get("/{link}/odata")
@router.get("/{link}/odata/")
def service_document(app: App, request: Request, link: str) -> Response:
    """The one entity set."""
    options_of(query_of(request), frozenset({"$format"}))
    name = encoded(_opened(app, request, link).opened.table.entity)
    sets = [{"name": name, "kind": "EntitySet", "url": name}]
    document = {"@odata.context": f"{_root(request, link)}$metadata", "value": sets}
    return Response(
        orjson.dumps(document), headers=VERSION_HEADER, media_type="application/json;odata.metadata=minimal"
    )


@router.get("/{link}/odata/$metadata")
def metadata_document(app: App, request: Request, link: str) -> Response:
    """What the set holds."""
    check_version(request)
    opened = _opened(app, request, link).opened
    of = entity_type(opened.table.entity, [(column.name, column.type) for column in opened.columns], ())
    return Response(metadata(schemas_of_tables([of])), headers=VERSION_HEADER, media_type="application/xml")


@router.get("/{link}/odata/{resource:path}")
def resource(app: App, request: Request, link: str, resource: str) -> Response:
    """The set, or its count."""
    check_version(request)
    entity = decoded(resource.removesuffix(_COUNT))
    asked = Asked.of(_root(request, link), entity, query_of(request), request.headers)
    share = _opened(app, request, link, asked.options.version)
    if entity != share.opened.table.entity:
        raise NotFoundError("There is no such set.", place="OData", hint="The service document lists what there is.")
    answer = count_answer if resource.endswith(_COUNT) else page_answer
    return answer(app.reading, share.opened, asked)


@router.get("/{link}/{rest:path}")
def nothing(link: str, rest: str) -> Response:
    """Below a link there is nothing else; the browser app is not shown there either."""
    raise NotFoundError("There is nothing at this address.", hint="Open the link itself.")


def _opened(app: App, request: Request, link: str, version: int | None = None) -> OpenShare:
    address = None if request.client is None else request.client.host
    return app.shares.open(link, version=version, address=address, request_id=request.state.request_id)


def _file(
    app: App, request: Request, link: str, form: DownloadFormat, place: tuple[int, int | None]
) -> StreamingResponse:
    offset, version = place
    settings: ServerSettings = request.app.state.settings
    opened = _opened(app, request, link, version).opened
    found = download(app.reading, opened, form, offset=offset, limit=settings.download_rows)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{opened.table.entity}.{form}', safe='')}",
        "Headwater-Total-Rows": str(found.total),
    }
    if found.following is not None:
        rest = urlencode({"offset": found.following, "version": found.version})
        headers["Link"] = f'<{_address(request, link)}/{form}?{rest}>; rel="next"'
    return StreamingResponse(found.pieces, headers=headers, media_type=MEDIA_TYPES[form])


def _address(request: Request, link: str) -> str:
    return f"{str(request.base_url).rstrip('/')}/s/{quote(link, safe='')}"


def _root(request: Request, link: str) -> str:
    return f"{_address(request, link)}/odata/"
