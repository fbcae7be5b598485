"""``headwater source``."""

from __future__ import annotations

from pathlib import Path

from headwater.app.runtime import Headwater
from headwater.cli.actor import machine
from headwater.cli.output import progress, say, show


def add(home: Path, name: str, display_name: str, kind: str, url: str, collection: str) -> None:  # noqa: PLR0917 -- the command's
    """Register a workspace."""
    with Headwater.open(home) as app:
        source = app.sources.add(machine(), name, display_name, kind, url, collection)
    say(f"source {source.name} ({source.kind}): {source.url}, in collection {source.collection}")


def list_sources(home: Path) -> None:
    """List the sources."""
    with Headwater.open(home) as app:
        scans = app.last_scans(machine())
        for source in app.sources.list(machine()):
            scan = scans.get(source.name)
            state = "never scanned" if scan is None else f"{scan.status} {scan.started_at:%Y-%m-%d %H:%M} UTC"
            show(f"{source.name}\t{source.kind}\t{source.url}\t{source.collection}\t{state}")


def test(home: Path, name: str) -> None:
    """Call a workspace."""
    with Headwater.open(home) as app:
        found = app.sources.test(machine(), name)
    say(f"{name} answers: {found.kind} at {found.url}")


def scan_source(home: Path, name: str, *, incremental: bool) -> None:
    """Scan a source with progress, and say what was found."""
    with Headwater.open(home) as app, progress() as bars:
        task = bars.add_task(f"scan {name}", total=None, doing="")
        report = app.scan(
            machine(),
            name,
            "incremental" if incremental else "full",
            lambda done, total: bars.update(task, completed=done, total=total),
        )
    found = ", ".join(f"{count} {type_name}" for type_name, count in sorted(report.counts.items()))
    say(f"{name}: {found or 'nothing'}; {report.missing} missing, {len(report.warnings)} warnings")
    for warning in report.warnings:
        say(f"  warning [{warning['code']}]: {warning['message']} ({warning['item']})")
