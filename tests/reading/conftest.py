"""A home with small tables, whose texts a spreadsheet and SQL have to be careful with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from tests.odata.conftest import BEARER, EVERY_TYPE, TOKEN, publish

from headwater.access.administrator import AdministratorToken
from headwater.app.identity import Identity
from headwater.app.runtime import Headwater
from headwater.server.application import create_app

ROWS = 200_000

ORDERS = """#table(
    type table [id = Int64.Type, customer = text, paid = datetime],
    {
        {1, "=1+1", #datetime(2024, 1, 1, 9, 0, 0)}, {2, "+x", null}, {3, "-x", null}, {4, "@x", null},
        {5, "#(tab)x", null}, {6, "#(cr)x", null}, {7, "plain ""quoted"", text", null}, {8, "", null}, {9, null, null},
        {-10, "two#(lf)lines", null}
    }
)"""

MANY = f"""#table(
    type table [id = Int64.Type, kind = text],
    List.Transform(List.Numbers(0, {ROWS}), (n) => {{n, Text.From(Number.Mod(n, 7))}})
)"""

SETTINGS = '[dataflow]\nname = "shop"\nload = ["orders", "many", "types", "Odd Name", "nothing"]\n'


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headwater]:
    """For tests that change nothing."""
    folder = tmp_path_factory.mktemp("shop")
    with Headwater.open(folder / "home", create=True) as app:
        app.identity = Identity(app.database, AdministratorToken(TOKEN))
        queries = {"orders": ORDERS, "many": MANY, "types": EVERY_TYPE}
        queries["Odd Name"] = '#table(type table [#"a ""b""" = text], {{"x"}})'
        queries["nothing"] = "#table(type table [a = Int64.Type, at = datetimezone], {})"
        publish(app, folder / "shop", SETTINGS, queries)
        other = '[dataflow]\nname = "other shop"\nload = ["orders"]\n'
        publish(app, folder / "other", other, {"orders": "#table(type table [id = Int64.Type], {{77}})"})
        yield app


@pytest.fixture
def client(shop: Headwater) -> Iterator[TestClient]:
    app = create_app(shop)
    with TestClient(app, base_url="http://127.0.0.1", headers=BEARER, raise_server_exceptions=False) as client:
        yield client
