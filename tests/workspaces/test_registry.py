"""Finding connectors by their kind, and what they are given."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from headwater.errors import OriginDeniedError, UsageError
from headwater.workspaces import CREDENTIAL_KINDS, credential_kinds, list_kinds, load_connector, make_credential

PRIVATE = "http://10.0.0.5:5000"


def test_private_networks_reach_the_connector() -> None:
    with pytest.raises(OriginDeniedError):
        load_connector("mlflow", PRIVATE)
    load_connector("mlflow", PRIVATE, private_networks=[ip_network("10.0.0.0/8")]).close()


def test_a_kind_says_which_credentials_it_takes() -> None:
    assert {"anonymous", "basic"} <= credential_kinds("mlflow")
    assert "entra_cli" not in credential_kinds("mlflow")
    with pytest.raises(UsageError):
        credential_kinds("nonsense")


def test_a_connector_of_others_is_found_and_takes_what_it_does_not_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "somebodys.py").write_text("def make(url, **more):\n    return url, more\n")
    metadata = tmp_path / "somebodys-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[headwater.workspaces]\nsomebodys = somebodys:make\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "somebodys" in list_kinds()
    assert credential_kinds("somebodys") == set(CREDENTIAL_KINDS)
    credential = make_credential("token", {}, "canary")
    made: object = load_connector("somebodys", "x", credential)
    assert made == ("x", {"credential": credential, "private_networks": ()})
