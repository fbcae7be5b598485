"""``headwater source``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from headwater.cli.actor import as_machine
from headwater.cli.credentials import (
    FieldOption,
    NetworkOption,
    ReferenceOption,
    SecretEnvironmentOption,
    SecretStdinOption,
    given,
    show_credential,
)
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import progress, say, show, show_json
from headwater.errors import UsageError

if TYPE_CHECKING:
    from headwater.catalog import ScanReport
    from headwater.workspaces.sources import CredentialMode

__all__ = ["app"]

app = typer.Typer(help="Sources: workspaces whose models and metadata are used.", no_args_is_help=True)

SourceArgument = Annotated[str, typer.Argument(help="A source.")]
CollectionOption = Annotated[str, typer.Option(help="The collection it goes into.")]
ChoiceKindOption = Annotated[str, typer.Option(help="The kind of credential to look with.")]


@app.command("add")
def add(  # noqa: PLR0917 -- the command's options
    name: Annotated[str, typer.Argument(help="What M calls it by: NAME.model.")],
    url: Annotated[str, typer.Argument(help="The workspace's address.")],
    kind: Annotated[str, typer.Option(help="The kind of workspace: mlflow, azureml, openapi.")] = "mlflow",
    display_name: Annotated[str, typer.Option(help="What people call it.")] = "",
    collection: CollectionOption = "root",
    credential_mode: Annotated[
        str, typer.Option(help="Whose credential is used: 'service', or 'personal' for each person's own.")
    ] = "service",
    subscription: Annotated[str, typer.Option(help="The Azure subscription it belongs to.")] = "",
    private_network: NetworkOption = None,
    trust: Annotated[bool, typer.Option("--trust", help="Its models may run code on this machine.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Register a workspace. It is not called."""
    with as_machine(home) as (headwater, actor):
        source = headwater.sources.add(
            actor, name, display_name, kind, url, collection,
            settings={"subscription": subscription} if subscription else None,
            # Any other text is refused there.
            credential_mode=cast("CredentialMode", credential_mode),
            private_networks=private_network or (),
            trusted=trust,
        )  # fmt: skip
    say(f"source {source.name} ({source.kind}): {source.url}, in collection {source.collection}")


@app.command("list")
def list_sources(as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """List the sources: name, kind, address, collection, latest scan, whether its models may run code here."""
    with as_machine(home) as (headwater, actor):
        scans = headwater.last_scans(actor)
        sources = list(headwater.sources.every(actor))
    if as_json:
        show_json([{"source": source, "last_scan": scans.get(source.name)} for source in sources])
        return
    for source in sources:
        scan = scans.get(source.name)
        state = "never scanned" if scan is None else f"{scan.status} {scan.started_at:%Y-%m-%d %H:%M} UTC"
        trust = "trusted" if source.trusted else "not trusted"
        show(f"{source.name}\t{source.kind}\t{source.url}\t{source.collection}\t{state}\t{trust}")


@app.command("show")
def show_source(name: SourceArgument, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Show a source with what may be shown of its service credential."""
    with as_machine(home) as (headwater, actor):
        source = headwater.sources.get(actor, name)
        credential = headwater.sources.describe_credential(actor, name)
    if as_json:
        show_json({"source": source, "credential": credential})
        return
    for label, value in (
        ("name", source.name),
        ("display name", source.display_name),
        ("kind", source.kind),
        ("address", source.url),
        ("collection", source.collection),
        ("credentials", source.credential_mode),
        ("private networks", ",".join(source.private_networks) or "none"),
        ("trusted", "yes" if source.trusted else "no"),
    ):
        show(f"{label}\t{value}")
    if credential is not None:
        show_credential(credential)


@app.command("change")
def change(  # noqa: PLR0917 -- the command's options
    name: SourceArgument,
    url: Annotated[
        str | None, typer.Option(help="Its new address; at another origin, credentials are forgotten.")
    ] = None,
    display_name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    collection: Annotated[str | None, typer.Option(help="The collection it moves to.")] = None,
    credential_mode: Annotated[str | None, typer.Option(help="Whose credential is used: service or personal.")] = None,
    private_network: NetworkOption = None,
    no_private_networks: Annotated[
        bool, typer.Option("--no-private-networks", help="It may lie in no private network any more.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Change a source; what is not given stays."""
    with as_machine(home) as (headwater, actor):
        source = headwater.sources.change(
            actor, name, url=url, display_name=display_name, collection=collection,
            credential_mode=cast("CredentialMode | None", credential_mode),
            private_networks=() if no_private_networks else private_network or None,
        )  # fmt: skip
    say(f"source {source.name} ({source.kind}): {source.url}, in collection {source.collection}")


@app.command("trust")
def trust_source(name: SourceArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Allow a source's models to run code on this machine, which loading most models does."""
    with as_machine(home) as (headwater, actor):
        headwater.sources.trust(actor, name, True)
    say(f"source {name} is trusted: its models may run code here")


@app.command("distrust")
def distrust_source(name: SourceArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Stop loading a source's models that run code; ONNX models and services still work."""
    with as_machine(home) as (headwater, actor):
        headwater.sources.trust(actor, name, False)
    say(f"source {name} is not trusted: none of its models may run code here")


@app.command("remove")
def remove(name: SourceArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Forget a source with its credentials; what its scans found is kept as deleted."""
    with as_machine(home) as (headwater, actor):
        headwater.sources.remove(actor, name)
    say(f"source {name} is gone")


@app.command("test")
def test(name: SourceArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Call a workspace and say what answers."""
    with as_machine(home) as (headwater, actor):
        found = headwater.sources.test(actor, name)
    say(f"{name} answers: {found.kind} at {found.url}")


@app.command("scan")
def scan(  # noqa: PLR0917 -- the command's options
    name: SourceArgument,
    incremental: Annotated[bool, typer.Option("--incremental", help="Read only what is new.")] = False,
    model: Annotated[
        list[str] | None, typer.Option(help="Only models of this name; '*' and '?' stand for any.")
    ] = None,
    exclude_model: Annotated[list[str] | None, typer.Option(help="No models of this name; as --model.")] = None,
    experiment: Annotated[list[str] | None, typer.Option(help="Only what came of this experiment; as --model.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only what has this tag: key=value.")] = None,
    unregistered_runs: Annotated[
        bool, typer.Option("--unregistered-runs", help="Runs that registered nothing, too.")
    ] = False,
    unregistered_models: Annotated[
        bool, typer.Option("--unregistered-models", help="Models that were logged and never registered, too.")
    ] = False,
    confirm_removals: Annotated[
        bool, typer.Option("--confirm-removals", help="Mark what is gone as missing, however much it is.")
    ] = False,
    no_details: Annotated[bool, typer.Option("--no-details", help="Leave signatures pending.")] = False,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Bring what a workspace holds into the catalog."""
    from headwater.catalog.scans.options import ScanOptions, parse_tags

    options = ScanOptions(
        kind="incremental" if incremental else "full",
        models=tuple(model or ()),
        excluded_models=tuple(exclude_model or ()),
        experiments=tuple(experiment or ()),
        tags=parse_tags(tag or ()),
        unregistered_runs=unregistered_runs,
        unregistered_models=unregistered_models,
        confirm_removals=confirm_removals,
    )
    with as_machine(home) as (headwater, actor), progress() as bars:
        task = bars.add_task(f"scan {name}", total=None, doing="")

        def show_progress(done: int, total: int) -> None:
            bars.update(task, completed=done, total=total)

        report = headwater.scan(actor, name, options, show_progress, details=not no_details)
    if as_json:
        show_json(report)
    else:
        _say_report(name, report)


def _say_report(name: str, report: ScanReport) -> None:
    found = ", ".join(f"{count} {type_name}" for type_name, count in sorted(report.counts.items()))
    warnings = [*report.warnings, *(report.details.warnings if report.details else ())]
    say(f"{name}: {found or 'nothing'}; {report.missing} missing, {len(warnings)} warnings")
    if report.renamed:
        say(f"  {report.renamed} models have another name now")
    if report.details is not None:
        say(f"  signatures: {report.details.read} read, {report.details.failed} could not be read")
    if report.pending:
        say(f"  {report.pending} signatures are still to be read")
    for warning in warnings:
        say(f"  warning [{warning['code']}]: {warning['message']} ({warning['item']})")


@app.command("schedule")
def schedule(
    name: SourceArgument,
    when: Annotated[
        str, typer.Argument(help='"daily", "every 15 minutes", "cron 0 6 * * 1 Europe/Berlin" or "never".')
    ] = "",
    webhook: Annotated[
        bool, typer.Option("--webhook", help="When it posts that something happened: show the address and secret.")
    ] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Say when a source is scanned by itself, or show it."""
    from headwater.app.source_schedules import SourceSchedule

    if webhook and when:
        raise UsageError("A source is scanned at times or by webhook.", hint="Leave one out.")
    if webhook:
        _arrange_webhook(name, home)
        return
    wanted = SourceSchedule.parse(when) if when else None
    with as_machine(home) as (headwater, actor):
        schedules = headwater.source_schedules
        found = schedules.get(actor, name) if wanted is None else schedules.set(actor, name, wanted)
    if found is None or found.next_due is None:
        reason = found.paused_reason if found is not None else None
        say(f"{name} is not scanned by itself. {reason or ''}".rstrip())
    else:
        say(f"{name} is scanned at {found.cron} ({found.time_zone}), next at {found.next_due:%Y-%m-%d %H:%M} UTC")


def _arrange_webhook(name: str, home: Path) -> None:
    with as_machine(home) as (headwater, actor):
        made = headwater.webhooks.arrange(actor, name)
    show(f"address\t{made.path}")
    show(f"secret\t{made.secret.reveal()}")
    say("The address lies below this server's own. The secret is shown this once: give both to the MLflow server.")


@app.command("status")
def status(
    name: Annotated[str, typer.Argument(help="One of them; all, if left out.")] = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show how the latest scan of each source ended, and when the next one is due."""
    with as_machine(home) as (headwater, actor):
        if name:
            headwater.sources.get(actor, name)
        scans = headwater.last_scans(actor)
        names = [name] if name else [source.name for source in headwater.sources.list(actor, limit=1_000).sources]
        due = {each: headwater.source_schedules.get(actor, each) for each in names}
    for each in names:
        scan, schedule = scans.get(each), due[each]
        ended = "never scanned" if scan is None else f"{scan.status} {scan.started_at:%Y-%m-%d %H:%M} UTC"
        found = "" if scan is None else f"{scan.assets} assets"
        later = "" if schedule is None or schedule.next_due is None else f"next {schedule.next_due:%Y-%m-%d %H:%M} UTC"
        show("\t".join((each, ended, found, later)))


@app.command("credential")
def credential(  # noqa: PLR0917 -- the command's options
    name: SourceArgument,
    kind: Annotated[str, typer.Option(help="Its kind: anonymous, basic, token, key, entra_….")] = "",
    field: FieldOption = None,
    secret_stdin: SecretStdinOption = False,
    secret_env: SecretEnvironmentOption = None,
    reference: ReferenceOption = None,
    remove: Annotated[bool, typer.Option("--remove", help="Forget it instead.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Give a source its service credential, in place of the one before."""
    if bool(kind) == remove:
        raise UsageError("A credential is given or removed.", hint="Give --kind, or --remove alone.")
    new = given(field, secret_stdin=secret_stdin, secret_env=secret_env)
    with as_machine(home) as (headwater, actor):
        if remove:
            headwater.sources.remove_credential(actor, name)
        else:
            headwater.sources.set_credential(actor, name, kind, **new, reference=reference)
    say(f"{name}: the credential is {'gone' if remove else f'of kind {kind}'}")


@app.command("azure-subscriptions")
def azure_subscriptions(  # noqa: PLR0917 -- the command's options
    kind: ChoiceKindOption = "entra_cli",
    field: FieldOption = None,
    secret_stdin: SecretStdinOption = False,
    secret_env: SecretEnvironmentOption = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the Azure subscriptions that a credential's account sees: id, state, name. The credential is not kept."""
    new = given(field, secret_stdin=secret_stdin, secret_env=secret_env)
    with as_machine(home) as (headwater, actor):
        found = headwater.azure.subscriptions(actor, kind, **new)
    if as_json:
        show_json(found)
        return
    for each in found:
        show(f"{each.subscription_id}\t{each.state}\t{each.name}")


@app.command("azure-workspaces")
def azure_workspaces(  # noqa: PLR0917 -- the command's options
    subscription: Annotated[str, typer.Argument(help="The subscription's id.")],
    kind: ChoiceKindOption = "entra_cli",
    field: FieldOption = None,
    secret_stdin: SecretStdinOption = False,
    secret_env: SecretEnvironmentOption = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the workspaces of an Azure subscription: name, group, address to register. The credential is not kept."""
    new = given(field, secret_stdin=secret_stdin, secret_env=secret_env)
    with as_machine(home) as (headwater, actor):
        found = headwater.azure.workspaces(actor, subscription, kind, **new)
    if as_json:
        show_json(found)
        return
    for each in found:
        show(f"{each.display_name}\t{each.resource_group}\t{each.url}")
