"""What every source of data must do: derive from ``DataSourceContract`` and say what to expect."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from headwater.errors import HeadwaterError, NotFoundError, UsageError
from headwater.workspaces import CREDENTIAL_KINDS, Connector, Credential, DataLister, DataSource, make_credential
from headwater.workspaces.base import DataSourceFactory

CANARY = "canary-7f3a"


@dataclass(frozen=True)
class ExpectedData:
    """What the source under test holds.

    ``names`` are the qualified names of all that it lists, ``table`` is one of them with rows: ``columns`` are its
    columns and ``rows`` its number of rows; ``holder`` is one without rows. ``foreign`` are names of what exists and is
    none of the source's.
    """

    factory: DataSourceFactory
    kind: str
    url: str
    home: str
    names: frozenset[str]
    table: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    holder: str
    foreign: tuple[str, ...]
    gone: str
    folders: Sequence[Path] = ()
    credential: Credential | None = None

    def connect(self, credential: Credential | None = None, url: str | None = None) -> DataSource:
        """The source, or one at another address."""
        return self.factory(url or self.url, credential=credential or self.credential, folders=self.folders)


class DataSourceContract:
    """The suite. A subclass overrides ``expected_data``; ``gone`` is an address at which there is nothing."""

    @pytest.fixture
    def expected_data(self) -> ExpectedData:
        raise NotImplementedError

    @pytest.fixture
    def source(self, expected_data: ExpectedData) -> Iterator[DataSource]:
        with closing(expected_data.connect()) as source:
            yield source

    def test_its_kind_leads_to_it(self, expected_data: ExpectedData, source: DataSource) -> None:
        project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
        module, _, name = project["entry-points"]["headwater.workspaces"][expected_data.kind].partition(":")
        assert getattr(importlib.import_module(module), name) is expected_data.factory
        assert isinstance(source, DataSource) and isinstance(source, DataLister) and not isinstance(source, Connector)
        assert getattr(expected_data.factory, "holds_models", True) is False
        assert source.kind == expected_data.kind and source.capabilities == {"data_assets"}
        assert source.credential_kinds and source.credential_kinds <= set(CREDENTIAL_KINDS)

    def test_the_place_has_a_name(self, expected_data: ExpectedData, source: DataSource) -> None:
        info = source.test()
        assert (info.kind, info.url, info.qualified_name) == (
            expected_data.kind,
            expected_data.url,
            expected_data.home,
        )
        assert info.display_name

    def test_everything_is_listed_once_and_after_what_holds_it(
        self, expected_data: ExpectedData, source: DataSource
    ) -> None:
        listed = list(source.list_data_assets())
        names = [found.qualified_name for found in listed]
        assert set(names) == expected_data.names and len(names) == len(expected_data.names)
        for place, found in enumerate(listed):
            assert found.parent is None or found.parent in names[:place]
            assert found.display_name and found.source_type
            assert found.updated_at is None or found.updated_at.tzinfo is not None
            assert found.columns is None or all(native for _, native in found.columns)
        assert listed == list(source.list_data_assets())

    def test_a_table_has_columns_and_a_sample_of_them(self, expected_data: ExpectedData, source: DataSource) -> None:
        told = next(found for found in source.list_data_assets() if found.qualified_name == expected_data.table)
        assert told.columns == expected_data.columns and not told.problem
        assert told.rows in {expected_data.rows, None}
        sample = source.sample(expected_data.table, 10_000)
        assert isinstance(sample, pa.Table) and sample.num_rows == expected_data.rows
        assert sample.column_names == [name for name, _ in expected_data.columns]
        assert source.sample(expected_data.table, 1).num_rows == 1

    def test_what_is_none_of_its_tables_has_no_sample(self, expected_data: ExpectedData, source: DataSource) -> None:
        strange = [f"{expected_data.home}/../x", f"{expected_data.table}x", "", "file:///etc/passwd", "nonsense"]
        for name in (expected_data.holder, *expected_data.foreign, *strange):
            with pytest.raises(NotFoundError) as caught:
                source.sample(name, 5)
            assert caught.value.hint

    @pytest.mark.parametrize("rows", [0, -1, 10_001])
    def test_a_sample_is_small(self, expected_data: ExpectedData, source: DataSource, rows: int) -> None:
        with pytest.raises(UsageError):
            source.sample(expected_data.table, rows)

    def test_nothing_there_is_said(self, expected_data: ExpectedData) -> None:
        with closing(expected_data.connect(url=expected_data.gone)) as source:
            for ask in (source.test, lambda: list(source.list_data_assets())):
                with pytest.raises(HeadwaterError) as caught:
                    ask()
                assert caught.value.hint and caught.value.place

    def test_no_text_form_shows_the_credential(self, expected_data: ExpectedData) -> None:
        with closing(expected_data.connect()) as source:
            kinds = source.credential_kinds & {"basic", "token", "key"}
        for kind in kinds:
            credential = make_credential(kind, {"username": "ann"} if kind == "basic" else {}, CANARY)
            with closing(expected_data.connect(credential, expected_data.gone)) as source:
                assert CANARY not in repr(source) + repr(credential) + str(vars(source))
                with pytest.raises(HeadwaterError) as caught:
                    source.test()
                assert CANARY not in str(caught.value.to_dict())

    def test_closed_it_answers_no_more(self, expected_data: ExpectedData) -> None:
        source = expected_data.connect()
        source.test()
        source.close()
        source.close()
        with pytest.raises(HeadwaterError, match="closed"):
            source.test()
        with pytest.raises(HeadwaterError, match="closed"):
            list(source.list_data_assets())
