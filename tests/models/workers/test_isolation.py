"""What a model's code can do in its process: a model that tries, with every right that the tests have."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest

from headwater.errors import ScoringError
from headwater.models.signature import Signature
from headwater.models.workers import isolation
from headwater.models.workers.confinement import Isolation
from headwater.models.workers.options import WorkerOptions
from headwater.models.workers.process import WorkerScorer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")

OpenScorer = Callable[..., WorkerScorer]
Try = Callable[..., list[str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a home folder holds."""
    folder = tmp_path_factory.mktemp("home")
    for name in ("headwater.toml", "headwater.db", "secret.key", "ledger/0/part.parquet", "tables/a/b/log.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("canary")
    return folder


@pytest.fixture(scope="module")
def spy(
    home: Path,
    saved_models: Path,
    signature_of: Callable[[str], Signature],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[WorkerScorer]:
    options = WorkerOptions(minimum_isolation="restricted", hidden=(home,))
    log = tmp_path_factory.mktemp("spy") / "log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWATER_KEY", "canary")
        scorer = WorkerScorer(saved_models / "spy", signature_of("spy"), name="demo.spy", log=log, options=options)
        scorer.warm()
        yield scorer
        scorer.close()


@pytest.fixture
def tries(spy: WorkerScorer, signature_of: Callable[[str], Signature]) -> Try:
    schema = signature_of("spy").wire_schema

    def attempt(*attempts: str) -> list[str]:
        scored = spy.score(pa.RecordBatch.from_arrays([pa.array(attempts)], schema=schema))
        assert scored.errors is None, scored.errors
        found: list[str] = scored.values.to_pylist()
        return found

    return attempt


def denied(outcomes: list[str]) -> bool:
    return all(outcome.startswith("denied (") for outcome in outcomes)


def test_it_says_so(spy: WorkerScorer, tries: Try) -> None:
    tries("variables")
    assert spy.isolation == Isolation("restricted")


def test_the_home_folder_is_out_of_reach(tries: Try, home: Path) -> None:
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) == 5
    ways = ("read", "write", "remove", "truncate", "link", "symlink")
    outcomes = tries(*(f"{way} {path}" for way in ways for path in files), f"list {home}", f"write {home / 'new'}")
    assert denied(outcomes), outcomes
    assert all(path.read_text() == "canary" for path in files)


def test_modes_of_files_are_left_alone(tries: Try, home: Path) -> None:
    key = home / "secret.key"
    key.chmod(0o600)
    tries(f"chmod {key}")
    assert key.stat().st_mode & 0o777 == 0o600


def test_other_files_are_out_of_reach(tries: Try, tmp_path: Path, saved_models: Path) -> None:
    (tmp_path / "file").write_text("mine")
    shared = Path("/dev/shm") / f"headwater-test-{os.getpid()}"
    shared.write_text("mine")
    try:
        outcomes = tries(
            f"read {tmp_path / 'file'}", f"write {tmp_path / 'file'}", f"read {Path.home() / '.bashrc'}", "list /",
            "list /tmp", "read /etc/shadow", f"read {shared}", f"write {shared}", f"write {shared}-new",
            f"write {saved_models / 'spy' / 'MLmodel'}", f"read {saved_models / 'arithmetic' / 'MLmodel'}",
            f"write {isolation.__file__}", f"write {sys.prefix}/new",
        )  # fmt: skip
    finally:
        shared.unlink()
    assert denied(outcomes), outcomes


def test_the_network_is_out_of_reach(tries: Try, tmp_path: Path) -> None:
    name = f"headwater-test-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_UNIX) as local,
        socket.socket(socket.AF_UNIX) as abstract,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams,
    ):
        local.bind(str(tmp_path / "s"))
        datagrams.bind(str(tmp_path / "d"))
        abstract.bind(f"\0{name}")
        local.listen()
        abstract.listen()
        outcomes = tries(
            f"connect {server.getsockname()[1]}", f"unix {tmp_path / 's'}", f"abstract {name}",
            f"datagram {tmp_path / 'd'}",
        )  # fmt: skip
    assert denied(outcomes), outcomes


def test_other_processes_are_out_of_reach(tries: Try) -> None:
    """This one holds the server's rights; another, that is nobody's parent here, is somebody else's."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        outcomes = [
            outcome
            for pid in (os.getpid(), other.pid)
            for outcome in tries(f"read /proc/{pid}/environ", f"read /proc/{pid}/cmdline", f"signal {pid}",
                                 f"trace {pid}")
        ]  # fmt: skip
        other.communicate(b"\n")
    assert denied(outcomes), outcomes


def test_it_cannot_get_out(tries: Try) -> None:
    assert denied(tries("namespace", "clone"))
    assert tries("start") == ["start: denied too"], "what it starts is held, too"


def test_its_variables_hold_nothing_of_ours(tries: Try, spy: WorkerScorer, home: Path) -> None:
    (seen,) = tries("variables")
    assert "canary" not in seen and "HEADWATER" not in seen and str(home) not in seen
    assert "canary" not in str(psutil.Process(spy.pid).environ())


def test_it_has_a_folder_of_its_own(tries: Try, spy: WorkerScorer) -> None:
    assert tries("own") == ["own: text"]
    folder = Path(psutil.Process(spy.pid).environ()["HOME"])
    assert (folder / "file").is_file()
    assert folder.stat().st_mode & 0o077 == 0


def test_its_folder_goes_with_it(open_scorer: OpenScorer, signature_of: Callable[[str], Signature]) -> None:
    scorer = open_scorer("spy")
    scorer.score(pa.RecordBatch.from_arrays([pa.array(["own"])], schema=signature_of("spy").wire_schema))
    folder = Path(psutil.Process(scorer.pid).environ()["HOME"])
    assert folder.is_dir()
    scorer.close()
    assert not folder.exists()


def test_root_is_no_root(spy: WorkerScorer, tries: Try) -> None:
    tries("variables")
    status = Path(f"/proc/{spy.pid}/status").read_text()
    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (told["CapEff"], told["CapPrm"], told["NoNewPrivs"], told["Seccomp"]) == ("0" * 16, "0" * 16, "1", "2")


@pytest.mark.parametrize("answer", ["huge", "junk", "deep", "short"])
def test_an_answer_that_the_model_forged_is_none(
    open_scorer: OpenScorer, signature_of: Callable[[str], Signature], answer: str
) -> None:
    """And the server neither sets aside what it claims to be long, nor waits for ever."""
    scorer = open_scorer("spy")
    batch = pa.RecordBatch.from_arrays([pa.array([f"forge {answer}"])], schema=signature_of("spy").wire_schema)
    with pytest.raises(ScoringError, match="an answer that cannot be read") as caught:
        scorer.submit(batch).result(60)
    assert caught.value.code == "model.process"


def test_models_work_all_the_same(open_scorer: OpenScorer, signature_of: Callable[[str], Signature]) -> None:
    scorer = open_scorer("pipeline", WorkerOptions(minimum_isolation="restricted", memory_limit=4_000_000_000))
    columns: list[Any] = [pa.array(["UA", "AA"]), pa.array([1000, 1000])]
    scored = scorer.score(pa.RecordBatch.from_arrays(columns, schema=signature_of("pipeline").wire_schema))
    assert scored.values.to_pylist() == pytest.approx([15.0, 10.0])


# -- memory ------------------------------------------------------------------------------------------------------------


def test_a_model_that_eats_memory_is_ended_and_said_to(
    open_scorer: OpenScorer, signature_of: Callable[[str], Signature]
) -> None:
    scorer = open_scorer("spy", WorkerOptions(memory_limit=3_000_000_000))
    schema = signature_of("spy").wire_schema

    def score(text: str) -> Any:
        return scorer.score(pa.RecordBatch.from_arrays([pa.array([text])], schema=schema))

    assert score("memory 1000000000").values.to_pylist() == ["memory: 1000000000"]
    with pytest.raises(ScoringError, match=r"ran out of memory, of which it may use 3\.0 GB") as caught:
        score("memory 4000000000")
    assert caught.value.code == "model.memory"
    assert "memory_limit" in caught.value.hint


def test_a_model_too_large_to_load_is_said_to_be(
    open_scorer: OpenScorer, signature_of: Callable[[str], Signature]
) -> None:
    scorer = open_scorer("spy", WorkerOptions(memory_limit=60_000_000))
    batch = pa.RecordBatch.from_arrays([pa.array(["own"])], schema=signature_of("spy").wire_schema)
    with pytest.raises(ScoringError) as caught:
        scorer.score(batch)
    assert caught.value.code in {"model.memory", "model.process"}, "there is not even enough to say so, at times"
    assert "memory_limit" in caught.value.hint


# -- what is not to be had ---------------------------------------------------------------------------------------------


def test_what_can_be_read_after_all_is_found_out(
    open_scorer: OpenScorer, signature_of: Callable[[str], Signature], saved_models: Path
) -> None:
    """A home folder within the folders of a Python, say: what was given up is tried, not believed."""
    inside = saved_models / "spy"
    batch = pa.RecordBatch.from_arrays([pa.array(["own"])], schema=signature_of("spy").wire_schema)
    scorer = open_scorer("spy", WorkerOptions(hidden=(inside,)))
    assert scorer.score(batch).errors is None
    assert scorer.isolation == Isolation("process", (f"files: {inside} can be read",))
    with pytest.raises(ScoringError, match="can be read") as caught:
        open_scorer("spy", WorkerOptions(hidden=(inside,), minimum_isolation="restricted")).score(batch)
    assert caught.value.code == "model.isolation"


def test_a_container_is_what_an_administrator_says(
    open_scorer: OpenScorer, signature_of: Callable[[str], Signature]
) -> None:
    batch = pa.RecordBatch.from_arrays([pa.array(["own"])], schema=signature_of("spy").wire_schema)
    with pytest.raises(ScoringError, match="nobody said") as caught:
        open_scorer("spy", WorkerOptions(minimum_isolation="container")).score(batch)
    assert caught.value.code == "model.isolation"
    scorer = open_scorer("spy", WorkerOptions(minimum_isolation="container", container=True))
    assert scorer.score(batch).errors is None
    assert scorer.isolation == Isolation("container")


@pytest.mark.parametrize("gone", ["_give_up_files", "_give_up_calls"])
def test_where_the_system_lacks_it_that_is_said(gone: str, tmp_path: Path) -> None:
    """An older kernel, or a container runtime that refuses the calls."""
    (tmp_path / "secret").write_text("x")
    program = f"""
import errno, importlib.util
spec = importlib.util.spec_from_file_location("isolation", {isolation.__file__!r})
isolation = importlib.util.module_from_spec(spec)
spec.loader.exec_module(isolation)
def refuse(*arguments, **more):
    raise OSError(errno.ENOSYS, "not here")
isolation.{gone} = refuse
missing = isolation.restrict({{"read": ["/usr"], "write": [], "beside": {str(tmp_path)!r},
                              "hidden": [{str(tmp_path)!r}], "memory": None}})
print("; ".join(missing))
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    what, of_these = {
        "_give_up_files": ("files", [f"{tmp_path} can be read", "new ones can be made"]),
        "_give_up_calls": ("network", ["Internet sockets", "UNIX sockets"]),
    }[gone]
    assert f"{what}: not here" in done.stdout
    assert all(text in done.stdout for text in of_these)


def test_capabilities_go_before_anything_else_is_started() -> None:
    """Those that a service manager hands down would outlive the start of the model's Python."""
    program = f"""
import ctypes, importlib.util
spec = importlib.util.spec_from_file_location("isolation", {isolation.__file__!r})
isolation = importlib.util.module_from_spec(spec)
spec.loader.exec_module(isolation)
isolation._give_up_privileges(ctypes.CDLL(None, use_errno=True))
print(*(line for line in open("/proc/self/status") if line.startswith(("CapPrm", "CapAmb"))))
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["CapPrm:", "0" * 16, "CapAmb:", "0" * 16]


def test_where_landlock_keeps_no_signals_the_filter_does(tmp_path: Path) -> None:
    program = f"""
import ctypes, importlib.util, os, signal, threading
spec = importlib.util.spec_from_file_location("isolation", {isolation.__file__!r})
isolation = importlib.util.module_from_spec(spec)
spec.loader.exec_module(isolation)
isolation._give_up_privileges(libc := ctypes.CDLL(None, use_errno=True))
isolation._give_up_calls(libc, signals=True)
got = []
signal.signal(signal.SIGUSR1, lambda *_: got.append(1))
os.kill(os.getpid(), signal.SIGUSR1)
signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
for send in (lambda: os.kill(os.getppid(), 0), lambda: os.killpg(os.getpgid(os.getppid()), 0)):
    try:
        send()
        got.append("sent")
    except PermissionError:
        got.append("denied")
if libc.syscall({234 if os.uname().machine == "x86_64" else 131}, os.getppid(), os.getppid(), 0) < 0:
    got.append("denied")
print(*got)
"""
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["1", "1", "denied", "denied", "denied"]
