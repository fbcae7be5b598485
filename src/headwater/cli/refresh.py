"""``headwater refresh``, and when a dataflow is refreshed by itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.actor import as_machine
from headwater.cli.options import DEFAULT_HOME, HomeOption, JsonOption
from headwater.cli.output import progress, say, show, show_json
from headwater.errors import ConflictError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from headwater.access import Actor
    from headwater.app.refreshing import RefreshState
    from headwater.app.runtime import Headwater
    from headwater.dataflows import EntitySummary, RefreshEvent
    from headwater.models.statistics import ScoringProgress

__all__ = ["RefreshOptions", "add_scheduling", "run"]

NameArgument = Annotated[str, typer.Argument(help="A dataflow.")]


@dataclass(frozen=True, slots=True)
class RefreshOptions:
    """What ``headwater refresh`` was told."""

    full: bool = False
    rescore: bool = False
    watch: bool = False
    no_wait: bool = False
    dry_run: bool = False
    as_json: bool = False


def run(home: Path, name: str, options: RefreshOptions) -> None:
    """Refresh a dataflow as the options say, and tell what came of it."""
    if options.watch and options.no_wait:
        raise UsageError("--watch and --no-wait say the opposite.", hint="Leave one of them out.")
    with as_machine(home) as (headwater, actor):
        refreshing = headwater.refreshing
        if options.dry_run:
            _foresee(headwater, actor, name, options)
            return
        active = refreshing.active(actor, name) if options.watch else None
        if active is not None:
            identifier = active.id
        else:
            ask = refreshing.request if options.no_wait else refreshing.take_up
            identifier = ask(actor, name, full=options.full, rescore=options.rescore)
        if not options.no_wait:
            _to_the_end(headwater, actor, identifier, mine=active is None)
        _tell(refreshing.get(actor, identifier), options.as_json)


def _foresee(headwater: Headwater, actor: Actor, name: str, options: RefreshOptions) -> None:
    from headwater.app.reports import forecast_lines

    forecast = headwater.refreshing.foresee(actor, name, full=options.full, rescore=options.rescore)
    if options.as_json:
        show_json(forecast)
        return
    for line in forecast_lines(forecast):
        show(line)


def _to_the_end(headwater: Headwater, actor: Actor, identifier: str, *, mine: bool) -> None:
    """Run or watch a refresh with progress; Ctrl+C cancels the one that was asked for here."""
    from headwater.app.refreshing import check_succeeded
    from headwater.dataflows.refreshing.context import Watcher

    try:
        with progress() as bars:
            shown = _Shown(bars)
            watcher = Watcher(shown.event, shown.scoring)
            state = headwater.refreshing.carry_out(actor, identifier, watcher, shown.state)
    except KeyboardInterrupt:
        if mine:
            with suppress(ConflictError):
                headwater.refreshing.cancel(actor, identifier)
        raise
    check_succeeded(state)


class _Shown:
    """Progress as a bar: of this process's own work, or of another worker's as the database tells it."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task = bars.add_task("refresh", total=None, doing="")

    def event(self, event: RefreshEvent) -> None:
        self._bars.update(self._task, doing=f"{event.phase} {event.entity}", completed=event.rows)

    def scoring(self, done: ScoringProgress) -> None:
        from headwater.app.reports import scoring_text

        self._bars.update(self._task, doing=scoring_text(done), completed=done.rows_done, total=done.rows_total)

    def state(self, state: RefreshState) -> None:
        entities = (state.progress or {}).get("entities", {})
        rows = sum(entity["rows"] for entity in entities.values())
        self._bars.update(self._task, doing=f"{state.status}, {len(entities)} entities begun", completed=rows)


def _tell(state: RefreshState, as_json: bool) -> None:
    if as_json:
        show_json(state)
    elif not state.has_ended:
        show(state.id)
    for entity in state.entities if not as_json else ():
        say(f"{state.dataflow}/{entity.entity}: {_entity_text(entity)}")


def _entity_text(entity: EntitySummary) -> str:
    parts = [f"{entity.rows_written:,} rows", f"{entity.rows_scored:,} scored", f"{entity.rows_reused:,} reused"]
    for count, what in (
        (entity.rows_inserted, "new"),
        (entity.rows_updated, "changed"),
        (entity.rows_deleted, "gone"),
    ):
        if count is not None:
            parts.append(f"{count:,} {what}")
    if entity.rows_skipped:
        parts.append(f"{entity.rows_skipped:,} left as they were")
    return ", ".join([*parts, f"{entity.errors:,} error cells", f"version {entity.delta_version}"])


# -- by itself ---------------------------------------------------------------------------------------------------------


def add_scheduling(app: typer.Typer) -> None:
    """Add the commands about schedules to ``headwater dataflow``."""
    app.command("schedule")(show_schedule)
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("cancel")(cancel)


def show_schedule(name: NameArgument, as_json: JsonOption = False, home: HomeOption = DEFAULT_HOME) -> None:
    """Show when a dataflow is refreshed by itself, and whether that is paused and why."""
    with as_machine(home) as (headwater, actor):
        schedule = headwater.refreshing.schedule(actor, name)
    if as_json:
        show_json(schedule)
    elif schedule is None:
        show(f"{name} has no schedule")
    else:
        due = f"{schedule.next_due:%Y-%m-%d %H:%M} UTC" if schedule.next_due else "never"
        state = f"paused: {schedule.paused_reason}" if schedule.paused else f"next {due}"
        show(f"{name}\t{schedule.cron}\t{schedule.time_zone}\tmissed: {schedule.missed}\t{state}")


def pause(
    name: NameArgument,
    reason: Annotated[str, typer.Option(help="Why, for whoever looks.")] = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Let a dataflow not be refreshed by itself, until it is resumed."""
    with as_machine(home) as (headwater, actor):
        headwater.refreshing.pause(actor, name, reason)
    say(f"{name} is paused")


def resume(name: NameArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Let a dataflow be refreshed by itself again, from the next due time on."""
    with as_machine(home) as (headwater, actor):
        headwater.refreshing.resume(actor, name)
    say(f"{name} is refreshed by itself again")


def cancel(name: NameArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Cancel the refresh of a dataflow that waits or is under way."""
    with as_machine(home) as (headwater, actor):
        active = headwater.refreshing.active(actor, name)
        if active is None:
            raise ConflictError(
                f"The dataflow '{name}' is not being refreshed.",
                place=name,
                hint="See how its last refresh ended: headwater dataflow list.",
                code="refresh.ended",
            )
        headwater.refreshing.cancel(actor, active.id)
    say(f"the refresh {active.id} is to end")
