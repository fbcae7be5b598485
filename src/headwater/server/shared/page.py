"""A shared table as a page: its first rows, and where the rest is. It runs no script and loads nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Final

from starlette.responses import HTMLResponse, Response

from headwater.app.functions.results import json_value
from headwater.app.sharing import OpenShare

__all__ = ["share_page"]

_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#222}table{border-collapse:collapse;margin-top:1rem}"
    "th,td{border:1px solid #ccc;padding:.25rem .6rem;text-align:left;white-space:pre-wrap;max-width:40rem}"
    "th{background:#f4f4f4}small{color:#555}"
)
_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def share_page(share: OpenShare, rows: Sequence[Sequence[Any]], total: int, root: str) -> Response:
    """The page; ``root`` is the link's own address, without a slash at its end."""
    columns = [column.name for column in share.opened.columns]
    links = " · ".join(
        f'<a href="{escape(f"{root}/{form}")}" rel="noreferrer">{shown}</a>'
        for form, shown in (("csv", "CSV"), ("parquet", "Parquet"), ("arrow", "Arrow"), ("odata/", "OData"))
    )
    table = share.opened.table
    body = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
        f"<title>{escape(table.entity)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(table.entity)}</h1><p>{escape(share.name)}</p>"
        f"<p><small>Shared by {escape(share.sharer)} until {share.expires_at:%Y-%m-%d %H:%M} UTC. "
        f"{len(rows):,} of {total:,} rows. Whoever has this address can read them.</small></p><p>{links}</p>"
        f"<table><thead>{_row('th', columns)}</thead><tbody>{''.join(_row('td', row) for row in rows)}</tbody></table>"
        "</body></html>"
    )
    return HTMLResponse(body, headers={"Content-Security-Policy": _POLICY})


def _row(cell: str, values: Iterable[Any]) -> str:
    return "<tr>" + "".join(f"<{cell}>{escape(_text(value))}</{cell}>" for value in values) + "</tr>"


def _text(value: Any) -> str:
    return "" if value is None else str(json_value(value))
