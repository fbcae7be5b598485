"""What a managed online endpoint does for an MLflow model: no decorators, ``input_data`` in, a bare list out."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd


def init() -> None:
    """Nothing to load."""


def run(raw: str) -> Any:
    body = json.loads(raw)
    frame = pd.DataFrame(**body["input_data"])
    times = body.get("params", {}).get("times", 1)
    return [{"twice": x * 2 * times, "said": said} for x, said in zip(frame["x"], frame["carrier"], strict=True)]
