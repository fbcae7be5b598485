"""A service as people write them, with FastAPI: it describes itself, and takes what is sent by that description."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import pyarrow as pa
import pytest
import uvicorn
from fastapi import Body, FastAPI
from pydantic import AwareDatetime, Base64Bytes, BaseModel

from headwater.models.forms.base import FormError
from headwater.models.schemas.openapi import from_openapi, operations

direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
MOMENT = datetime(2026, 1, 31, 8, 30, 0, 250000)
BIG = 2**53 + 1


class Carrier(Enum):
    UNITED = "UA"
    AMERICAN = "AA"


class Part(BaseModel):
    price: float
    codes: list[int] = []


class Claim(BaseModel):
    distance: float
    stops: int
    carrier: Carrier
    at: AwareDatetime
    day: date
    id: UUID
    photo: Base64Bytes
    parts: list[Part]
    note: str | None
    seats: int = 4


class Score(BaseModel):
    said: str
    stops: int
    at: datetime
    probability: float | None


def said(claim: Claim) -> Score:
    text = f"{claim.carrier.value} {claim.day} {claim.id} {claim.photo!r} {len(claim.parts)} {claim.note} {claim.seats}"
    return Score(said=text, stops=claim.stops, at=claim.at, probability=claim.distance if claim.note else None)


app = FastAPI(title="Claims", version="1")


@app.post("/many")
def many(claims: list[Claim]) -> list[Score]:
    """Score many."""
    return [said(claim) for claim in claims]


@app.post("/wrapped")
def wrapped(rows: list[Claim], times: Annotated[float, Body()] = 1.0) -> dict[str, list[Score]]:
    return {"scores": [said(claim) for claim in rows]}


@app.post("/one")
def one(claim: Claim) -> Score:
    return said(claim)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # so that whoever asks before the server has started waits
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def document(url: str) -> dict[str, Any]:
    with direct.open(f"{url}/openapi.json", timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


IDS = ["00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"]
ROWS: dict[str, list[Any]] = {
    "distance": [1.5, 2.5],
    "stops": [BIG, -1],
    "carrier": ["UA", "AA"],
    "at": [MOMENT, datetime(1999, 12, 31)],
    "day": [date(2026, 1, 31), date(1900, 2, 28)],
    "id": IDS,
    "photo": [b"abc", b"\x00\xff"],
    "parts": [[], [{"price": 1.0, "codes": [1]}]],
    "note": ['漢字 "x"', None],
    "seats": [None, 7],
}
SAID = [f"UA 2026-01-31 {IDS[0]} b'abc' 0 漢字 \"x\" 4", f"AA 1900-02-28 {IDS[1]} b'\\x00\\xff' 1 None 7"]


@pytest.mark.parametrize(("path", "most"), [("/many", None), ("/one", 1)])
def test_every_type_there_and_back(url: str, document: dict[str, Any], path: str, most: int | None) -> None:
    schema = from_openapi(document, kind="openapi", operation=(path, "post"), model=path)
    form, wire = schema.service_form(), schema.signature.wire_schema
    assert form.max_rows == most
    assert [p.name for p in schema.signature.parameters if p.type.nullable] == ["note", "seats"]
    batch = pa.RecordBatch.from_arrays([pa.array(ROWS[f.name], f.type) for f in wire], schema=wire)
    answers = []
    for part in [batch] if most is None else [batch.slice(0, 1), batch.slice(1, 1)]:
        request = form.encode(part, {})
        sent = urllib.request.Request(url + path, request.content, dict(request.headers))
        with direct.open(sent, timeout=10) as answer:
            answers.append(form.decode(answer.read(), "application/json", part.num_rows))
    scored = pa.Table.from_batches(answers).to_pydict()
    moments = [moment.replace(tzinfo=UTC).replace(tzinfo=None) for moment in ROWS["at"]]
    assert scored == {"said": SAID, "stops": [BIG, -1], "at": moments, "probability": [1.5, None]}


def test_what_can_be_called_is_listed(document: dict[str, Any]) -> None:
    found = {o.path: (o.summary, o.reason) for o in operations(document)}
    assert found["/many"] == ("Many", "") and found["/one"] == ("One", "")
    # An answer that is a map of any names has no columns.
    assert "says nothing of what it answers" in found["/wrapped"][1]


def test_a_number_that_its_json_has_not_is_never_sent(document: dict[str, Any]) -> None:
    schema = from_openapi(document, kind="openapi", operation=("/many", "post"))
    wire = schema.signature.wire_schema
    rows = {**ROWS, "distance": [1.5, float("nan")]}
    batch = pa.RecordBatch.from_arrays([pa.array(rows[f.name], f.type) for f in wire], schema=wire)
    with pytest.raises(FormError):
        schema.service_form().encode(batch, {})
