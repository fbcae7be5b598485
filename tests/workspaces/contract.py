"""What every connector must do, whatever the workspace: derive from ``ConnectorContract`` and say what to expect."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from headwater.errors import NotFoundError, UnreachableError, UsageError
from headwater.workspaces import Connector, Credential, list_kinds, load_connector

CANARY = "canary-7f3a"


@dataclass(frozen=True)
class Expected:
    """What the workspace under test holds. ``model`` has at least versions ``version`` and ``latest``."""

    kind: str
    url: str
    models: frozenset[str]
    model: str
    version: str
    alias: str
    latest: str
    run_id: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    datasets: frozenset[str]


class ConnectorContract:
    """The suite. A subclass overrides ``expected``."""

    @pytest.fixture
    def expected(self) -> Expected:
        raise NotImplementedError

    @pytest.fixture
    def connector(self, expected: Expected) -> Iterator[Connector]:
        with closing(load_connector(expected.kind, expected.url)) as connector:
            yield connector

    def test_it_is_found_by_its_kind(self, expected: Expected, connector: Connector) -> None:
        assert expected.kind in list_kinds()
        assert isinstance(connector, Connector)
        assert connector.kind == expected.kind
        assert connector.capabilities <= {"aliases", "signatures", "jobs", "datasets", "artifacts"}

    def test_the_workspace_has_a_name_of_its_kind(self, expected: Expected, connector: Connector) -> None:
        info = connector.test()
        assert (info.kind, info.url) == (expected.kind, expected.url)
        assert info.qualified_name.startswith(f"{expected.kind}://")
        assert not info.qualified_name.endswith("/")

    def test_every_model_is_listed_once(self, expected: Expected, connector: Connector) -> None:
        names = [model.name for model in connector.list_models()]
        assert expected.models <= set(names)
        assert len(names) == len(set(names))

    def test_a_model_knows_its_aliases_and_latest_version(self, expected: Expected, connector: Connector) -> None:
        model = next(model for model in connector.list_models() if model.name == expected.model)
        assert model.aliases[expected.alias] == expected.version
        assert model.latest_version == expected.latest
        assert model.created_at is not None and model.created_at.tzinfo is not None

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
        assert connector.get_version(expected.model, alias=expected.alias) == by_number
        assert expected.alias in by_number.aliases
        latest = connector.get_version(expected.model)
        assert latest.version == expected.latest
        assert latest == connector.get_version(expected.model, expected.latest)
        with pytest.raises(UsageError):
            connector.get_version(expected.model, expected.version, expected.alias)

    def test_a_version_states_its_columns(self, expected: Expected, connector: Connector) -> None:
        signature = connector.get_version(expected.model, expected.version).signature
        assert signature is not None
        assert tuple(item["name"] for item in signature.inputs or ()) == expected.inputs
        assert tuple(item["name"] for item in signature.outputs or ()) == expected.outputs

    def test_the_job_names_the_datasets_it_read(self, expected: Expected, connector: Connector) -> None:
        assert connector.get_version(expected.model, expected.version).run_id == expected.run_id
        job = connector.get_job(expected.run_id)
        assert job.run_id == expected.run_id
        assert expected.datasets <= {dataset.qualified_name for dataset in job.inputs}
        assert job.started_at is not None and job.ended_at is not None and job.started_at <= job.ended_at

    def test_an_artifact_is_written_under_the_folder_given(
        self, expected: Expected, connector: Connector, tmp_path: Path
    ) -> None:
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
        assert connector.model_identity(first) != connector.model_identity(second)

    @pytest.mark.parametrize(
        "ask",
        [
            lambda connector, expected: connector.get_version("there is none"),
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
        assert caught.value.place

    def test_no_text_form_shows_the_credential(self, expected: Expected) -> None:
        credential = Credential({"Authorization": f"Bearer {CANARY}"})
        with closing(load_connector(expected.kind, expected.url, credential)) as connector:
            assert CANARY not in repr(connector) + repr(credential) + str(vars(connector))

    def test_a_dead_workspace_is_unreachable(self, expected: Expected, tmp_path: Path) -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            with closing(load_connector(expected.kind, f"http://127.0.0.1:{held.getsockname()[1]}")) as connector:
                asks: list[Callable[[], object]] = [
                    connector.test,
                    lambda: list(connector.list_models()),
                    lambda: list(connector.list_versions()),
                    lambda: connector.get_version(expected.model),
                    lambda: connector.get_job(expected.run_id),
                    lambda: connector.download_version(expected.model, expected.version, tmp_path),
                ]
                for ask in asks:
                    with pytest.raises(UnreachableError):
                        ask()
