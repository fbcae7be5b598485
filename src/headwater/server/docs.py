"""The page that shows the API: Swagger UI, from this server's own files, since nothing is fetched from elsewhere."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from headwater.server.web import CACHE_NEVER, CONTENT_SECURITY_POLICY, page, security_headers, static_directory

#: Swagger UI sets styles in line, and its icons are pictures within its style sheet.
_POLICY: Final = {**CONTENT_SECURITY_POLICY, "style-src": "'self' 'unsafe-inline'", "img-src": "'self' data:"}

_NOT_BUILT: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Headwater API</title></head>
<body><h1>The API's page was not built</h1>
<p>It comes with the browser app. The description itself is at <a href="./openapi.json">/openapi.json</a>.</p>
</body></html>"""


def docs_page(request: Request) -> Response:
    """The page at ``/docs``; without a built app it says where the description is."""
    headers = {**security_headers(_POLICY), "Cache-Control": CACHE_NEVER}
    static = static_directory()
    if static is None or not (static / "docs.html").is_file():
        return page(request, _NOT_BUILT, headers, status=503)
    return page(request, (static / "docs.html").read_text("utf-8"), headers)
