"""Measuring, and telling what was measured."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil


@dataclass
class Results:
    """Both sides of each case."""

    cases: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, case: str, ours: float, against: float, target: float, *, at_least: bool = False) -> None:
        """Note and print a measurement: ``ours`` may be at most, or at least, ``target`` times ``against``."""
        ratio = ours / against
        met = ratio >= target if at_least else ratio <= target
        self.cases[case] = {"ours": ours, "against": against, "ratio": ratio, "target": target, "met": met}
        print(
            f"{case:52} ours {ours:12,.3f}  against {against:12,.3f}  ratio {ratio:7.3f}  "
            f"{'>=' if at_least else '<='} {target:g}  {'met' if met else 'NOT MET'}",
            flush=True,
        )


@dataclass
class Spent:
    """Wall and CPU seconds."""

    wall: float = 0.0
    cpu: float = 0.0


@contextmanager
def measured() -> Iterator[Spent]:
    """What is spent meanwhile, by this process and all below it, those included that ended."""
    spent = Spent()
    wall, cpu = time.perf_counter(), cpu_seconds()
    yield spent
    spent.wall, spent.cpu = time.perf_counter() - wall, cpu_seconds() - cpu


def cpu_seconds() -> float:
    """CPU seconds of this process and of all below it until now."""
    own = psutil.Process()
    total: float = time.process_time() + own.cpu_times().children_user + own.cpu_times().children_system
    for process in own.children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def middle(spent: list[Spent]) -> Spent:
    """The medians."""
    return Spent(statistics.median(one.wall for one in spent), statistics.median(one.cpu for one in spent))
