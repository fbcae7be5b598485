"""Registered sources that hold data and no models."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select
from tests.workspaces.stored.support import somebody

from headwater.access import SYSTEM
from headwater.access.secrets import SecretStore
from headwater.app.reach import Workspaces
from headwater.errors import ForbiddenError, NotFoundError, OriginDeniedError, UsageError
from headwater.secret import Secret
from headwater.store import Database, tables
from headwater.workspaces import SourceService, holds_models, load_connector, load_data_source, load_source

SHOP = "postgresql://db.example.com:5432/shop"


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed" / "lake"
    folder.mkdir(parents=True)
    (folder / "people.csv").write_text("id,name\n1,ann\n")
    return folder


@pytest.fixture
def sources(database: Database, secrets: SecretStore, lake: Path) -> SourceService:
    return SourceService(database, secrets, [lake.parent])


def test_a_folder_is_registered_tested_and_read(sources: SourceService, lake: Path) -> None:
    added = sources.add(SYSTEM, "lake", "The lake", "folder", f"{lake}/")
    assert (added.url, added.kind) == (lake.as_uri(), "folder")
    assert sources.test(SYSTEM, "lake").qualified_name == lake.as_uri()
    with sources.connect_data(SYSTEM, "lake") as source:
        names = [found.display_name for found in source.list_data_assets()]
    assert names == ["lake", "people.csv"]
    with pytest.raises(UsageError, match="no models"), sources.connect(SYSTEM, "lake"):
        pass
    sources.add(SYSTEM, "ml", "", "mlflow", "http://127.0.0.1:5000")
    with pytest.raises(UsageError, match="workspace"), sources.connect_data(SYSTEM, "ml"):
        pass


def test_a_folder_lies_where_an_administrator_allowed_it_and_is_theirs_to_name(
    database: Database, sources: SourceService, lake: Path
) -> None:
    ann = somebody(database, "ann", "data source administrator")
    for kind in ("folder", "delta"):
        with pytest.raises(ForbiddenError):
            sources.add(ann, "lake", "", kind, str(lake))
        with pytest.raises(OriginDeniedError):
            sources.add(SYSTEM, "lake", "", kind, str(lake.parent.parent))
    with pytest.raises(ForbiddenError):
        sources.add(ann, "shop", "", "postgresql", SHOP)
    sources.add(SYSTEM, "lake", "", "folder", str(lake))
    with pytest.raises(OriginDeniedError):
        sources.change(SYSTEM, "lake", url="/etc")
    # What was allowed once is asked again with every use.
    with (
        pytest.raises(OriginDeniedError),
        SourceService(database, None, [lake / "below"]).connect_data(SYSTEM, "lake"),
    ):
        pass
    with pytest.raises((ForbiddenError, NotFoundError)), sources.connect_data(somebody(database, "bo"), "lake"):
        pass


def test_a_databases_credential_is_forgotten_at_another_server(database: Database, sources: SourceService) -> None:
    assert sources.add(SYSTEM, "shop", "", "postgresql", "postgres://DB.example.com/shop").url == SHOP
    sources.set_credential(SYSTEM, "shop", "basic", {"username": "ann"}, secret=Secret("canary"))
    sources.change(SYSTEM, "shop", url="postgresql://db.example.com/other")
    assert sources.describe_credential(SYSTEM, "shop") is not None
    sources.change(SYSTEM, "shop", url="postgresql://elsewhere.example.com/other")
    assert sources.describe_credential(SYSTEM, "shop") is None
    with pytest.raises(UsageError):
        sources.set_credential(SYSTEM, "shop", "token", {}, secret=Secret("canary"))
    with database.read() as connection:
        told = [str(row) for row in connection.execute(select(tables.audit_events)).all()]
    assert "canary" not in "".join(told)


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("folder", "https://example.com"),
        ("postgresql", "/data"),
        ("mlflow", "/data"),
        ("folder", "lake"),
        ("delta", ""),
    ],
)
def test_an_address_of_another_kind_is_none(sources: SourceService, kind: str, url: str) -> None:
    with pytest.raises(UsageError):
        sources.add(SYSTEM, "x", "", kind, url)


def test_what_lists_models_passes_over_sources_of_data(sources: SourceService, lake: Path) -> None:
    sources.add(SYSTEM, "lake", "", "folder", str(lake))
    sources.add(SYSTEM, "shop", "", "postgresql", SHOP)
    ml = sources.add(SYSTEM, "ml", "", "mlflow", "http://127.0.0.1:5000")
    workspaces = Workspaces(sources, SYSTEM)
    assert list(workspaces) == ["ml"] and workspaces.scopes == {"ml": ml.scope_id}
    assert "lake" not in workspaces and len(workspaces) == 1


def test_a_kind_says_whether_it_holds_models(lake: Path) -> None:
    kinds = ("mlflow", "azureml", "openapi", "folder", "delta", "postgresql", "nonsense")
    assert [holds_models(kind) for kind in kinds] == [True, True, True, False, False, False, True]
    load_source("folder", str(lake), folders=[lake]).close()
    load_source("mlflow", "http://127.0.0.1:5000").close()
    with pytest.raises(UsageError):
        load_connector("folder", str(lake))
    with pytest.raises(UsageError):
        load_data_source("mlflow", "http://127.0.0.1:5000")
