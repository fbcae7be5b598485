"""Soda.Feed and Hdfs.Contents and Files against services on loopback."""

from __future__ import annotations

import json

import pytest
from tests.powerquery.connections.service import Asked, Reply, Service, serving

from headwater.errors import MError
from headwater.powerquery import Session, evaluate, to_text
from headwater.powerquery.library.data import soda


def text_of(service: Service, expression: str) -> str:
    return to_text(evaluate(expression.replace("URL", service.url), session=Session(origins=[service.url])))


TYPED = {
    "X-SODA2-Fields": '["id","ok","at","price","name"]',
    "X-SODA2-Types": '["number","checkbox","floating_timestamp","money","text"]',
}


def paged(rows: list[str]) -> Reply:
    return Reply("\n".join(['"id","ok","at","price","name"', *rows]).encode(), headers=TYPED)


def test_soda_rows_have_types_and_come_in_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soda, "PAGE_ROWS", 2)
    every = ['1,true,2024-02-29T08:30:00.000,2.5,"a ""b"""', "2,,,,", "x,maybe,,,c"]

    def reply(asked: Asked) -> Reply:
        at = int(dict(asked.query)["$offset"])
        return paged(every[at : at + 2])

    with serving(reply) as service:
        feed = 'Soda.Feed("URL/resource/abcd.csv")'
        assert text_of(service, f"List.FirstN(Table.ToRows({feed}), 2)") == (
            '{{1, true, #datetime(2024, 2, 29, 8, 30, 0), 2.5, "a ""b"""}, {2, null, null, null, null}}'
        )
        assert text_of(service, f'Type.TableColumn(Value.Type({feed}), "price")') == "type nullable number"
        assert text_of(service, f"{feed}[name]") == '{"a ""b""", null, "c"}'
        assert text_of(service, f"(try {feed}{{2}}[ok])[Error][Reason]") == '"DataFormat.Error"'
        assert [dict(asked.query)["$offset"] for asked in service.asked][-2:] == ["0", "2"]


def test_a_soda_address_with_a_limit_is_asked_for_as_it_is() -> None:
    with serving(lambda _: Reply(b"a,b\n1,2\n")) as service:
        assert text_of(service, 'Table.ToRows(Soda.Feed("URL/x.csv?$limit=1"))') == '{{"1", "2"}}'
        assert service.queries() == [[("$limit", "1")]]
        with pytest.raises(MError, match=r"ends in '\.csv'"):
            text_of(service, 'Soda.Feed("URL/x.json")')


def status(name: str, kind: str = "FILE", length: int = 3) -> dict[str, object]:
    return {"pathSuffix": name, "type": kind, "length": length, "modificationTime": 1709195400500, "accessTime": 0}


def hadoop(asked: Asked) -> Reply:
    match asked.path, dict(asked.query)["op"]:
        case "/webhdfs/v1/data", "LISTSTATUS":
            listed = [status("b c.csv"), status("sub", "DIRECTORY", 0)]
        case "/webhdfs/v1/data/sub", "LISTSTATUS":
            listed = [status("deep.txt"), status("away.txt")]
        case "/webhdfs/v1/data/b c.csv", "OPEN":
            return Reply(json.dumps({"Location": f"http://{asked.headers['host']}/node?op=READ"}).encode())
        case "/webhdfs/v1/data/sub/deep.txt", "OPEN":
            return Reply(b"deep")
        case "/webhdfs/v1/data/sub/away.txt", "OPEN":
            return Reply(b'{"Location": "http://127.0.0.2:9/x"}')
        case "/node", "READ":
            return Reply(b"1,2")
        case _:
            return Reply(b"{}")
    return Reply(json.dumps({"FileStatuses": {"FileStatus": listed}}).encode())


def test_hadoop_folders_are_listed_and_read() -> None:
    with serving(hadoop) as service:
        contents = 'Hdfs.Contents("URL/data/")'
        assert text_of(service, f"Table.RowCount({contents})") == "2"
        first = f'Record.FieldValues(Record.SelectFields({contents}{{0}}, {{"Name", "Extension", "Date modified"}}))'
        assert text_of(service, first) == '{"b c.csv", ".csv", #datetime(2024, 2, 29, 8, 30, 0.5)}'
        assert text_of(service, f"{contents}[Attributes]{{0}}") == '[Kind = "CSV File", Size = 3, Directory = false]'
        assert text_of(service, f"Text.FromBinary({contents}{{0}}[Content])") == '"1,2"'
        inner = f'{contents}{{[Name = "sub"]}}[Content]{{[Name = "deep.txt"]}}'
        assert text_of(service, f"Text.FromBinary({inner}[Content])") == '"deep"'
        files = 'Hdfs.Files("URL/webhdfs/v1/data")'
        assert text_of(service, f"{files}[Name]") == '{"b c.csv", "away.txt", "deep.txt"}'
        assert text_of(service, f"{files}{{1}}[Folder Path]").endswith('/webhdfs/v1/data/sub/"')
        with pytest.raises(MError, match=r"no connection for the data source Hdfs 'http://127\.0\.0\.2:9/x'"):
            text_of(service, f"{files}{{1}}[Content]")
        with pytest.raises(MError, match="does not list a folder"):
            text_of(service, 'Hdfs.Contents("URL/other")[Name]')
