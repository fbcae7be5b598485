"""Watches which source's data reaches which other source, and stops what privacy levels do not allow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from headwater.plan.databases import DatabaseScan
from headwater.plan.nodes import Node, topological
from headwater.powerquery.connections.model import Connection, Privacy
from headwater.powerquery.connections.privacy import firewall_error, may_flow
from headwater.powerquery.evaluator.dependencies import DependencyReader
from headwater.powerquery.evaluator.scope import Code, Frame, Scope
from headwater.powerquery.language import syntax
from headwater.powerquery.values.core import Value

_CONFIDENTIAL = {Privacy.ORGANIZATIONAL, Privacy.PRIVATE}

Watch = Callable[[syntax.Invocation, Scope, Code], Code]
"""From a call and its code to code that says which call it is."""


@dataclass(slots=True)
class _Running:
    """A call under way, and what it has opened so far."""

    call: syntax.Invocation
    opened: set[Connection] = field(default_factory=set)


class Firewall:
    """Which calls of data source functions have opened which sources in one evaluation.

    A call may not open a source when its arguments depend on calls that opened sources whose data may not go there.
    Where the text does not tell what the arguments depend on (they come from a parameter, say a row), they may hold
    data of everything that has been opened so far.
    """

    def __init__(self, *, ignored: bool = False) -> None:
        self._ignored = ignored
        self._by_call: dict[int, set[Connection]] = {}
        self._opened: dict[Connection, None] = {}
        self._named: dict[str, Connection] = {}
        self._here = threading.local()

    @cached_property
    def _sources(self) -> frozenset[str]:
        from headwater.powerquery.library import source_functions

        return source_functions()

    @cached_property
    def _reader(self) -> DependencyReader:
        return DependencyReader(self._sources)

    def add(self, definitions: Mapping[str, syntax.Expr], body: syntax.Expr | None = None) -> None:
        """Make a document known: named queries or members, or one expression."""
        self._reader.add(definitions, body)

    def watch(self, node: syntax.Invocation, scope: Scope, code: Code) -> Code:
        """The code of a call; that of a data source function says which call it is while it runs."""
        called = node.function
        if not isinstance(called, syntax.Identifier) or called.name not in self._sources or scope.find(called.name):
            return code

        def watched(frame: Frame) -> Value:
            with self._within(node):
                return code(frame)

        return watched

    def opened(self, source: Connection, name: str = "") -> None:
        """Note that the call under way opens a source; ``name`` is what a plan calls it by.

        Raises:
            MError: Formula.Firewall when data of another source would go there that may not.
        """
        running = self._running
        call = running[-1].call if running else None
        if self._guards:
            self._check(self._opened if call is None else self._reaching(call), source, call)
        # A call that has opened its source before it looked into its arguments is given this one's data now.
        for outer in () if self._ignored else running[:-1]:
            for into in outer.opened:
                self._check({source: None}, into, outer.call)
        self._opened[source] = None
        self._named[name] = source
        if call is not None:
            running[-1].opened.add(source)
            self._by_call.setdefault(id(call), set()).add(source)

    def check_folded(self, node: syntax.Node, plan: Node) -> None:
        """Check that the constants of a row function may become part of what the databases under a plan run.

        Raises:
            MError: Formula.Firewall where they may not.
        """
        if not self._guards:
            return
        for scan in topological(plan):
            into = self._named.get(scan.database.name) if isinstance(scan, DatabaseScan) else None
            if into is not None:
                self._check(self._reaching(node), into, node)

    @property
    def _guards(self) -> bool:
        """Whether anything has been opened whose data may not go everywhere."""
        return not self._ignored and any(known.privacy in _CONFIDENTIAL for known in self._opened)

    def _check(self, reaching: Mapping[Connection, None], into: Connection, call: syntax.Node | None) -> None:
        for known in reaching:
            if not may_flow(known, into):
                raise firewall_error(known, into, "" if call is None else self._reader.step(call))

    def _reaching(self, node: syntax.Node) -> dict[Connection, None]:
        """The sources whose data the arguments of a call, or the constants of a function, may hold."""
        needed = self._reader.of(node)
        if needed.unknown:
            return self._opened
        calls = [id(node), *needed.calls]
        found = {source for call in calls for source in self._by_call.get(call, ())}
        return {source: None for source in self._opened if source in found}

    @property
    def _running(self) -> list[_Running]:
        """The calls under way in this thread, the innermost last."""
        if not hasattr(self._here, "running"):
            self._here.running = []
        running: list[_Running] = self._here.running
        return running

    @contextmanager
    def _within(self, node: syntax.Invocation) -> Iterator[None]:
        running = self._running
        running.append(_Running(node))
        try:
            yield
        finally:
            running.pop()
