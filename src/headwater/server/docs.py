"""The page that shows the API: Swagger UI, from this server's own files, since nothing is fetched from elsewhere."""

from __future__ import annotations

from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from headwater.server.web import static_directory

_NOT_BUILT = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Headwater API</title></head>
<body><h1>The API's page was not built</h1>
<p>It comes with the browser app. The description itself is at <a href="/openapi.json">/openapi.json</a>.</p>
</body></html>"""


def docs_page() -> HTMLResponse:
    """The page at ``/docs``."""
    static = static_directory()
    if static is None or not (static / "swagger" / "swagger-ui-bundle.js").is_file():
        return HTMLResponse(_NOT_BUILT)
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Headwater API",
        swagger_js_url="/swagger/swagger-ui-bundle.js",
        swagger_css_url="/swagger/swagger-ui.css",
        swagger_favicon_url="/favicon.svg",
    )
