"""OData.Feed against a service on loopback: navigation, pages, types, navigation properties, what goes wrong."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.powerquery.connections.service import Asked, Reply, Service, serving

from headwater.errors import MError
from headwater.powerquery import Session, evaluate, to_text
from headwater.powerquery.connections import Connection, Connections, Key, OAuth2
from headwater.powerquery.values.core import List, Record, Value
from headwater.powerquery.values.table import Table
from headwater.secret import Secret

METADATA = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Shop" Alias="S" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EnumType Name="Colour"><Member Name="Red"/></EnumType>
  <TypeDefinition Name="Weight" UnderlyingType="Edm.Double"/>
  <ComplexType Name="Address"><Property Name="City" Type="Edm.String"/></ComplexType>
  <EntityType Name="Thing"><Key><PropertyRef Name="id"/></Key>
    <Property Name="id" Type="Edm.String" Nullable="false"/></EntityType>
  <EntityType Name="Customer" BaseType="Shop.Thing" OpenType="true">
    <Property Name="since" Type="Edm.Date"/>
    <Property Name="seen" Type="Edm.DateTimeOffset"/>
    <Property Name="debt" Type="Edm.Decimal"/>
    <Property Name="visits" Type="Edm.Int64"/>
    <Property Name="vip" Type="Edm.Boolean"/>
    <Property Name="colour" Type="S.Colour"/>
    <Property Name="weight" Type="S.Weight"/>
    <Property Name="address" Type="Shop.Address"/>
    <Property Name="tags" Type="Collection(Edm.String)"/>
    <NavigationProperty Name="orders" Type="Collection(Shop.Order)"/>
    <NavigationProperty Name="boss" Type="Shop.Customer"/>
  </EntityType>
  <EntityType Name="Order"><Key><PropertyRef Name="no"/></Key>
    <Property Name="no" Type="Edm.Int32" Nullable="false"/><Property Name="at" Type="Edm.TimeOfDay"/>
    <Property Name="took" Type="Edm.Duration"/><Property Name="stamp" Type="Edm.Binary"/></EntityType>
  <EntityContainer Name="C">
    <EntitySet Name="Customers" EntityType="Shop.Customer"/><EntitySet Name="Orders" EntityType="Shop.Order"/>
    <Singleton Name="Me" Type="Shop.Customer"/>
  </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""

ANN: dict[str, Any] = {
    "id": "it's", "since": "2024-02-29", "seen": "2024-02-29T12:00:00.1234567+02:00", "debt": 1.5,
    "visits": "9007199254740993", "vip": True, "colour": "Red", "weight": "INF", "address": {"City": "Ulm"},
    "tags": ["a", "b"], "extra": {"deep": 1}, "debt@Shop.note": "checked",
}  # fmt: skip
BOB = {"id": "b", "boss": None, "orders": [{"no": 7, "at": "08:30:00", "took": "P1DT2H3M4.5S", "stamp": "AQL_"}]}


def as_json(document: object) -> Reply:
    return Reply(json.dumps(document).encode(), headers={"Content-Type": "application/json"})


def replies(url: Callable[[], str]) -> Callable[[Asked], Reply]:
    def document(context: str, **content: Any) -> Reply:
        named = {name.replace("__", "@odata."): value for name, value in content.items()}
        return as_json({"@odata.context": f"{url()}/s/$metadata{context}", **named})

    def three() -> str:
        return f"{url()}/three/$metadata"

    def reply(asked: Asked) -> Reply:
        page = dict(asked.query).get("page")
        match asked.path:
            case "/s/":
                sets = [{"name": n, "kind": k, "url": n} for n, k in (
                    ("Customers", "EntitySet"), ("Me", "Singleton"), ("Reset", "FunctionImport"))]  # fmt: skip
                return document("", value=sets)
            case "/s/$metadata":
                return Reply(METADATA.encode())
            case "/s/Customers" if page is None:
                return document("#Customers", value=[ANN], __nextLink="Customers?page=2")
            case "/s/Customers" if page == "2":
                return document("#Customers", value=[BOB])
            case "/s/Me" | "/s/Customers('b')/boss":
                return document("#Customers/$entity", **ANN)
            case "/s/Customers('it''s')/orders":
                return document("#Orders", value=[{"no": 1}, {"no": 2}])
            case "/s/Customers('it''s')/boss":
                return Reply(status=204)
            case "/s/Selected":
                return document("#Customers(id,address)", value=[{"id": "x", "address": None}])
            case "/s/Wrong":
                return document("#Orders", value=[{"no": "many"}, {"no": 2}])
            case "/s/Circle":
                return document("#Orders", value=[{"no": 1}], __nextLink="Circle")
            case "/s/Away":
                return document("#Orders", value=[{"no": 1}], __nextLink="http://127.0.0.2:9/Orders")
            case "/s/Count":
                return document("#Edm.Int32", value=3)
            case "/s/Names":
                return document("#Collection(Edm.String)", value=["a", "b"])
            case "/s/Plain":
                return as_json({"value": [{"a": 1, "b": [1]}, {"a": 2}]})
            case "/s/Two":
                return Reply(b'{"d": {"results": []}}')
            case "/s/Page":
                return Reply(b"<html>sign in</html>")
            case "/three/":
                return as_json({"odata.metadata": f"{three()}", "value": [{"name": "Orders", "url": "Orders"}]})
            case "/three/$metadata":
                return Reply(METADATA.encode())
            case "/three/Orders":
                page_one = {"odata.metadata": f"{three()}#Orders", "value": [{"no": 1}], "odata.nextLink": "Orders2"}
                return as_json(page_one)
            case "/three/Orders2":
                return as_json({"odata.metadata": f"{three()}#Orders", "value": [{"no": 2}]})
        return Reply(status=404)

    return reply


@pytest.fixture
def service() -> Iterator[Service]:
    known: list[Service] = []
    with serving(replies(lambda: known[0].url)) as running:
        known.append(running)
        yield running


def text_of(service: Service, expression: str, session: Session | None = None) -> str:
    source = expression.replace("URL", f'"{service.url}/s/"')
    return to_text(evaluate(source, session=session or Session(origins=[service.url])))


CUSTOMERS = 'OData.Feed(URL){[Name = "Customers", Signature = "table"]}[Data]'


def test_a_service_is_a_navigation_table_read_lazily(service: Service) -> None:
    assert text_of(service, 'Table.SelectColumns(OData.Feed(URL), {"Name", "Signature"})') == (
        '#table(type table [Name = text, Signature = text], {{"Customers", "table"}, {"Me", "record"}})'
    )
    assert [request.path for request in service.asked] == ["/s/"]
    assert text_of(service, 'OData.Feed(URL){[Name = "Me"]}[Data][id]') == '"it\'s"'


def test_columns_have_the_types_that_the_service_declares(service: Service) -> None:
    assert text_of(service, f"Value.Type({CUSTOMERS})") == (
        "type table [id = text, since = nullable date, seen = nullable datetimezone, debt = nullable Decimal.Type, "
        "visits = nullable Int64.Type, vip = nullable logical, colour = nullable text, weight = nullable Double.Type, "
        "address = nullable record, tags = list, orders = table, boss = nullable record]"
    )


def test_values_are_read_as_their_types(service: Service) -> None:
    plain = f'Table.RemoveColumns({CUSTOMERS}, {{"orders", "boss"}})'
    assert text_of(service, f"Record.FieldValues({plain}{{0}})") == (
        '{"it\'s", #date(2024, 2, 29), #datetimezone(2024, 2, 29, 12, 0, 0.1234567, 2, 0), 1.5, 9007199254740993, '
        'true, "Red", #infinity, [City = "Ulm"], {"a", "b"}}'
    )
    assert text_of(service, f"Record.FieldValues({plain}{{1}})") == (
        '{"b", null, null, null, null, null, null, null, null, null}'
    )


def test_pages_are_fetched_as_rows_are_read(service: Service) -> None:
    assert text_of(service, f"Table.FirstN({CUSTOMERS}, 1){{0}}[id]") == '"it\'s"'
    assert ("page", "2") not in [pair for query in service.queries() for pair in query]
    assert text_of(service, f"{CUSTOMERS}[id]") == '{"it\'s", "b"}'
    assert service.queries().count([("page", "2")]) == 1


def test_navigation_properties_are_fetched_or_were_sent_along(service: Service) -> None:
    assert text_of(service, f"{CUSTOMERS}{{0}}[orders][no]") == "{1, 2}"
    assert text_of(service, f"{CUSTOMERS}{{0}}[boss]") == "null"
    before = len(service.asked)
    assert text_of(service, f"{CUSTOMERS}{{1}}[orders]") == (
        "#table(type table [no = Int32.Type, at = nullable time, took = nullable duration, stamp = nullable binary], "
        f"{{{{7, #time(8, 30, 0), #duration(1, 2, 3, 4.5), {text_of(service, '#binary({1, 2, 255})')}}}}})"
    )
    assert text_of(service, f"{CUSTOMERS}{{1}}[boss]") == "null"
    assert not [request for request in service.asked[before:] if "boss" in request.path]
    expanded = f'Table.ExpandTableColumn({CUSTOMERS}, "orders", {{"no"}})[no]'
    assert text_of(service, expanded) == "{1, 2, 7}"


def test_what_was_left_out_is_no_column(service: Service) -> None:
    assert text_of(service, 'Table.ColumnNames(OData.Feed(URL & "Selected"))') == '{"id", "address"}'


def test_values_that_are_no_entities(service: Service) -> None:
    assert text_of(service, '{OData.Feed(URL & "Count"), OData.Feed(URL & "Names")}') == '{3, {"a", "b"}}'
    assert text_of(service, 'OData.Feed(URL & "Plain")') == '#table({"a", "b"}, {{1, {1}}, {2, null}})'


def test_a_service_of_version_3(service: Service) -> None:
    assert text_of(service, f'OData.Feed("{service.url}/three/"){{[Name = "Orders"]}}[Data][no]') == "{1, 2}"


def test_options_and_headers_are_sent(service: Service) -> None:
    options = (
        '[Headers = [A = "1"], Query = [tenant = "t"], ODataVersion = 4, OmitValues = "nulls", Implementation = "2.0",'
        ' IncludeAnnotations = "*", MoreColumns = true, Timeout = #duration(0, 0, 1, 0), EnableBatch = false]'
    )
    feed = f'OData.Feed(URL, [B = "2"], {options}){{[Name = "Customers"]}}[Data]'
    assert text_of(service, f"{feed}[More Columns]") == "{[extra = [deep = 1]], []}"
    assert text_of(service, f"Value.Metadata({feed}{{0}}[debt])") == '[Shop.note = "checked"]'
    assert all(("tenant", "t") in request.query for request in service.asked)
    for request in service.asked:
        sent = request.headers
        assert (sent["a"], sent["b"], sent["odata-maxversion"]) == ("1", "2", "4.0")
        assert sent["prefer"] == 'omit-values=nulls,odata.include-annotations="*"'
    assert text_of(service, "Table.RowCount(OData.Feed(URL, null, true))") == "2"


def test_a_key_goes_to_every_address(service: Service) -> None:
    connection = Connection("OData", f"{service.url}/s", Key(Secret("canary")))
    session = Session(connections=Connections([connection]))
    customers = CUSTOMERS.replace("URL", 'URL, null, [ApiKeyName = "k"]')
    text_of(service, f"{customers}[id]", session)
    assert len(service.asked) == 4
    assert all(("k", "canary") in request.query for request in service.asked)


def test_further_pages_are_served_by_the_same_connection(service: Service) -> None:
    first = Connection("OData", f"{service.url}/three")
    other = Connection("OData", f"{service.url}/three/Orders2", OAuth2(Secret("canary")))
    session = Session(connections=Connections([first, other]))
    with pytest.raises(MError, match="another connection serves"):
        text_of(service, f'OData.Feed("{service.url}/three/Orders")[no]', session)
    assert "/three/Orders2" not in [request.path for request in service.asked]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ('OData.Feed(URL & "Page")', "no JSON object"),
        ('OData.Feed(URL & "Two")', "version 2 of OData"),
        ('OData.Feed(URL & "Nothing")', "404"),
        ('OData.Feed(URL & "Circle")[no]', "circle"),
        ('OData.Feed(URL & "Away")[no]', "http://127.0.0.2:9"),
        ("OData.Feed(URL, null, [Quary = 1])", "'Quary' is no option of OData.Feed"),
        ("OData.Feed(URL, null, [ODataVersion = 2])", "'ODataVersion' of OData.Feed is 3 or 4"),
    ],
)
def test_what_goes_wrong_is_an_error_of_the_source(service: Service, expression: str, message: str) -> None:
    with pytest.raises(MError, match=r"Source|Expression") as caught:
        text_of(service, expression)
    assert message in caught.value.message


def test_a_value_of_another_type_is_an_error_cell(service: Service) -> None:
    wrong = 'OData.Feed(URL & "Wrong")'
    assert text_of(service, f"{wrong}{{1}}[no]") == "2"
    assert text_of(service, f"(try {wrong}{{0}}[no])[Error][Reason]") == '"DataFormat.Error"'


LAUGHS = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("entities", "expected"),
    [
        ('<!ENTITY x0 "y"><!ENTITY f SYSTEM "file:///etc/passwd">', '{"x"}'),
        (f'<!ENTITY x0 "y">{LAUGHS}<!ENTITY f "&x9;">', "DataFormat.Error"),
    ],
)
def test_a_metadata_document_fetches_nothing_and_does_not_grow(service: Service, entities: str, expected: str) -> None:
    document = f"<!DOCTYPE a [{entities}]><a>&x0;&f;</a>"
    usual = service.replies
    service.replies = lambda asked: Reply(document.encode()) if asked.path.endswith("$metadata") else usual(asked)
    outcome = 'try OData.Feed(URL & "Selected")[id] catch (e) => e[Reason]'
    assert text_of(service, outcome).strip('"') == expected


# -- anything at all ---------------------------------------------------------------------------------------------------

CONTEXTS = (
    "$metadata", "$metadata#Customers", "$metadata#Customers/$entity", "$metadata#Collection(Shop.Order)", "#Edm.Int32",
    "$metadata#Orders(no,at)", "$metadata#Customers('a')/orders", "http://[", "$metadata#Collection(Edm.Date)", 7,
)  # fmt: skip
WRONG = ("2024-02-30", "99:99:99", "P", "INF", "2024-01-01T00:00:00+99:00", "9999-12-31T23:59:60Z", "http://[")
NAMES = (
    "id", "since", "seen", "debt", "visits", "vip", "weight", "address", "tags", "orders", "boss", "no", "at", "took",
    "stamp", "@odata.id", "orders@odata.nextLink", "name", "url", "kind",
)  # fmt: skip
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
odd = scalars | st.sampled_from(WRONG)
entities = st.dictionaries(
    st.sampled_from(NAMES),
    odd | st.lists(odd, max_size=2) | st.dictionaries(st.text(max_size=3), odd, max_size=2),
    max_size=6,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "@odata.context": st.sampled_from(CONTEXTS),
        "value": odd | st.lists(entities | odd, max_size=3),
        "@odata.nextLink": odd,
        "id": odd,
    },
)


def members(value: Value) -> None:
    """Look at a value as far as nothing further is fetched."""
    if isinstance(value, Table):
        for row in value.rows():
            for cell in row:
                members(cell)
    elif isinstance(value, Record | List):
        for cell in value.values if isinstance(value, Record) else value.raw():
            members(cell)


def test_any_document_is_a_value_or_an_m_error() -> None:
    answer: list[object] = [None]

    def reply(asked: Asked) -> Reply:
        return Reply(METADATA.encode()) if asked.path.endswith("$metadata") else as_json(answer[0])

    with serving(reply) as service:

        @given(document=documents)
        @settings(max_examples=120, deadline=None)
        def check(document: dict[str, object]) -> None:
            answer[0] = document
            with contextlib.suppress(MError):
                members(evaluate(f'OData.Feed("{service.url}/s/")', session=Session(origins=[service.url])))

        check()
