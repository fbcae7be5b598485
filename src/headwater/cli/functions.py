"""``headwater functions``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.actor import as_machine
from headwater.cli.credentials import NetworkOption
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import progress, say, show, show_json
from headwater.errors import UsageError

if TYPE_CHECKING:
    from headwater.app.functions.results import ResultTable
    from headwater.app.functions.schemas import GivenSchema

__all__ = ["app"]

app = typer.Typer(help="Models as functions: list them, call them, give them a schema.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(help="A function: SOURCE.MODEL, SOURCE.MODEL@VERSION or @ALIAS.")]

#: So many kinds of failure are told of.
_MOST_MESSAGES = 5


@app.command("list")
def list_functions(
    source: Annotated[str | None, typer.Option(help="Of this source alone.")] = None,
    search: Annotated[str, typer.Option(help="Those whose name or description holds this.")] = "",
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the functions there are: name, version, and signature, or why a model is none."""
    from headwater.app.functions.descriptions import listing

    with as_machine(home) as (headwater, actor):
        found, problems = listing(headwater.functions, actor, source=source, search=search)
    if as_json:
        show_json([one.to_dict() for one in found])
    else:
        for one in found:
            show(f"{one.found.name.function}\t{one.found.version}\t{one.signature or f'not callable: {one.reason}'}")
    for name, problem in problems.items():
        say(f"{name} cannot be asked [{problem.code}]: {problem.message}")


@app.command("show")
def show_function(name: NameArgument, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Show a function: what it takes and gives, how to call it in M, or why it cannot be called and what to do."""
    from headwater.app.functions.descriptions import details

    with as_machine(home) as (headwater, actor):
        found = details(headwater.functions, actor, name)
    if as_json:
        show_json(found.to_dict())
        return
    for line in found.lines():
        show(line)


@app.command("invoke")
def invoke(  # noqa: PLR0917 -- the command's options
    name: NameArgument,
    row: Annotated[
        list[str] | None, typer.Option("--row", help="A row as JSON, an object or a list; may be repeated.")
    ] = None,
    rows: Annotated[
        str | None, typer.Option("--rows", help="A file: .json, .jsonl, .csv, .parquet, .arrow; '-' reads JSON.")
    ] = None,
    params: Annotated[str | None, typer.Option(help="The model's own settings, as a JSON object.")] = None,
    on_error: Annotated[str, typer.Option(help="What becomes of a row that fails: error, null or fail.")] = "error",
    batch_size: Annotated[int | None, typer.Option(min=1, help="The most rows in one call of the model.")] = None,
    include_model: Annotated[
        bool, typer.Option("--include-model", help="Add the model's version and the moment of scoring.")
    ] = False,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write a .parquet, .csv or .json file.")] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Call a function for rows; prints a JSON object a row, with the columns that came and the results."""
    from headwater.app.functions.invoking import CallRequest, invoke_to
    from headwater.app.reports import scoring_text

    options: dict[str, Any] = {"on_error": on_error, "batch_size": batch_size, "include_model": include_model}
    request = CallRequest.read(name, row, rows, params, options)
    with as_machine(home) as (headwater, actor), progress() as bars:
        task = bars.add_task(f"invoke {name}", total=None, doing="")
        table = invoke_to(
            headwater.functions,
            headwater.runs,
            actor,
            request,
            output=output,
            show=show,
            on_progress=lambda done: bars.update(
                task, doing=scoring_text(done), completed=done.rows_done, total=done.rows_total
            ),
        )
    _tell(name, table, output)


def _tell(name: str, table: ResultTable, output: Path | None) -> None:
    where = "" if output is None else f", written to {output}"
    say(f"{name}: {table.rows:,} rows, {table.failed:,} failed{where}")
    for message, count in table.messages.most_common(_MOST_MESSAGES):
        say(f"  {count:,} × {message}")
    if len(table.messages) > _MOST_MESSAGES:
        say(f"  and {len(table.messages) - _MOST_MESSAGES:,} more kinds of failure")
    if table.left_out:
        say(f"  left out, since the first rows do not have them: {', '.join(sorted(table.left_out))}")


@app.command("build")
def build(name: NameArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Fetch a registered model's files and build the environment that it needs, so that no refresh has to wait."""
    with as_machine(home) as (headwater, actor), progress() as bars:
        task = bars.add_task(f"build {name}", total=None, doing="")
        headwater.functions.prepare(actor, name, lambda doing: bars.update(task, doing=doing))
    say(f"{name} is ready to be called")


@app.command("supply")
def supply(  # noqa: PLR0917 -- the command's options
    name: NameArgument,
    signature: Annotated[
        str | None, typer.Option(help="A function's type: '(distance as number) => [late = logical]'.")
    ] = None,
    sample: Annotated[
        Path | None, typer.Option(help='A JSON file {"input": …, "output": …}: what is sent, and what comes back.')
    ] = None,
    openapi: Annotated[str | None, typer.Option(help="An OpenAPI description: a file, or a service's address.")] = None,
    operation: Annotated[
        str, typer.Option(help="The operation meant, where a description has several: 'POST /score'.")
    ] = "",
    like: Annotated[str | None, typer.Option(help="A function that takes and gives the same.")] = None,
    private_network: NetworkOption = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Say what a model takes and gives, in place of what its workspace says, for all its versions."""
    from headwater.app.functions.schemas import read_schema

    given = _given(
        signature=signature,
        sample=sample,
        openapi=openapi,
        operation=operation,
        like=like,
        networks=private_network,
    )
    with as_machine(home) as (headwater, actor):
        headwater.functions.supply(actor, name, read_schema(headwater.functions, actor, name, given))
        found = headwater.functions.get(actor, name)
    problem = found.problem
    say(f"{name}: the schema is kept" + (f", and it cannot be called: {problem.message}" if problem else ""))


def _given(
    *,
    signature: str | None,
    sample: Path | None,
    openapi: str | None,
    operation: str,
    like: str | None,
    networks: list[str] | None,
) -> GivenSchema:
    from headwater.app.functions.schemas import GivenSchema, description_at, read_sample_file

    if operation and openapi is None:
        raise UsageError("An operation is one of a description.", hint="Give --openapi too.")
    method, _, path = operation.partition(" ")
    return GivenSchema(
        signature=signature,
        sample=None if sample is None else read_sample_file(sample),
        openapi=None if openapi is None else description_at(openapi, networks or ()),
        operation=(path.strip(), method.lower()),
        like=like,
    )


@app.command("forget")
def forget(name: NameArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Forget a schema that was supplied: what the workspace says counts again."""
    with as_machine(home) as (headwater, actor):
        headwater.functions.forget_schema(actor, name)
    say(f"{name}: what its workspace says counts again")


@app.command("reuse")
def reuse(
    name: NameArgument,
    seconds: Annotated[float | None, typer.Option(min=0, help="How long a prediction may be used again.")] = None,
    never: Annotated[bool, typer.Option("--never", help="Score everything anew in each refresh.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Say how long predictions of a service whose revision is not known may be used again."""
    from headwater.app.functions.schemas import length_of_time

    if never == (seconds is not None):
        raise UsageError("Predictions are used again for some time, or never.", hint="Give --seconds or --never.")
    with as_machine(home) as (headwater, actor):
        headwater.functions.set_reuse(actor, name, length_of_time(seconds))
    say(f"{name}: predictions are {'not used again' if never else f'used again for {seconds:g} s'}")
