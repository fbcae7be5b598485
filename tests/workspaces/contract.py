"""What every connector must do, whatever the workspace: derive from ``ConnectorContract`` and say what to expect.

What a kind of workspace cannot tell (its ``capabilities``) is expected to be said so, in the way the protocol has for
it. The second half is about workspaces that fail or lie: a server of the suite's own stands in their place.
"""

from __future__ import annotations

import importlib
import json
import logging
import socket
import tomllib
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest
from tests.workspaces.liar import Liar, lying
from tests.workspaces.lister_contract import ListerContract

from headwater.errors import (
    HeadwaterError,
    NotFoundError,
    OriginDeniedError,
    RemoteError,
    UnreachableError,
    UsageError,
    WorkspaceError,
)
from headwater.net import parse_origin
from headwater.workspaces import CREDENTIAL_KINDS, Connector, Credential, DataLister, JobLister, make_credential
from headwater.workspaces.base import Capability, ConnectorFactory

CANARY = "canary-7f3a"
CAPABILITIES: frozenset[Capability] = frozenset(get_args(Capability))


@dataclass(frozen=True)
class Expected:
    """What the workspace under test holds. ``model`` has at least versions ``version`` and ``latest``.

    ``endpoint`` is one of ``endpoints``, and takes ``rows``. ``shapes`` are answers (JSON) that no workspace of
    the kind gives, besides those that none gives at all.
    """

    factory: ConnectorFactory
    kind: str
    url: str
    models: frozenset[str]
    model: str
    version: str
    latest: str
    alias: str = ""
    run_id: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    datasets: frozenset[str] = frozenset()
    endpoints: frozenset[str] = frozenset()
    endpoint: str = ""
    rows: bytes = b"{}"
    credential: Credential | None = None
    shapes: tuple[object, ...] = field(default=())

    def connect(self, credential: Credential | None = None, origin: str | None = None) -> Connector:
        """A connector to the workspace, or to whoever is in its place at ``origin``."""
        url = self.url
        if origin is not None:
            url = urlsplit(url)._replace(scheme="http", netloc=urlsplit(origin).netloc).geturl()
        return self.factory(url, credential=credential or self.credential)


class ConnectorContract(ListerContract):
    """The suite. A subclass overrides ``expected``."""

    @pytest.fixture
    def expected(self) -> Expected:
        raise NotImplementedError

    @pytest.fixture
    def connector(self, expected: Expected) -> Iterator[Connector]:
        with closing(expected.connect()) as connector:
            yield connector

    @pytest.fixture
    def liar(self) -> Iterator[Liar]:
        with lying() as liar:
            yield liar

    def test_its_kind_leads_to_it(self, expected: Expected, connector: Connector) -> None:
        project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
        module, _, name = project["entry-points"]["headwater.workspaces"][expected.kind].partition(":")
        assert getattr(importlib.import_module(module), name) is expected.factory
        assert isinstance(connector, Connector)
        assert connector.kind == expected.kind
        assert connector.capabilities <= CAPABILITIES
        assert connector.credential_kinds and connector.credential_kinds <= set(CREDENTIAL_KINDS)

    def test_the_workspace_has_a_name_of_its_kind(self, expected: Expected, connector: Connector) -> None:
        info = connector.test()
        assert (info.kind, info.url) == (expected.kind, expected.url)
        assert info.qualified_name.startswith(f"{expected.kind}://")
        assert info.display_name
        assert not info.qualified_name.endswith("/")

    def test_every_model_is_listed_once(self, expected: Expected, connector: Connector) -> None:
        names = [model.name for model in connector.list_models()]
        assert expected.models <= set(names)
        assert len(names) == len(set(names))

    def test_a_model_knows_its_aliases_and_latest_version(self, expected: Expected, connector: Connector) -> None:
        model = next(model for model in connector.list_models() if model.name == expected.model)
        assert model.latest_version in {expected.latest, None}
        assert model.created_at is None or model.created_at.tzinfo is not None
        if "aliases" in connector.capabilities:
            assert model.aliases[expected.alias] == expected.version
        else:
            assert not model.aliases

    def test_versions_of_one_model_and_of_all_agree(self, expected: Expected, connector: Connector) -> None:
        everything = list(connector.list_versions())
        for name in expected.models:
            assert list(connector.list_versions(name)) == [version for version in everything if version.model == name]
        keys = [(version.model, version.version) for version in everything]
        assert len(keys) == len(set(keys))

    def test_a_version_is_found_by_number_alias_and_as_the_latest(
        self, expected: Expected, connector: Connector
    ) -> None:
        by_number = connector.get_version(expected.model, expected.version)
        latest = connector.get_version(expected.model)
        assert (by_number.version, latest.version) == (expected.version, expected.latest)
        assert latest == connector.get_version(expected.model, expected.latest)
        if "aliases" in connector.capabilities:
            assert connector.get_version(expected.model, alias=expected.alias) == by_number
            assert expected.alias in by_number.aliases
        with pytest.raises(UsageError):
            connector.get_version(expected.model, expected.version, "champion")

    def test_a_version_states_its_columns(self, expected: Expected, connector: Connector) -> None:
        signature = connector.get_version(expected.model, expected.version).signature
        if "signatures" not in connector.capabilities:
            assert signature is None
            return
        assert signature is not None
        assert tuple(item["name"] for item in signature.inputs or ()) == expected.inputs
        assert tuple(item["name"] for item in signature.outputs or ()) == expected.outputs

    def test_the_job_names_the_datasets_it_read(self, expected: Expected, connector: Connector) -> None:
        run_id = connector.get_version(expected.model, expected.version).run_id
        if "jobs" not in connector.capabilities:
            assert run_id is None
            return
        assert run_id == expected.run_id
        job = connector.get_job(expected.run_id)
        assert job.run_id == expected.run_id
        assert expected.datasets <= {dataset.qualified_name for dataset in job.inputs}
        assert bool(job.inputs) == ("datasets" in connector.capabilities)
        assert job.started_at is not None and (job.ended_at is None or job.started_at <= job.ended_at)

    def test_an_artifact_is_written_under_the_folder_given(
        self, expected: Expected, connector: Connector, tmp_path: Path
    ) -> None:
        if "artifacts" not in connector.capabilities:
            with pytest.raises(WorkspaceError) as caught:
                connector.download_version(expected.model, expected.version, tmp_path / "to")
            assert caught.value.hint and list(tmp_path.iterdir()) == []
            return
        folder = connector.download_version(expected.model, expected.version, tmp_path / "to")
        assert (folder / "MLmodel").is_file()
        assert folder.is_relative_to(tmp_path / "to")
        assert [path.name for path in tmp_path.iterdir()] == ["to"]

    def test_an_identity_is_one_artifacts_alone(self, expected: Expected, connector: Connector) -> None:
        first = connector.get_version(expected.model, expected.version)
        second = connector.get_version(expected.model, expected.latest)
        listed = next(
            version for version in connector.list_versions(expected.model) if version.version == expected.version
        )
        assert connector.model_identity(first) == connector.model_identity(listed)
        assert (connector.model_identity(first) == connector.model_identity(second)) == (first == second)

    def test_every_endpoint_is_listed_once_and_without_its_document(
        self, expected: Expected, connector: Connector
    ) -> None:
        listed = list(connector.list_endpoints())
        names = [endpoint.name for endpoint in listed]
        assert set(names) == expected.endpoints and len(names) == len(set(names))
        assert bool(names) == ("endpoints" in connector.capabilities)
        assert all(endpoint.document is None and endpoint.state for endpoint in listed)
        assert all(endpoint.created_at is None or endpoint.created_at.tzinfo is not None for endpoint in listed)
        for endpoint in listed:
            found = connector.get_endpoint(endpoint.name)
            assert replace(
                found, document=None, operation=endpoint.operation, kind=endpoint.kind, problem=""
            ) == replace(endpoint, problem="")
            # A deployed model that nobody can call says why.
            assert found.url or found.problem or found.state != "Succeeded"

    def test_an_endpoint_is_called_at_its_address_and_by_its_client(
        self, expected: Expected, connector: Connector
    ) -> None:
        if "endpoints" not in connector.capabilities:
            return
        endpoint = connector.get_endpoint(expected.endpoint)
        path = endpoint.url.removeprefix(str(parse_origin(endpoint.url)))
        with connector.endpoint_client(expected.endpoint) as client:
            assert str(client.origin) == str(parse_origin(endpoint.url))
            # It is the caller's from now on.
            connector.close()
            headers = {"Content-Type": "application/json"}
            assert client.request("POST", path, content=expected.rows, headers=headers, deadline=30).status == 200

    def test_an_endpoint_has_one_identity(self, expected: Expected, connector: Connector) -> None:
        identities = []
        for listed in connector.list_endpoints():
            identity = connector.endpoint_identity(listed)
            assert identity == connector.endpoint_identity(connector.get_endpoint(listed.name))
            assert identity.startswith(f"{connector.test().qualified_name}/endpoints/{listed.name}#")
            identities.append(identity)
        assert len(identities) == len(set(identities))

    @pytest.mark.parametrize(
        "ask",
        [
            lambda connector, expected: connector.get_endpoint("there is none"),
            lambda connector, expected: connector.get_endpoint(".."),
            lambda connector, expected: connector.endpoint_client("there is none"),
            lambda connector, expected: connector.endpoint_client("."),
            lambda connector, expected: connector.get_version("there is none"),
            lambda connector, expected: connector.get_version("there is none", expected.version),
            lambda connector, expected: connector.get_version("..", expected.version),
            lambda connector, expected: connector.get_version(expected.model, "4711"),
            lambda connector, expected: connector.get_version(expected.model, "no number"),
            lambda connector, expected: connector.get_version(expected.model, alias="none"),
            lambda connector, expected: connector.get_job("0" * 32),
        ],
    )
    def test_what_is_not_there_is_not_found(
        self, expected: Expected, connector: Connector, ask: Callable[[Connector, Expected], object]
    ) -> None:
        with pytest.raises(NotFoundError) as caught:
            ask(connector, expected)
        assert caught.value.hint

    def test_no_text_form_shows_the_credential(self, expected: Expected) -> None:
        credential = make_credential("token", {}, CANARY)
        with closing(expected.connect(credential)) as connector:
            assert CANARY not in repr(connector) + repr(credential) + str(vars(connector))

    def test_closed_it_answers_no_more(self, expected: Expected) -> None:
        connector = expected.connect()
        connector.test()
        connector.close()
        connector.close()
        with pytest.raises(Exception, match="closed"):
            connector.test()

    def test_a_dead_workspace_is_unreachable(self, expected: Expected, tmp_path: Path) -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            with closing(expected.connect(origin=f"http://127.0.0.1:{held.getsockname()[1]}")) as connector:
                for ask in self.asks(expected, connector, tmp_path).values():
                    with pytest.raises(UnreachableError):
                        ask()

    @pytest.mark.parametrize("status", [400, 401, 403, 500])
    def test_a_failure_is_told_with_its_status(
        self, expected: Expected, liar: Liar, tmp_path: Path, status: int
    ) -> None:
        liar.status, liar.body = status, json.dumps({"error": {"code": "Oops", "message": CANARY}}).encode()
        with closing(expected.connect(origin=liar.url)) as connector:
            for ask in self.asks(expected, connector, tmp_path).values():
                with pytest.raises(RemoteError) as caught:
                    ask()
                assert caught.value.status == status
                assert caught.value.hint and CANARY not in str(caught.value.to_dict())

    def test_a_redirect_elsewhere_is_not_followed(self, expected: Expected, liar: Liar, tmp_path: Path) -> None:
        with lying() as elsewhere:
            liar.status, liar.headers = 307, {"Location": elsewhere.url.replace("127.0.0.1", "localhost") + "/stolen"}
            credential = make_credential("token", {}, CANARY)
            with closing(expected.connect(credential, origin=liar.url)) as connector:
                for ask in self.asks(expected, connector, tmp_path).values():
                    with pytest.raises(OriginDeniedError):
                        ask()
            assert elsewhere.seen == []
        assert {request["authorization"] for request in liar.seen} == {f"Bearer {CANARY}"}

    def test_answers_of_another_form_are_no_answers(self, expected: Expected, liar: Liar, tmp_path: Path) -> None:
        shapes = [[], [3], 3, "text", *expected.shapes]
        for body in [b"<html>Sign in</html>", b'{"half":', *(json.dumps(shape).encode() for shape in shapes)]:
            liar.body = body
            with closing(expected.connect(origin=liar.url)) as connector:
                for name, ask in self.asks(expected, connector, tmp_path).items():
                    try:
                        got = ask()
                    except (WorkspaceError, RemoteError, NotFoundError) as error:
                        assert error.place or isinstance(error, NotFoundError), (body, name)
                    else:
                        pytest.fail(f"{name} made {got!r} of {body!r}")

    def test_the_credential_is_found_nowhere(
        self, expected: Expected, liar: Liar, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not in a log at its most talkative, an error's text or a traceback, whatever the workspace answers."""
        caplog.set_level(logging.DEBUG)
        told = []
        for status, body in ((200, b"{}"), (200, b"<html>"), (401, b"{}"), (403, b"{}"), (500, b"{}")):
            liar.status, liar.body = status, body
            for kind in sorted(connector_kinds(expected)):
                credential = _canary(kind)
                with closing(expected.connect(credential, origin=liar.url)) as connector:
                    told += [repr(connector), str(vars(connector))]
                    told += [_failure(ask) for ask in self.asks(expected, connector, tmp_path).values()]
        assert liar.seen and "127.0.0.1" in caplog.text
        sent = {value for request in liar.seen for value in request.values() if CANARY in value or "Basic" in value}
        assert sent
        shown = caplog.text + "".join(told)
        assert CANARY not in shown
        assert not [value for value in sent if value.rpartition(" ")[2] in shown]

    def asks(self, expected: Expected, connector: Connector, folder: Path) -> Mapping[str, Callable[[], object]]:
        """Every question that needs the workspace for an answer."""
        asks: dict[str, Callable[[], object]] = {
            "test": connector.test,
            "list_models": lambda: list(connector.list_models()),
            "list_versions": lambda: list(connector.list_versions()),
            "get_version": lambda: connector.get_version(expected.model),
            "get_version, one": lambda: connector.get_version(expected.model, expected.version),
        }
        if "endpoints" in connector.capabilities:
            asks["list_endpoints"] = lambda: list(connector.list_endpoints())
            asks["get_endpoint"] = lambda: connector.get_endpoint(expected.endpoint)
            asks["endpoint_client"] = lambda: connector.endpoint_client(expected.endpoint)
        if isinstance(connector, JobLister):
            asks["list_experiments"] = lambda: list(connector.list_experiments())
            asks["list_jobs"] = lambda: list(connector.list_jobs())
        if isinstance(connector, DataLister):
            asks["list_data_assets"] = lambda: list(connector.list_data_assets())
        if "jobs" in connector.capabilities:
            asks["get_job"] = lambda: connector.get_job(expected.run_id)
        if "artifacts" in connector.capabilities:
            asks["download_version"] = lambda: connector.download_version(expected.model, expected.version, folder)
        return asks


def connector_kinds(expected: Expected) -> frozenset[str]:
    """The kinds of credential with a secret of their own that the connector takes."""
    with closing(expected.connect()) as connector:
        return connector.credential_kinds & {"basic", "token", "key"}


def _canary(kind: str) -> Credential:
    fields = {"basic": {"username": "ann"}, "key": {"header": "X-Api-Key"}}.get(kind, {})
    return make_credential(kind, fields, CANARY)


def _failure(ask: Callable[[], object]) -> str:
    try:
        return str(ask())
    except HeadwaterError as error:
        return str(error.to_dict()) + "".join(traceback.format_exception(error))
