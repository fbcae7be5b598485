"""Privacy levels between a PostgreSQL database and files and services: in folded steps and in native queries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.engines.postgresql_server import Server, running
from tests.powerquery.connections.service import Reply, Service, serving

from headwater.errors import MError
from headwater.powerquery import Session, evaluate, on_deep_stack, to_text
from headwater.powerquery.connections import Connection, Connections, Privacy, UsernamePassword
from headwater.secret import Secret

CANARY = "canary-5d41402abc4b"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    for started in running():
        started.run("CREATE TABLE people (who text, age int)", "INSERT INTO people VALUES ('ann', 1), ('eve', 2)")
        yield started


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(lambda asked: Reply(asked.path.strip("/").encode())) as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "names.csv").write_text("ann\nbob\n")
    return tmp_path


class Sources:
    """A database, a folder and a service, each with a level; ``text_of`` fills in DB, FILE and WEB."""

    def __init__(self, server: Server, service: Service, folder: Path) -> None:
        self.server, self.service, self.folder = server, service, folder

    def text_of(self, source: str, database: Privacy, file: Privacy, web: Privacy) -> str:
        login = UsernamePassword("postgres", Secret(CANARY))
        connections = [
            Connection("PostgreSQL", self.server.folder, login, database),
            Connection("Folder", str(self.folder), privacy=file),
            Connection("Web", self.service.url, privacy=web),
        ]
        session = Session(folders=[self.folder], connections=Connections(connections))
        source = source.replace("SERVER", f'PostgreSQL.Database("{self.server.folder}", "postgres")')
        source = source.replace("DB", 'SERVER{[Schema = "public", Item = "people"]}[Data]').replace(
            "SERVER", f'PostgreSQL.Database("{self.server.folder}", "postgres")'
        )
        source = source.replace("FILE", f'Csv.Document(File.Contents("{self.folder}/names.csv"))')
        source = source.replace("WEB", f'"{self.service.url}/"')
        return on_deep_stack(lambda: to_text(evaluate(source, session=session)))

    def refused(self, source: str, database: Privacy, file: Privacy, web: Privacy) -> str:
        with pytest.raises(MError) as caught:
            self.text_of(source, database, file, web)
        assert caught.value.reason == "Formula.Firewall", caught.value
        assert CANARY not in str(caught.value.to_dict())
        return caught.value.message


@pytest.fixture
def sources(server: Server, service: Service, folder: Path) -> Sources:
    return Sources(server, service, folder)


PUBLIC, ORGANIZATIONAL, PRIVATE = Privacy.PUBLIC, Privacy.ORGANIZATIONAL, Privacy.PRIVATE

INTO_DATABASE = {
    "a filter": "let N = FILE{0}[Column1], Found = Table.SelectRows(DB, each [who] = N) in Found[age]",
    "a native query": (
        'let N = FILE{0}[Column1], Sql = "SELECT age FROM people WHERE who = \'" & N & "\'", '
        "Found = Value.NativeQuery(SERVER, Sql) in Found[age]"
    ),
    "its parameters": (
        "let N = FILE{0}[Column1], Found = Value.NativeQuery(SERVER, "
        '"SELECT age FROM people WHERE who = @n", [n = N]) in Found[age]'
    ),
}


@pytest.mark.parametrize("source", INTO_DATABASE.values(), ids=INTO_DATABASE)
def test_a_files_data_go_into_a_database_only_where_levels_allow(sources: Sources, source: str) -> None:
    message = sources.refused(source, ORGANIZATIONAL, PRIVATE, PUBLIC)
    assert "The step 'Found' would send data of Folder" in message
    assert f"to PostgreSQL {sources.server.folder}, which is Organizational" in message
    assert sources.text_of(source, ORGANIZATIONAL, ORGANIZATIONAL, PUBLIC) == "{1}"
    assert sources.text_of(source, PRIVATE, PUBLIC, PUBLIC) == "{1}"


FROM_DATABASE = {
    "an address": "let A = DB{0}[who], Asked = Web.Contents(WEB & A) in Text.FromBinary(Asked)",
    "row by row": (
        'let Asked = Table.AddColumn(DB, "x", each Text.FromBinary(Web.Contents(WEB & [who]))) in Asked{[age = 1]}[x]'
    ),
    "a count": "let n = Table.RowCount(DB), Asked = Web.Contents(WEB & Text.From(n)) in Text.FromBinary(Asked)",
}


@pytest.mark.parametrize("source", FROM_DATABASE.values(), ids=FROM_DATABASE)
def test_a_databases_rows_go_to_the_web_only_where_levels_allow(sources: Sources, source: str) -> None:
    message = sources.refused(source, ORGANIZATIONAL, PUBLIC, PUBLIC)
    assert "The step 'Asked' would send data of PostgreSQL" in message
    assert sources.service.asked == []
    assert sources.text_of(source, ORGANIZATIONAL, PUBLIC, ORGANIZATIONAL) in {'"ann"', '"2"'}


def test_what_is_joined_here_is_sent_nowhere(sources: Sources) -> None:
    joined = 'let J = Table.NestedJoin(DB, "who", FILE, "Column1", "f", JoinKind.Inner) in J[age]'
    assert sources.text_of(joined, ORGANIZATIONAL, PRIVATE, PUBLIC) == "{1}"
    beside = 'let A = DB{0}[age], B = FILE{0}[Column1], C = Text.FromBinary(Web.Contents(WEB & "x")) in {A, B, C}'
    assert sources.text_of(beside, PRIVATE, PRIVATE, PUBLIC) == '{1, "ann", "x"}'
