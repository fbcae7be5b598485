"""Evaluation in a process of its own: the result comes back whole, and what goes beyond a limit is killed for sure."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import psutil
import pytest

from headwater.errors import EngineError, MError, MSyntaxError, UsageError
from headwater.powerquery import Limits, Session, evaluate, to_text
from headwater.powerquery.connections import Connection, Connections, UsernamePassword
from headwater.powerquery.evaluator import limits as module
from headwater.powerquery.evaluator.parcel import packed_session, session_of
from headwater.powerquery.values.core import Record
from headwater.powerquery.values.table import Table
from headwater.secret import Secret

SMALL = Limits(memory=300 << 20, seconds=60)
MOST = Limits(seconds=60)


@pytest.mark.parametrize(
    "expression",
    [
        '[a = #datetime(2024, 2, 29, 12, 30, 0.1234567), b = #duration(-1, 2, 3, 4), c = "ä""#(lf)#(D83D)", d = {1.5}]',
        '#table(type table [a = Int64.Type, b = nullable text, c = any], {{9007199254740993, null, 1}, {2, "x", 2}})',
        '#table({"mixed"}, {{1}, {"x"}, {null}})',
        "{#table({}, {}), type table [a = number], null}",
    ],
)
def test_a_result_comes_back_as_it_is(expression: str) -> None:
    apart, here = evaluate(expression, limits=MOST), evaluate(expression)
    assert to_text(apart) == to_text(here)
    if isinstance(here, Table):
        assert isinstance(apart, Table)
        assert apart.type == here.type


def test_error_cells_come_back_as_cells() -> None:
    table = evaluate('Table.TransformColumnTypes(#table({"a"}, {{"1"}, {"x"}}), {{"a", Int64.Type}})', limits=MOST)
    (first,), (second,) = [list(row) for row in table.rows()]
    assert first == 1
    with pytest.raises(MError, match="couldn't convert"):
        second.get()


def test_an_error_comes_back_with_all_its_parts() -> None:
    text = 'error [Reason = "R", Message.Format = "#{0}!", Message.Parameters = {"m"}, Detail = [x = {1, 2}]]'
    with pytest.raises(MError) as caught:
        evaluate(text, limits=MOST, source_name="q.pq")
    assert (caught.value.reason, caught.value.message) == ("R", "m!")
    assert to_text(caught.value.detail) == "[x = {1, 2}]"
    assert caught.value.message_format == "#{0}!"
    assert caught.value.place == "q.pq, line 1, column 1"


def test_text_that_cannot_be_read_starts_no_process() -> None:
    with pytest.raises(MSyntaxError):
        evaluate("1 +", limits=Limits(seconds=0))


def test_a_function_stays_behind() -> None:
    result = evaluate("[a = 1, f = (x) => x]", limits=MOST)
    assert isinstance(result, Record)
    assert result.get("a") == 1
    with pytest.raises(MError, match="stays in the process"):
        result.get("f")
    function = evaluate("(x) => x")
    with pytest.raises(UsageError, match="'f' is a function"):
        evaluate("f(1)", environment={"f": function}, limits=MOST)


def test_the_session_goes_along(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello")
    session = Session(
        "de-DE",
        ZoneInfo("Asia/Tokyo"),
        clock=lambda: dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC),
        environment={"data": evaluate('#table({"a"}, {{1}})')},
        folders=[tmp_path],
        path_map={r"C:\data": tmp_path},
        seed=7,
    )
    text = r"""{DateTime.LocalNow(), Table.RowCount(data), Text.FromBinary(File.Contents("C:\data\a.txt")),
        Number.Random()}"""
    assert to_text(evaluate(text, session=session, limits=MOST)) == to_text(evaluate(text, session=session))


def test_connections_go_along_with_their_secrets() -> None:
    known = Connections([Connection("Sql", "server", UsernamePassword("ann", Secret("hunter2")))])
    found = session_of(packed_session(Session(connections=known))).find_connection("Sql", "server;sales")
    assert found == known("Sql", "server")
    with pytest.raises(UsageError, match="resolver"):
        packed_session(Session(connections=lambda kind, path: None))


@pytest.mark.parametrize(
    ("code", "limits", "expression"),
    [
        ("seconds", Limits(seconds=2), "List.Count(List.Generate(() => 0, each true, each _))"),
        ("memory", SMALL, "List.Buffer(List.Generate(() => 0, each true, each _ + 1))"),
        ("memory", SMALL, 'Text.Length(Text.Repeat("a", 10000000000))'),
        (
            "memory",
            SMALL,
            "let big = List.Buffer({1..3000000}), pairs = List.TransformMany(big, each big, (x, y) => {x, y})"
            " in List.Count(List.Buffer(pairs))",
        ),
        ("rows", Limits(rows=1000, seconds=60), "{1..1001}"),
        ("rows", Limits(rows=1000, seconds=60), '#table({"a"}, List.Transform({1..1001}, each {_}))'),
        ("rows", Limits(rows=99, seconds=60), 'Table.Repeat(#table({"a"}, {{1}, {2}}), 50)'),
        ("output", Limits(output_bytes=100_000, seconds=60), 'Text.Repeat("a", 100001)'),
        ("output", Limits(output_bytes=100_000, seconds=60), '#table({"a"}, List.Transform({1..100000}, each {_}))'),
    ],
)  # fmt: skip
def test_what_goes_beyond_a_limit_is_stopped(code: str, limits: Limits, expression: str) -> None:
    before = set(psutil.Process().children())
    with pytest.raises(MError) as caught:
        evaluate(expression, limits=limits)
    assert caught.value.code == f"m.limit_{code}"
    assert caught.value.hint
    assert set(psutil.Process().children()) <= before, "the child is gone"


def test_within_the_limits_nothing_is_stopped() -> None:
    limits = Limits(seconds=60, memory=2 << 30, rows=1000, output_bytes=100_000)
    assert len(evaluate("{1..1000}", limits=limits)) == 1000
    assert evaluate('#table({"a"}, List.Transform({1..1000}, each {_}))', limits=limits).row_count() == 1000


def test_a_runaway_recursion_is_an_error_there_too() -> None:
    with pytest.raises(MError) as caught:
        evaluate("let f = (n) => 1 + @f(n + 1) in f(0)", limits=MOST)
    assert caught.value.code == "m.stack_overflow"


def test_a_process_that_ends_without_an_answer_is_an_error() -> None:
    done = module.run_limited("headwater.powerquery.evaluator.apart", (), MOST, b"{}\n")
    assert done.status != 0
    assert done.output == b""
    assert isinstance(module.died(done.status), EngineError)


PARENT = """
from headwater.powerquery import Limits, evaluate
evaluate("List.Count(List.Generate(() => 0, each true, each _ + 1))", limits=Limits(seconds=120))
"""


def test_the_process_goes_when_its_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT])
    try:
        child = _child_of(parent.pid)
        parent.kill()
        parent.wait()
        _, alive = psutil.wait_procs([child], timeout=20)
        assert not alive
    finally:
        parent.kill()
        parent.wait()


def test_the_process_goes_when_the_parents_end_of_the_lifeline_closes() -> None:
    reading, writing = os.pipe()
    command = [sys.executable, "-m", "headwater.powerquery.evaluator.guard", str(reading), "http.server", "0"]
    child = subprocess.Popen(command, pass_fds=[reading], start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        os.close(reading)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=1)
        os.close(writing)
        assert child.wait(timeout=20) == -signal.SIGKILL
    finally:
        child.kill()
        child.wait()


def _child_of(pid: int) -> psutil.Process:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        children = psutil.Process(pid).children()
        if children:
            return children[0]
        time.sleep(0.05)
    raise AssertionError("the parent started no process")


def headwater(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "headwater.cli.main", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_the_command_line_runs_a_file_under_limits(tmp_path: Path) -> None:
    (tmp_path / "q.pq").write_text("section S; a = {1..10}; b = List.Count(List.Generate(() => 0, each true, each _));")
    good = headwater("run", "q.pq", "--query", "a", "--limit-seconds", "60", "--limit-memory", "2GB", folder=tmp_path)
    assert (good.returncode, good.stdout) == (0, "{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}\n")
    endless = headwater("run", "q.pq", "--query", "b", "--limit-seconds", "3", folder=tmp_path)
    assert endless.returncode == 1
    assert "m.limit_seconds" in endless.stderr
    rows = headwater("run", "q.pq", "--query", "a", "--limit-rows", "9", folder=tmp_path)
    assert rows.returncode == 1
    assert "m.limit_rows" in rows.stderr
    printed = headwater("run", "q.pq", "--query", "a", "--limit-output", "20", folder=tmp_path)
    assert "m.limit_output" in printed.stderr
    wrong = headwater("run", "q.pq", "--limit-memory", "much", folder=tmp_path)
    assert "'much' is no size" in wrong.stderr


def test_a_file_half_written_is_removed_when_a_limit_stops_the_command(tmp_path: Path) -> None:
    text = 'Table.FromList(List.Generate(() => 0, each _ < 100000000, each _ + 1), Splitter.SplitByNothing(), {"a"})'
    (tmp_path / "q.pq").write_text(text)
    (tmp_path / "out.parquet.partial").write_text("left by a run that was stopped")
    stopped = headwater("run", "q.pq", "-o", "out.parquet", "--limit-seconds", "3", folder=tmp_path)
    assert "m.limit_seconds" in stopped.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["q.pq"]
