"""A dataflow as files that a person can put under version control.

A folder holds ``dataflow.toml`` (see :mod:`headwater.dataflows.definitions.settings_file`) and a ``.pq`` file for each
query, named like the query; or, in place of those, one ``.pq`` file that is a section document. Characters that no
file's name can have on every system stand in it as ``%2F``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from headwater.dataflows.definitions.definition import DataflowDefinition
from headwater.dataflows.definitions.settings_file import SETTINGS_FILE, read_settings
from headwater.dataflows.definitions.settings_writing import settings_text
from headwater.errors import ConflictError, NotFoundError, UsageError
from headwater.powerquery.language import parse_document, syntax

__all__ = ["definition_files", "init_folder", "load_folder", "read_definition", "write_folder"]

SUFFIX = ".pq"

_ESCAPED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]|%(?=[0-9A-Fa-f]{2})|^\.|[. ]$')

_SAMPLE_SETTINGS = """# A dataflow: M queries (*.pq beside this file) and how they are refreshed.

[dataflow]
name = "{name}"
description = "What it is for."
load = ["greetings"]            # the queries that become tables; others are steps on the way
# owner = "ana"                 # who answers for it, and is told
# culture = "en-US"             # how text is read and written where M does not say
# time_zone = "UTC"             # of local times
# errors = "null"               # an error cell becomes null and is counted, or: "fail"
# schema_changes = "follow"     # other columns than before: "follow", "add" new ones only, or "fail"
# rescore = "all"               # when a model has a new version: rescore "all", "new_rows" only, or "never"
# retries = 2                   # after failures that may pass by themselves

# [schedule]
# cron = "0 6 * * *"            # every day at six
# time_zone = "Europe/Berlin"   # the dataflow's without it
# missed = "once"               # what was missed while nothing ran: run it "once", "skip" it, or run "all"

# [limits]
# parallel = 2                  # tables side by side
# memory = "2GB"
# time = "2h"
# rows = 10_000_000             # of a table

# [[notify]]
# email = "team@example.org"    # or person = "ben", or webhook = "https://example.org/hook"
# on = "failure"                # or "always"

# [entities.greetings]
# mode = "keyed"                # only changed rows are merged; "full" is the whole table, "partitioned" goes by period
# key = ["id"]
# gone = "remove"               # rows that the query no longer gives: "remove" or "keep"

# [groups]
# Staging = ["greetings"]

# [linked.customers]            # a name for another dataflow's table
# dataflow = "crm"
# entity = "customers"
"""

_SAMPLE_QUERY = """// A table of its own; File.Contents, PostgreSQL.Database, Web.Contents … read others'.
let
    Source = #table(type table [id = Int64.Type, name = text], {{1, "Ada"}, {2, "Grace"}}),
    Greeted = Table.AddColumn(Source, "greeting", each "Hello " & [name], type text)
in
    Greeted
"""


def read_definition(
    name: str, settings: Mapping[str, Any], queries: Mapping[str, str], section: str | None = None
) -> DataflowDefinition:
    """The definition that is given in parts.

    Args:
        name: of the dataflow.
        settings: the tables of a ``dataflow.toml``; a name in them has to be ``name``.
        queries: M texts by name, or none.
        section: or all of them as one section document.

    Raises:
        UsageError: a part says something that cannot be.
        MSyntaxError: a query cannot be read.
    """
    read = read_settings(settings, "settings")
    stated = settings.get("dataflow", {}).get("name", name)
    if stated != name:
        raise UsageError(
            f"The settings are those of a dataflow '{stated}', not of '{name}'.",
            hint="A dataflow keeps its name: leave it out of the settings, or save another dataflow.",
        )
    if section is None:
        return DataflowDefinition(name, dict(sorted(queries.items())), read)
    if queries:
        raise UsageError("Queries are given, and a section document, too.", hint="Give one of the two.")
    return DataflowDefinition.from_section(name, section, read, "section")


def load_folder(folder: Path) -> DataflowDefinition:
    """The definition that a folder's files hold.

    Raises:
        NotFoundError: there is no such folder, or no ``dataflow.toml`` in it.
        UsageError: a file says something that cannot be.
        MSyntaxError: a query cannot be read.
    """
    path = folder / SETTINGS_FILE
    if not path.is_file():
        raise NotFoundError(
            f"There is no dataflow in '{folder}'.", place=str(path), hint=f"A dataflow's folder has a {SETTINGS_FILE}."
        )
    document = _document(path)
    settings = read_settings(document, str(path))
    name = document.get("dataflow", {}).get("name", folder.resolve().name)
    texts = {file.name: _text(file) for file in sorted(folder.glob(f"*{SUFFIX}"))}
    sections = [file for file, text in texts.items() if _is_section(text, file)]
    if sections and len(texts) > 1:
        raise UsageError(
            f"'{sections[0]}' is a section document, and there are other queries beside it.",
            place=str(folder / sections[0]),
            hint=f"Keep all queries in it, or give each a {SUFFIX} file of its own.",
        )
    if sections:
        return DataflowDefinition.from_section(name, texts[sections[0]], settings, sections[0])
    queries = {unquote(file.removesuffix(SUFFIX)): text for file, text in texts.items()}
    return DataflowDefinition(
        name,
        dict(sorted(queries.items())),
        settings,
        {unquote(file.removesuffix(SUFFIX)): file for file in texts},
    )


def definition_files(definition: DataflowDefinition) -> dict[str, str]:
    """The files of a dataflow's folder, by name: :func:`load_folder` reads the same definition from them."""
    settings = {SETTINGS_FILE: settings_text(definition.name, definition.settings)}
    if definition.section is not None:
        return settings | {f"queries{SUFFIX}": definition.to_section()}
    names = _file_names(definition.queries)
    return settings | {names[query]: text for query, text in definition.queries.items()}


def write_folder(definition: DataflowDefinition, folder: Path, *, replace: bool = False) -> None:
    """Write a dataflow's files.

    Args:
        definition: the dataflow.
        folder: made where it is not there.
        replace: write over the dataflow that the folder holds; queries that are no more are removed from it.

    Raises:
        ConflictError: the folder is not empty, and no dataflow that may be replaced.
        UsageError: it cannot be written.
    """
    files = definition_files(definition)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (replace and (folder / SETTINGS_FILE).is_file()):
            raise ConflictError(
                f"The folder '{folder}' is not empty.",
                place=str(folder),
                hint="Name a new folder, or say that the dataflow in it is to be replaced.",
            )
        for file in folder.glob(f"*{SUFFIX}"):
            if file.name not in files:
                file.unlink()
        for name, text in files.items():
            # As bytes, so that every line end stays what it is.
            (folder / name).write_bytes(text.encode())
    except OSError as error:
        raise UsageError(
            f"The files cannot be written: {error.strerror or error}.",
            place=str(folder),
            hint="Name a folder that may be written.",
            code="file.unwritable",
        ) from error


def init_folder(folder: Path) -> None:
    """Begin a dataflow: a commented ``dataflow.toml`` and a query that runs.

    Raises:
        ConflictError: there is a dataflow in the folder.
        UsageError: it cannot be written, or its name is none for a dataflow.
    """
    if (folder / SETTINGS_FILE).exists():
        raise ConflictError(f"There is a dataflow in '{folder}'.", place=str(folder), hint="Name another folder.")
    settings = _SAMPLE_SETTINGS.replace("{name}", folder.resolve().name)
    DataflowDefinition(
        folder.resolve().name, {"greetings": _SAMPLE_QUERY}, read_settings(tomllib.loads(settings), str(folder))
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SETTINGS_FILE).write_text(settings, "utf-8")
        (folder / f"greetings{SUFFIX}").write_text(_SAMPLE_QUERY, "utf-8")
    except OSError as error:
        raise UsageError(
            f"The folder cannot be written: {error.strerror or error}.", place=str(folder), hint="Name another one."
        ) from error


def _file_names(queries: Iterable[str]) -> Mapping[str, str]:
    """A file's name for each query; names that differ in case only are told apart on every system."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for query in queries:
        name = _ESCAPED.sub(_escape, query)
        if name.casefold() in taken:
            name = "".join(f"%{byte:02X}" for byte in query.encode())
        taken.add(name.casefold())
        found[query] = f"{name}{SUFFIX}"
    return found


def _escape(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The file cannot be read: {error}.", place=str(path), hint="Correct the file.") from error


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(
            "The file cannot be read: it is not UTF-8 text.", place=str(file), hint="Save it as UTF-8."
        ) from error


def _is_section(text: str, file: str) -> bool:
    return isinstance(parse_document(text, file), syntax.Section)
