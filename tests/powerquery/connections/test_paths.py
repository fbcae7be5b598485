"""Folders that M may read, paths of another machine, and how a folder is listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from headwater.errors import MError
from headwater.powerquery import Session, evaluate, to_text


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with files, and beside it one that nobody granted."""
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.csv").write_text("x")
    (folder / ".hidden").write_text("")
    (folder / "sub" / "b.TXT").write_text("yz")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret.txt").write_text("s")
    return folder


def text_of(expression: str, session: Session) -> str:
    return to_text(evaluate(expression, session=session))


def denied(expression: str, session: Session) -> MError:
    with pytest.raises(MError) as caught:
        text_of(expression, session)
    assert caught.value.code == "m.access_denied", caught.value
    return caught.value


@pytest.mark.parametrize(
    ("there", "path"),
    [
        (r"C:\data", r"C:\data\a.csv"),
        (r"C:\data", r"c:/DATA/a.csv"),
        ("C:\\data\\", r"C:\data\sub\..\a.csv"),
        (r"\\server\share", r"\\SERVER\share\a.csv"),
        ("/mnt/data", "/mnt/data/a.csv"),
    ],
)
def test_a_mapped_path_is_read_here(data: Path, there: str, path: str) -> None:
    session = Session(path_map={there: data})
    assert text_of(f'Text.FromBinary(File.Contents("{path}"))', session) == '"x"'


def test_the_longest_mapped_path_wins(data: Path) -> None:
    session = Session(path_map={r"C:\d": data.parent / "other", r"C:\d\sub": data})
    assert text_of(r'Text.FromBinary(File.Contents("C:\d\sub\a.csv"))', session) == '"x"'
    assert text_of(r'Text.FromBinary(File.Contents("C:\d\secret.txt"))', session) == '"s"'


def test_a_mapped_path_leads_no_further_than_its_folder(data: Path) -> None:
    session = Session(path_map={r"C:\data": data})
    (data / "link").symlink_to(data.parent / "other")
    for path in (r"C:\data\..\other\secret.txt", r"C:\data\link\secret.txt", r"C:\database\a.csv", r"C:\a.csv"):
        denied(f'File.Contents("{path}")', session)
    assert "--map" in denied(r'File.Contents("D:\a.csv")', session).hint
    assert "--map" in denied(r'File.Contents("\\server\share\a.csv")', session).hint
    assert "--allow-folder" in denied('File.Contents("/etc/passwd")', session).hint


def test_listed_paths_are_those_of_the_other_machine_and_can_be_read(data: Path) -> None:
    session = Session(path_map={r"C:\data": data})
    files = r'Folder.Files("C:\data")'
    assert text_of(f'Table.SelectColumns({files}, {{"Folder Path", "Name"}})', session) == (
        '#table(type table [#"Folder Path" = text, Name = text], '
        r'{{"C:\data\", ".hidden"}, {"C:\data\", "a.csv"}, {"C:\data\sub\", "b.TXT"}})'
    )
    again = f"List.Transform(Table.ToRecords({files}), each Text.FromBinary(File.Contents([Folder Path] & [Name])))"
    assert text_of(again, session) == '{"", "x", "yz"}'


def test_a_folders_contents_lead_into_its_folders(data: Path) -> None:
    session = Session(folders=[data])
    contents = f'Folder.Contents("{data}")'
    assert text_of(f"{contents}[Name]", session) == '{".hidden", "a.csv", "sub"}'
    assert text_of(f"{contents}[Extension]", session) == '{"", ".csv", ""}'
    inner = f'{contents}{{[Name = "sub", Folder Path = "{data}/"]}}[Content]'
    named = f"Record.FieldValues({inner}{{0}}[[Name], [Folder Path]])"
    assert text_of(named, session) == f'{{"b.TXT", "{data}/sub/"}}'
    assert text_of(f'Text.FromBinary({inner}{{[Name = "b.TXT"]}}[Content])', session) == '"yz"'
    assert text_of(f'Text.FromBinary({contents}{{[Name = "a.csv"]}}[Content])', session) == '"x"'


def test_attributes_say_what_an_entry_is(data: Path) -> None:
    session = Session(folders=[data])
    chosen = 'each Record.FieldValues(Record.SelectFields(_, {"Kind", "Size", "Hidden", "Directory"}))'
    listed = f'List.Transform(Folder.Contents("{data}")[Attributes], {chosen})'
    assert text_of(listed, session).startswith('{{"File", 0, true, false}, {"CSV File", 1, false, false}, {"Folder", ')
    typed = f'Folder.Contents("{data}"){{[Name = "a.csv"]}}[Attributes][Content Type]'
    assert text_of(typed, session) == '"text/csv"'


def test_a_folder_that_leads_out_is_listed_and_not_opened(data: Path) -> None:
    (data / "away").symlink_to(data.parent / "other")
    session = Session(folders=[data])
    contents = f'Folder.Contents("{data}")'
    assert '"away"' in text_of(f"{contents}[Name]", session)
    denied(f'{contents}{{[Name = "away"]}}[Content]', session)


@pytest.mark.parametrize("function", ["File.Contents", "Folder.Files", "Folder.Contents"])
def test_options_are_known_or_refused(data: Path, function: str) -> None:
    session = Session(folders=[data])
    path = data / "a.csv" if function == "File.Contents" else data
    text_of(f'{function}("{path}", [PreserveLastAccessTimes = true])', session)
    with pytest.raises(MError, match=f"'Deep' is no option of {function}"):
        text_of(f'{function}("{path}", [Deep = true])', session)
    with pytest.raises(MError, match=r"DataSource\.NotFound"):
        text_of(f'{function}("{data}/none")', session)
