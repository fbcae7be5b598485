"""Where functions are over HTTP, and what a good answer says."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx2 as httpx
from tests.app.scoring_service import NAME

from headwater.server import function_calls

LATE = "/api/functions/demo/late_arrival"
#: A name with everything that an address gives a meaning to.
SHOP = f"/api/functions/shop/{quote(NAME, safe='')}"
ARROW = {"Content-Type": function_calls.ARROW}
ROWS = [{"distance": 1, "carrier": "AA"}, [2.5, "B6"], {"distance": "far", "carrier": "UA"}]


def good(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()
