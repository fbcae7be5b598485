"""``headwater dataflow``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.actor import as_machine, machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import say, show, show_json

if TYPE_CHECKING:
    from headwater.app.dataflows import Dataflows
    from headwater.dataflows import DataflowDefinition
    from headwater.errors import Finding

__all__ = ["app"]

app = typer.Typer(help="Dataflows: write them, check them, save them, look at them.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="A dataflow.")]
FolderArgument = Annotated[Path, typer.Argument(help="A folder with dataflow.toml and .pq files.")]
EitherArgument = Annotated[str, typer.Argument(help="A dataflow's folder, or the name of one that is saved.")]
CommentOption = Annotated[str, typer.Option("--comment", help="Why, for the history.")]


@app.command("init")
def init(folder: FolderArgument) -> None:
    """Begin a dataflow in a folder: commented settings, and a query that runs."""
    from headwater.dataflows.definitions.folders import init_folder

    init_folder(folder)
    say(f"a dataflow begins in {folder}: change its files, then 'headwater dataflow apply {folder}'")


@app.command("apply")
def apply(
    folder: FolderArgument,
    collection: Annotated[str, typer.Option("--collection", help="Where a new one goes.")] = "root",
    comment: CommentOption = "",
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Have it run with your rights from now on, in place of another's.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Save the dataflow that a folder holds, once it has been checked."""
    from headwater.dataflows.definitions.folders import load_folder

    with as_machine(home) as (headwater, actor):
        saved = headwater.flows.apply(
            actor, load_folder(folder), collection=collection, comment=comment, take_over=take_over
        )
    _say_findings([finding for finding in saved.findings if finding.severity == "warning"])
    found = saved.dataflow
    say(f"dataflow {found.name}, version {found.version}: {', '.join(found.definition.queries)}")


@app.command("validate")
def validate(dataflow: EitherArgument, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Say what stands against saving a dataflow, and what can only be checked when it runs."""
    from headwater.errors import DefinitionError

    with as_machine(home) as (headwater, actor):
        definition = _definition(headwater.flows, dataflow)
        findings = headwater.flows.validate(actor, definition)
    if as_json:
        show_json([asdict(finding) for finding in findings])
    else:
        _show_findings(findings)
    if any(finding.severity == "error" for finding in findings):
        raise DefinitionError(definition.name, findings)
    say(f"dataflow {definition.name}: nothing stands against it")


@app.command("diff")
def diff(
    dataflow: EitherArgument,
    versions: Annotated[tuple[int, int] | None, typer.Option("--versions", help="From one version to another.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show what applying a folder would change, or what a version changed: the newest, or from one to another."""
    from headwater.dataflows.definitions.folders import load_folder

    with as_machine(home) as (headwater, actor):
        if versions is None and _is_folder(dataflow):
            text = headwater.flows.diff_to(actor, load_folder(Path(dataflow)), dataflow)
        else:
            name = load_folder(Path(dataflow)).name if _is_folder(dataflow) else dataflow
            text = headwater.flows.diff(actor, name, *(versions or ()))
    if text:
        show(text.removesuffix("\n"))
    else:
        say("no difference")


@app.command("show")
def show_dataflow(
    name: NameArgument,
    version: Annotated[int | None, typer.Option("--version", help="As it was then.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write its files into this folder.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over the dataflow in that folder.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print a dataflow's settings and queries, or write its files."""
    from headwater.dataflows.definitions.folders import definition_files, write_folder

    with as_machine(home) as (headwater, actor):
        definition = headwater.flows.definition(actor, name, version)
    if out is not None:
        write_folder(definition, out, replace=replace)
        say(f"dataflow {name} is in {out}")
        return
    for file, text in definition_files(definition).items():
        show(f"# {file}\n{text.rstrip()}\n")


@app.command("history")
def history(name: NameArgument, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List a dataflow's versions, the newest first: number, when, who, why."""
    with as_machine(home) as (headwater, actor):
        versions = headwater.flows.versions(actor, name)
    if as_json:
        show_json(versions)
        return
    for each in versions:
        show(f"{each.version}\t{each.saved_at:%Y-%m-%d %H:%M} UTC\t{each.saved_by}\t{each.comment}")


@app.command("delete")
def delete(
    name: NameArgument,
    force: Annotated[bool, typer.Option("--force", help="Although other dataflows link to its tables.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Remove a dataflow with its tables, history and schedule."""
    with as_machine(home) as (headwater, actor):
        headwater.flows.remove(actor, name, force=force)
    say(f"dataflow {name} is gone")


@app.command("take-over")
def take_over(name: NameArgument, comment: CommentOption = "", home: HomeOption = DEFAULT_HOME) -> None:
    """Have a dataflow run with your rights from now on."""
    with as_machine(home) as (headwater, actor):
        saved = headwater.flows.take_over(actor, name, comment=comment).dataflow
    say(f"dataflow {name}, version {saved.version}, runs with the rights of {saved.saved_by}")


@app.command("list")
def list_dataflows(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the dataflows with their latest refresh."""
    with as_machine(home) as (headwater, actor):
        found = [(each, headwater.refreshes(actor, each.name, limit=1)) for each in headwater.flows.list(actor)]
    if as_json:
        show_json(
            [
                {"name": each.name, "version": each.version, "collection": each.collection, "saved_by": each.saved_by,
                 "latest_refresh": latest[0] if latest else None}
                for each, latest in found
            ]
        )  # fmt: skip
        return
    for each, latest in found:
        state = f"{latest[0].status} {latest[0].started_at:%Y-%m-%d %H:%M} UTC" if latest else "never refreshed"
        show(f"{each.name}\tversion {each.version}\t{state}")


@app.command("import")
def import_model(
    file: Annotated[Path, typer.Argument(help="A model.json that Power BI exported.")],
    out: Annotated[Path, typer.Option("--out", help="The folder that its files are written into.")],
    replace: Annotated[bool, typer.Option("--replace", help="Write over the dataflow in that folder.")] = False,
) -> None:
    """Make a dataflow's folder of Power BI's model.json, and name what does not carry over."""
    from headwater.app.dataflows import read_model_file
    from headwater.dataflows.definitions.folders import write_folder

    imported = read_model_file(file)
    write_folder(imported.definition, out, replace=replace)
    _say_notes(imported.notes)
    say(f"dataflow {imported.definition.name} is in {out}: look at it, then 'headwater dataflow apply {out}'")


@app.command("export")
def export_model(
    name: NameArgument,
    out: Annotated[Path | None, typer.Option("--out", help="The file; without one it is printed.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a dataflow as Power BI's model.json, and name what does not carry over."""
    from headwater.app.dataflows import write_model_file

    with as_machine(home) as (headwater, actor):
        exported = headwater.flows.export_model(actor, name)
    if out is None:
        show_json(exported.document)
    else:
        write_model_file(exported.document, out)
    _say_notes(exported.notes)


def _say_notes(notes: Sequence[str]) -> None:
    for note in notes:
        say(f"does not carry over: {note}")


def _is_folder(dataflow: str) -> bool:
    from headwater.dataflows.definitions.settings_file import SETTINGS_FILE

    return (Path(dataflow) / SETTINGS_FILE).is_file()


def _definition(flows: Dataflows, dataflow: str) -> DataflowDefinition:
    from headwater.dataflows.definitions.folders import load_folder

    return load_folder(Path(dataflow)) if _is_folder(dataflow) else flows.definition(machine(), dataflow)


def _line(finding: Finding) -> str:
    place = f"{finding.place}: " if finding.place else ""
    return f"{finding.severity} {place}{finding.message}{f' {finding.hint}' if finding.hint else ''}"


def _show_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        show(_line(finding))


def _say_findings(findings: Sequence[Finding]) -> None:
    for finding in findings:
        say(_line(finding))
