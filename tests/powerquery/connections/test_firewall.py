"""Privacy levels: what may be sent where, told from the text, whatever the order in which steps are evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from tests.powerquery.connections.service import Reply, Service, serving

from headwater.errors import MError
from headwater.plan import types as p
from headwater.plan.databases import DatabaseScan, TableName
from headwater.plan.nodes import Column, Node
from headwater.powerquery import PlanTable, Session, evaluate, evaluate_queries, on_deep_stack, to_text
from headwater.powerquery.connections import Connection, Connections, Privacy
from headwater.powerquery.connections.privacy import may_flow
from headwater.powerquery.values.core import Thunk, Value

LEVELS = [Privacy.NONE, Privacy.PUBLIC, Privacy.ORGANIZATIONAL, Privacy.PRIVATE]


@pytest.fixture
def service() -> Iterator[Service]:
    """Answers with the path it was asked for."""
    with serving(lambda asked: Reply(asked.path.strip("/").encode())) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "people.csv").write_text("ann\nbob\n")
    return tmp_path


def session_of(
    service: Service, folder: Path, file: Privacy = Privacy.PRIVATE, web: Privacy = Privacy.PUBLIC, ignore: bool = False
) -> Session:
    sources = [("Web", service.url, web), ("OData", service.url, web), ("Folder", str(folder), file)]
    connections = [Connection(kind, path, privacy=privacy) for kind, path, privacy in sources]
    return Session(folders=[folder], connections=Connections(connections), ignore_privacy=ignore)


def complete(source: str, service: Service, folder: Path) -> str:
    """The text with ``FILE`` (the rows of a file of people) and ``WEB`` (an address) filled in."""
    rows = f'Csv.Document(File.Contents("{folder}/people.csv"))'
    return source.replace("FILE", rows).replace("WEB", f'"{service.url}/"')


def value_of(source: str, service: Service, folder: Path, session: Session | None = None) -> str:
    def work() -> str:
        return to_text(evaluate(complete(source, service, folder), session=session or session_of(service, folder)))

    return on_deep_stack(work)


SENDS = {
    "in one expression": "Web.Contents(WEB & FILE{0}[Column1])",
    "by steps": "let P = FILE, name = P{0}[Column1], Asked = Web.Contents(WEB & name) in Asked",
    "by a step that was evaluated before": (
        "let P = FILE, name = P{0}[Column1], n = Text.Length(name), Asked = Web.Contents(WEB & name) "
        "in if n > 0 then Asked else null"
    ),
    "row by row": 'let Asked = Table.AddColumn(FILE, "x", each Web.Contents(WEB & [Column1])) in Asked{0}[x]',
    "row by row, function named": (
        "let Ask = (name) => Web.Contents(WEB & name), L = List.Transform(FILE[Column1], Ask) in L{0}"
    ),
    "the function handed on": (
        "let L = List.Transform(FILE[Column1], each WEB & _) in List.Transform(L, Web.Contents){0}"
    ),
    "the function taken from the library": (
        'let name = FILE{0}[Column1] in Record.Field(#shared, "Web.Contents")(WEB & name)'
    ),
    "by a function of M text": (
        "let name = FILE{0}[Column1], names = [u = WEB & name, Web.Contents = Web.Contents] "
        'in Expression.Evaluate("Web.Contents(u)", names)'
    ),
    "in the query": "Web.Contents(WEB, [Query = [q = FILE{0}[Column1]]])",
    "as content": "Web.Contents(WEB, [Content = Text.ToBinary(FILE{0}[Column1])])",
    "through a record": "let R = [rows = FILE, first = rows{0}] in Web.Contents(WEB & R[first][Column1])",
    "through a function that reads": ("let Read = (at) => FILE{at}[Column1] in Web.Contents(WEB & Read(1))"),
    "through a parameter of a function around": (
        "let F = (rows) => let name = rows{0}[Column1] in Web.Contents(WEB & name) in F(FILE)"
    ),
    "by a bound recursion": (
        "let Last = (l) => if List.Count(l) = 1 then l{0} else @Last(List.Skip(l)), last = Last(FILE[Column1]) "
        "in Web.Contents(WEB & last)"
    ),
    "within a function, beside a call of itself": (
        'let F = (x, deep) => let b = x & "!" in '
        'if deep then b else Text.FromBinary(Web.Contents(WEB & @F("q", true) & b)), '
        "Asked = F(FILE{0}[Column1], false) in Asked"
    ),
    "to a feed, in its query": "OData.Feed(WEB, null, [Query = [q = FILE{0}[Column1]]])",
    "to a feed": "OData.Feed(WEB & FILE{0}[Column1])",
}
STAYS = {
    "both read, one beside the other": "{FILE{0}[Column1], Text.FromBinary(Web.Contents(WEB & \"x\"))}",
    "joined here": (
        "let P = FILE, W = Csv.Document(Web.Contents(WEB & \"ann\")), "
        "J = Table.NestedJoin(P, \"Column1\", W, \"Column1\", \"w\") in Table.RowCount(J)"
    ),
    "the address made of something else": (
        "let P = FILE, n = P{0}[Column1], id = \"x\", A = Text.FromBinary(Web.Contents(WEB & id)) in n & A"
    ),
    "the address made by a function": (
        'let Upper = (s) => Text.Upper(s), n = FILE{0}[Column1], A = Text.FromBinary(Web.Contents(WEB & Upper("x"))) '
        "in n & A"
    ),
    "a column made of something else": (
        'let T = Table.AddColumn(FILE, "x", each Text.FromBinary(Web.Contents(WEB & "same"))) in T{0}[x]'
    ),
    "the address of one step used in both": (
        "let u = WEB, P = FILE, n = P{0}[Column1], W = Text.FromBinary(Web.Contents(u)) in n & W"
    ),
    "what is public goes anywhere": (
        'let name = Text.FromBinary(Web.Contents(WEB & "people.csv")), F = FILE in F{0}[Column1] & name'
    ),
}  # fmt: skip


@pytest.mark.parametrize("source", SENDS.values(), ids=SENDS)
def test_private_data_are_sent_nowhere(source: str, service: Service, folder: Path) -> None:
    with pytest.raises(MError) as caught:
        value_of(source, service, folder)
    error = caught.value
    assert error.reason == "Formula.Firewall", error
    assert f"Folder {folder}, which is Private" in error.message
    assert service.url in error.message
    assert "which is Public" in error.message
    assert service.asked == []


@pytest.mark.parametrize("source", SENDS.values(), ids=SENDS)
def test_the_same_is_allowed_where_levels_allow_it(source: str, service: Service, folder: Path) -> None:
    if "OData" not in source:
        for session in (
            session_of(service, folder, Privacy.PUBLIC, Privacy.PUBLIC),
            session_of(service, folder, Privacy.ORGANIZATIONAL, Privacy.ORGANIZATIONAL),
            session_of(service, folder, Privacy.NONE, Privacy.NONE),
            session_of(service, folder, Privacy.PRIVATE, Privacy.PUBLIC, ignore=True),
        ):
            value_of(source, service, folder, session)
        assert len(service.asked) >= 4


@pytest.mark.parametrize("source", STAYS.values(), ids=STAYS)
def test_what_is_not_sent_is_no_matter(source: str, service: Service, folder: Path) -> None:
    value_of(source, service, folder)
    assert service.asked


def test_the_error_names_the_step(service: Service, folder: Path) -> None:
    for source in (SENDS["by steps"], SENDS["row by row"]):
        with pytest.raises(MError, match="The step 'Asked' would send data of Folder"):
            value_of(source, service, folder)


def test_a_source_may_be_sent_its_own_data(service: Service, folder: Path) -> None:
    session = session_of(service, folder, web=Privacy.PRIVATE)
    own = 'let Token = Text.FromBinary(Web.Contents(WEB & "token")) in Text.FromBinary(Web.Contents(WEB & Token & "2"))'
    assert value_of(own, service, folder, session) == '"token2"'


def test_it_works_in_both_directions(service: Service, folder: Path) -> None:
    """A path of a file is sent to a file system, which may be one on the network."""
    session = session_of(service, folder, file=Privacy.PUBLIC, web=Privacy.PRIVATE)
    read = f'let name = Text.FromBinary(Web.Contents(WEB & "people.csv")) in File.Contents("{folder}/" & name)'
    with pytest.raises(MError, match=f"Web {service.url}, which is Private, to Folder"):
        value_of(read, service, folder, session)


def test_queries_of_a_dataflow_are_followed_by_name(service: Service, folder: Path) -> None:
    queries = {
        "People": complete("FILE", service, folder),
        "First": "People{0}[Column1]",
        "Ask": complete("let Asked = Web.Contents(WEB & First) in Asked", service, folder),
        "Other": complete('Text.FromBinary(Web.Contents(WEB & "x"))', service, folder),
    }
    session = session_of(service, folder)
    record = evaluate_queries(queries, session, {})

    def member(name: str) -> Value:
        return on_deep_stack(lambda: record.get(name))

    assert member("First") == "ann"
    assert member("Other") == "x"
    with pytest.raises(MError, match="The step 'Asked' would send data"):
        member("Ask")


def test_members_of_a_section_are_followed_by_name(service: Service, folder: Path) -> None:
    section = "section S; shared People = FILE; shared Ask = Web.Contents(WEB & S!People{0}[Column1]);"
    record = evaluate(complete(section, service, folder), session=session_of(service, folder))
    with pytest.raises(MError, match="The step 'Ask' would send data"):
        on_deep_stack(lambda: record.get("Ask"))


def test_the_rule() -> None:
    allowed = {
        (source, into)
        for source in LEVELS
        for into in LEVELS
        if may_flow(Connection("Web", "a", privacy=source), Connection("Web", "b", privacy=into))
    }
    none, public, organizational, private = LEVELS
    assert allowed == {
        *((source, into) for source in (none, public) for into in LEVELS),
        (organizational, organizational),
        (organizational, private),
    }


# -- what is folded into a database ------------------------------------------------------------------------------------


class Rows:
    """A database of one table that runs nothing itself."""

    name = "PostgreSQL 'localhost;shop'"

    def accepted(self, nodes: Sequence[Node], *, careful: bool) -> frozenset[int]:
        return frozenset(id(node) for node in nodes if isinstance(node, DatabaseScan))

    def sql(self, plan: Node) -> str:
        return "the table"

    def reader(self, plan: Node, batch_rows: int) -> pa.RecordBatchReader:
        names = [column.id for column in plan.columns]
        return pa.table({name: ["ann", "eve"] for name in names}).to_reader()


def over_database(source: str, service: Service, folder: Path, into: Privacy, *, ignore: bool = False) -> str:
    """``DB`` is a table of a database with the level ``into``, the file's folder being Private."""
    connections = [Connection("PostgreSQL", "localhost", privacy=into)]
    connections += [Connection("Folder", str(folder), privacy=Privacy.PRIVATE)]
    session = Session(folders=[folder], connections=Connections(connections), ignore_privacy=ignore)
    columns = (Column("c", "who", p.TEXT),)
    scan = DatabaseScan(Rows(), TableName("public", "t"), columns, ("who",), ("text",), None)

    def table() -> Value:
        session.connection("PostgreSQL", "localhost;shop")
        return PlanTable(scan, session)

    session.environment = {"DB": Thunk(table)}
    return value_of(source, service, folder, session)


@pytest.mark.parametrize("into", [Privacy.NONE, Privacy.PUBLIC, Privacy.ORGANIZATIONAL])
def test_constants_of_a_file_are_not_folded_into_a_database(service: Service, folder: Path, into: Privacy) -> None:
    filtered = "let name = FILE{0}[Column1], Found = Table.SelectRows(DB, each [who] = name) in Found[who]"
    with pytest.raises(MError, match=r"Formula\.Firewall: The step 'Found' would send data of Folder .* PostgreSQL"):
        over_database(filtered, service, folder, into)
    assert over_database(filtered, service, folder, into, ignore=True) == '{"ann"}'
    assert over_database('let n = FILE{0}[Column1] in {Table.SelectRows(DB, each [who] = "eve")[who], n}', service,
                         folder, into) == '{{"eve"}, "ann"}'  # fmt: skip


def test_what_is_read_here_may_be_joined_here(service: Service, folder: Path) -> None:
    joined = 'Table.Join(DB, "who", FILE, "Column1")[who]'
    assert over_database(joined, service, folder, Privacy.PUBLIC) == '{"ann"}'
