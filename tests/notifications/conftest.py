"""A home whose dataflow fails on a row that nobody is to hear of, people around it, a mail server and a webhook."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from sqlalchemy import select
from tests.server.authority import Authority

from headwater.access import SYSTEM, Actor, Via
from headwater.access.people import User
from headwater.app.metadata_place import VARIABLE
from headwater.app.runtime import Headwater
from headwater.errors import HeadwaterError
from headwater.jobs import Job, Worker, queue
from headwater.store import tables

CANARY = "canary-in-a-cell"
PASSWORD = "the-mail-servers-password"


class Again(Exception):
    """A job would be tried again, after a pause that no test waits for."""


@dataclass
class World:
    """An opened home, and what it takes to refresh a dataflow in it."""

    app: Headwater
    folder: Path
    people: dict[str, User] = field(default_factory=dict)

    def person(self, name: str, *, email: str | None = None, role: str = "Owner") -> Actor:
        user = self.app.people.create(SYSTEM, name, email=email)
        self.people[name] = user
        if role:
            self.app.access.grant(SYSTEM, user.id, role, "/collection/root")
        return Actor(user.id, name, Via.SESSION)

    def flow(self, actor: Actor, settings: str = "", *, notify: str = "", fails: bool = True) -> None:
        """Save the dataflow ``flow``: it fails over a row, with that row in M's message, or does not."""
        folder = self.folder / "flow"
        folder.mkdir(exist_ok=True)
        (folder / "dataflow.toml").write_text(f'[dataflow]\nname = "flow"\nload = ["rows"]\n{settings}\n{notify}')
        failing = f'error Error.Record("Canary.Error", "the cell holds {CANARY}", "{CANARY}")'
        text = f"let\n    Read = 1,\n    Checked = {failing}\nin\n    Checked"
        (folder / "rows.pq").write_text(text if fails else '#table({"a"}, {{1}})')
        self.app.apply(actor, folder)

    def refresh(self, trigger: str = "manual") -> str:
        with suppress(HeadwaterError):
            self.app.refresh(SYSTEM, "flow", trigger=trigger)
        return self.app.refreshes(SYSTEM)[0].id

    def told(self, name: str) -> list[str]:
        """The titles that somebody finds in the app."""
        return [each.title for each in self.inbox(name)]

    def inbox(self, name: str) -> Any:
        return self.app.inbox.list(Actor(self.people[name].id, name, Via.SESSION)).notifications

    def jobs(self) -> list[Job]:
        """The jobs that send something, the oldest first."""
        query = select(tables.jobs).where(tables.jobs.c.kind == "notify").order_by(tables.jobs.c.created_at)
        with self.app.database.read() as connection:
            return [Job.of(row) for row in connection.execute(query)]

    def send(self) -> list[Job]:
        """Do every such job that waits, in one attempt each, due or not; how each stands then."""
        return [self._attempt(job.id) for job in self.jobs() if not job.has_ended]

    def _attempt(self, job_id: str) -> Job:
        def watch(job: Job) -> None:
            if job.status == "queued":
                raise Again

        worker = Worker(self.app.database, self.app.job_handlers, watch=watch)
        with suppress(Again):
            worker.run_one(job_id)
        return self.job(job_id)

    def job(self, job_id: str) -> Job:
        with self.app.database.read() as connection:
            found = queue.get(connection, job_id)
        assert found is not None
        return found

    def configure(self, text: str) -> None:
        """Open the home again, with more in its configuration."""
        with self.app.home.configuration.open("a") as file:
            file.write(f"\n{text}\n")
        path = self.app.home.path
        self.app.close()
        self.app = Headwater.open(path)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(Headwater.open(tmp_path / "home", create=True), tmp_path)
    yield made
    made.app.close()


@pytest.fixture
def both(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The world, on each of both databases."""
    if database_url.startswith("postgresql"):
        monkeypatch.setenv(VARIABLE, database_url)
    made = World(Headwater.open(tmp_path / "home", create=True), tmp_path)
    yield made
    made.app.close()


@dataclass
class Mailbox:
    """A mail server: what it took, and with what it answers next instead of taking it."""

    port: int = 0
    mails: list[Any] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.encrypted.append(session.ssl is not None)
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(envelope)
        return "250 taken"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("nobody@"):
            return f"550 no {address} here"
        envelope.rcpt_tos.append(address)
        return "250 fine"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)


class _Controller(Controller):
    """Listens at a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # it is started
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd's


@contextmanager
def mail_server(folder: Path | None = None) -> Iterator[tuple[Mailbox, Path | None]]:
    """A mail server; with a folder it speaks STARTTLS and asks for a password, and the authority's file is there."""
    box, options, authority = Mailbox(), {}, None
    if folder is not None:
        import ssl

        made = Authority(folder)
        issued = made.issue("mail", "localhost")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.certificate, issued.key)
        options = {"tls_context": context, "require_starttls": True, "authenticator": box.authenticate}
        options["auth_required"] = True
        authority = made.certificate
    controller = _Controller(box, hostname="127.0.0.1", port=0, loop=asyncio.new_event_loop(), **options)
    controller.start()
    box.port = controller.port
    try:
        yield box, authority
    finally:
        controller.stop()


@dataclass(frozen=True)
class Call:
    """A call that the webhook got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Hook(ThreadingHTTPServer):
    """A webhook. ``answers``: (status, headers) of the next calls; 204 when there are no more."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[Call] = []
        self.answers: list[tuple[int, dict[str, str]]] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def log_message(self, *_: Any) -> None: ...

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append(Call(self.path, dict(self.headers), body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (204, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
