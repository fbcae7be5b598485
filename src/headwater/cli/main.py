"""The ``headwater`` command.

Commands import what they need when they run, so that ``headwater --help`` answers at once.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from headwater._version import __version__
from headwater.cli import (
    access,
    assets,
    audit,
    backup,
    browse,
    classify,
    collections,
    connections,
    dataflows,
    functions,
    glossary,
    groups,
    insights,
    label_policies,
    lineage,
    notifications,
    openlineage,
    people,
    policies,
    pushes,
    schemas,
    search,
    secrets,
    shares,
    sources,
    sql,
    tables,
    tokens,
)
from headwater.cli.asset_names import add_naming
from headwater.cli.asset_sheets import add_sheets
from headwater.cli.live import add_live
from headwater.cli.options import (
    DEFAULT_HOME,
    DatabaseOption,
    DatabasePasswordOption,
    DatabaseUserOption,
    HomeOption,
    JsonOption,
)
from headwater.cli.output import INTERRUPTED, MISUSED, fail, interrupted, say, set_up_logging
from headwater.cli.refresh import add_scheduling
from headwater.errors import HeadwaterError, UsageError

app = typer.Typer(
    name="headwater",
    help="Models as Power Query functions, dataflows that call them, and a catalog with lineage.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

#: The root of what Click raises about a command line. Typer carries a Click of its own in some versions and uses the
#: package in others: its public exception leads to the right one.
_CommandLineError: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

CultureOption = Annotated[str, typer.Option(help="How text is read and written.")]
TimeZoneOption = Annotated[str, typer.Option("--time-zone", help="The zone of local times, e.g. Europe/Berlin.")]
ClockOption = Annotated[str, typer.Option("--clock", help="What the time is, e.g. 2026-01-31T12:00:00.")]
SeedOption = Annotated[int | None, typer.Option("--seed", help="Makes random numbers the same in every run.")]
FolderOption = Annotated[
    list[Path] | None, typer.Option("--allow-folder", help="A further folder that M may read; may be repeated.")
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", help=r"What a path stands for here, e.g. 'C:\data=./data'; may be repeated."),
]
OriginOption = Annotated[
    list[str] | None,
    typer.Option("--allow-origin", help="A web address that M may call without credential; may be repeated."),
]
NetworkOption = Annotated[
    list[str] | None,
    typer.Option("--allow-network", help="A private network it may lie in, e.g. 10.0.0.0/8; may be repeated."),
]
ConnectionsOption = Annotated[
    Path | None, typer.Option("--connections", help="A TOML file with connections, which says where secrets are.")
]
PrivacyOption = Annotated[
    bool, typer.Option("--ignore-privacy", help="Leave the privacy levels of connections out of account.")
]
LimitSecondsOption = Annotated[float | None, typer.Option("--limit-seconds", help="Stop it after so long.")]
LimitMemoryOption = Annotated[
    str | None, typer.Option("--limit-memory", help="Stop it when it uses more memory, e.g. 2GB.")
]
LimitRowsOption = Annotated[int | None, typer.Option("--limit-rows", help="Fail if the result has more rows.")]
LimitOutputOption = Annotated[str | None, typer.Option("--limit-output", help="Stop it when it prints more, e.g. 1MB.")]


def _version(show: bool) -> None:
    if show:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    _show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    json_logs: Annotated[
        bool, typer.Option("--json-logs", envvar="HEADWATER_JSON_LOGS", help="Write logs as one JSON object a line.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log what is being done.")] = False,
) -> None:
    set_up_logging(json_logs=json_logs, verbose=verbose)


@app.command("demo")
def demo(
    home: HomeOption = DEFAULT_HOME,
    once: Annotated[bool, typer.Option("--once", help="End when the job is done, instead of serving.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object last on standard output.")] = False,
    host: Annotated[str, typer.Option(help="Where to serve.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Where to serve; 0 picks a free port.")] = 8400,
) -> None:
    """Do the main job on real data, then serve the app until Ctrl+C."""
    from headwater.cli.demo import run

    run(home, once=once, as_json=as_json, host=host, port=port)


@app.command("init")
def init(
    home: HomeOption = DEFAULT_HOME,
    folder: Annotated[
        list[Path] | None, typer.Option("--folder", help="A folder whose files dataflows may read; may be repeated.")
    ] = None,
    database: DatabaseOption = "",
    database_user: DatabaseUserOption = "",
    database_password: DatabasePasswordOption = "",
) -> None:
    """Make a home folder."""
    from headwater.app.metadata_place import stated_place
    from headwater.cli.home import init as make

    make(home, folder or [], stated_place(database, database_user, database_password))


@app.command("upgrade")
def upgrade(home: HomeOption = DEFAULT_HOME) -> None:
    """Bring a home folder that an older version made to this one; back it up first."""
    from headwater.cli.home import upgrade as bring_up

    bring_up(home)


@app.command("serve")
def serve(  # noqa: PLR0917 -- the command's options
    home: HomeOption = DEFAULT_HOME,
    host: Annotated[
        str, typer.Option(envvar="HEADWATER_SERVE_HOST", help="The address to listen at; 0.0.0.0 or :: for every one.")
    ] = "127.0.0.1",
    port: Annotated[
        # Not HEADWATER_PORT: Kubernetes sets that beside a service named "headwater", to something else.
        int, typer.Option(envvar="HEADWATER_SERVE_PORT", min=0, max=65535, help="0 picks a free port and prints it.")
    ] = 8400,
    tls_certificate: Annotated[
        Path | None, typer.Option(envvar="HEADWATER_TLS_CERTIFICATE", help="A PEM file: speak TLS with it.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(envvar="HEADWATER_TLS_KEY", help="The PEM file with the certificate's key.")
    ] = None,
    tls_key_password_file: Annotated[
        Path | None, typer.Option(envvar="HEADWATER_TLS_KEY_PASSWORD_FILE", help="A file with the key's password.")
    ] = None,
    public_url: Annotated[
        list[str] | None,
        typer.Option(
            envvar="HEADWATER_PUBLIC_URL",
            help="What people reach it by, e.g. https://data.example.org/headwater; may be repeated for further names.",
        ),
    ] = None,
    behind_proxy: Annotated[
        list[str] | None,
        typer.Option(
            envvar="HEADWATER_BEHIND_PROXY",
            help="An address or network whose X-Forwarded-For and -Proto are believed; may be repeated.",
        ),
    ] = None,
    drain_seconds: Annotated[
        int, typer.Option(envvar="HEADWATER_DRAIN_SECONDS", min=0, help="How long requests may take when it is ended.")
    ] = 5,
    download_rows: Annotated[
        int | None,
        typer.Option(envvar="HEADWATER_DOWNLOAD_ROWS", min=1, help="How many rows one download has at most."),
    ] = None,
    worker: Annotated[bool, typer.Option(help="Do jobs too; without, 'headwater worker' has to.")] = True,
) -> None:
    """Serve the HTTP API and the app until Ctrl+C."""
    from headwater.cli.serving import ServeOptions, run

    options = ServeOptions(
        host, port, tls_certificate, tls_key, tls_key_password_file, public_url or (), behind_proxy or (),
        drain_seconds, worker, download_rows,
    )  # fmt: skip
    run(home, options)


@app.command("worker")
def worker(
    home: HomeOption = DEFAULT_HOME,
    parallel: Annotated[int, typer.Option(min=1, help="How many jobs it does at once.")] = 2,
    poll: Annotated[float, typer.Option(min=0.05, help="How many seconds lie between two looks for what is due.")] = 1,
    grace: Annotated[float, typer.Option(min=0, help="How many seconds jobs under way have when it is ended.")] = 5,
) -> None:
    """Do the jobs of a home folder, refreshes among them, until Ctrl+C; any number of workers may."""
    from headwater.cli.worker import run

    run(home, parallel=parallel, poll=poll, grace=grace)


@app.command("run")
def run_query(  # noqa: PLR0917 -- the command's options
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file with an M expression or a section document.")],
    query: Annotated[str | None, typer.Option("--query", help="The member of a section document.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write a .parquet or .csv file.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show plan, SQL, and where folding stops, and run nothing.")
    ] = False,
    culture: CultureOption = "en-US",
    time_zone: TimeZoneOption = "UTC",
    clock: ClockOption = "",
    seed: SeedOption = None,
    allow_folder: FolderOption = None,
    path_map: MapOption = None,
    allow_origin: OriginOption = None,
    allow_network: NetworkOption = None,
    connections: ConnectionsOption = None,
    ignore_privacy: PrivacyOption = False,
    limit_seconds: LimitSecondsOption = None,
    limit_memory: LimitMemoryOption = None,
    limit_rows: LimitRowsOption = None,
    limit_output: LimitOutputOption = None,
) -> None:
    """Run an M query without a server. It may read files of its own folder and of the current one."""
    from headwater.app.settings import RunSettings
    from headwater.cli.limited import run_again, watched_limits
    from headwater.cli.query import run

    if limits := watched_limits(limit_seconds, limit_memory, limit_output):
        raise typer.Exit(run_again(context, limits, output))
    settings = RunSettings(
        culture, time_zone, clock, seed, allow_folder or (), path_map or (), allow_origin or (), allow_network or (),
        connections, ignore_privacy,
    )  # fmt: skip
    run(file, query, output, settings, explain=explain, most_rows=limit_rows)


@app.command("eval")
def evaluate(  # noqa: PLR0917 -- the command's options
    expression: Annotated[str, typer.Argument(help="An M expression.")],
    culture: CultureOption = "en-US",
    time_zone: TimeZoneOption = "UTC",
    clock: ClockOption = "",
    seed: SeedOption = None,
    allow_folder: FolderOption = None,
    path_map: MapOption = None,
    allow_origin: OriginOption = None,
    allow_network: NetworkOption = None,
    connections: ConnectionsOption = None,
    ignore_privacy: PrivacyOption = False,
) -> None:
    """Print the value of an M expression."""
    from headwater.app.settings import RunSettings
    from headwater.cli.query import evaluate_expression

    settings = RunSettings(
        culture, time_zone, clock, seed, allow_folder or (), path_map or (), allow_origin or (), allow_network or (),
        connections, ignore_privacy,
    )  # fmt: skip
    evaluate_expression(expression, settings)


@app.command("fmt")
def format_files(
    files: Annotated[list[Path], typer.Argument(help="Files with M text.")],
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail if a file would change.")] = False,
) -> None:
    """Format M files in place."""
    from headwater.cli.query import format_in_place

    format_in_place(files, check=check)


@app.command("refresh")
def refresh(  # noqa: PLR0917 -- the command's options
    name: Annotated[str, typer.Argument(help="A dataflow.")],
    home: HomeOption = DEFAULT_HOME,
    full: Annotated[bool, typer.Option("--full", help="Read and compute all of it anew.")] = False,
    rescore: Annotated[
        bool, typer.Option("--rescore", help="Let the newest model versions score all rows, whatever the policy says.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Where it is being refreshed already, watch that to its end.")
    ] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Ask for it, print its id, and leave it to a worker.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would do and change nothing: rows, rows to score, time.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Refresh a dataflow and publish its tables; Ctrl+C cancels it."""
    from headwater.cli.refresh import RefreshOptions, run

    run(home, name, RefreshOptions(full, rescore, watch, no_wait, dry_run, as_json))


add_scheduling(dataflows.app)
app.add_typer(dataflows.app, name="dataflow")
app.add_typer(sources.app, name="source")
app.add_typer(functions.app, name="functions")
app.add_typer(schemas.app, name="schema")
app.add_typer(connections.app, name="connection")
app.add_typer(collections.app, name="collection")
app.command("browse")(browse.show_below)
add_naming(assets.app)
add_live(assets.app)
add_sheets(assets.app)
app.add_typer(assets.app, name="asset")
app.add_typer(pushes.app, name="catalog")
app.add_typer(glossary.app, name="glossary")
app.add_typer(classify.app, name="classify")
app.add_typer(insights.app, name="insights")
app.add_typer(label_policies.app, name="label-policy")
app.add_typer(people.app, name="people")
app.add_typer(groups.app, name="group")
app.add_typer(tokens.app, name="token")
app.add_typer(tables.app, name="table")
app.add_typer(shares.app, name="share")
app.command("sql")(sql.run_statement)
app.command("search")(search.find)
app.add_typer(access.app, name="access")
app.add_typer(policies.app, name="policy")
app.add_typer(audit.app, name="audit")
app.add_typer(secrets.app, name="secrets")
app.add_typer(notifications.app, name="notifications")
app.add_typer(lineage.app, name="lineage")
app.add_typer(openlineage.app, name="openlineage")
app.command("status")(backup.status)
app.command("backup")(backup.make)
app.command("restore")(backup.restore)


def main() -> None:
    """Run the command line; every error ends in one message and a status that is not 0."""
    # What is under way is put away in the same manner, whether a person or a supervisor ends it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # Typer makes a status of Ctrl+C (and of --help and --version); some versions raise Abort instead.
        status = app(standalone_mode=False) or 0
        if status != INTERRUPTED:
            sys.exit(status)
        _leave(interrupted())
    except HeadwaterError as error:
        sys.exit(fail(error))
    except (KeyboardInterrupt, typer.Abort):
        _leave(interrupted())
    except _CommandLineError as error:
        sys.exit(_misused(error))
    except OSError as error:
        # A full disk, a folder that may not be written: the machine's word says what is to be done.
        sys.exit(fail(HeadwaterError(f"{error.strerror or error}.", place=str(error.filename or ""), code="system")))


def _leave(status: int) -> NoReturn:
    """End the process; at once, if a thread that cannot be made to end would make the interpreter's own end abort."""
    if any(thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def _misused(error: Any) -> int:
    """Show what is wrong with the command line itself; without any command, show the help."""
    command = error.ctx.command_path if error.ctx is not None else "headwater"
    if type(error).__name__ == "NoArgsIsHelpError":
        say(error.format_message())
    else:
        fail(UsageError(f"{error.format_message().rstrip('.')}.", hint=f"See '{command} --help'."))
    return MISUSED


if __name__ == "__main__":
    main()
