"""``headwater policy``, ``share``, ``catalog`` and ``asset live`` as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.command import failed, headwater, succeeded
from tests.policies.town import Town, build, canary

from headwater.access import SYSTEM
from headwater.app.home import open_home
from headwater.app.runtime import Headwater


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("policies")
    with Headwater(open_home(folder / "home", create=True)) as app:
        town: Town = build(app, folder / "flows")
        app.access.grant(SYSTEM, "ann", "Data share contributor", "server")
        assert town.people
    return folder / "home"


def test_policies_are_made_changed_listed_and_deleted(home: Path) -> None:
    at = ("--home", home)
    assert "Nobody" in str(failed("policy", "create", "pay", "label", "secret", *at))
    told = succeeded(
        "policy", "create", "pay", "label", "secret", "--collection", "outer", "--reader", "group:all", *at
    )
    assert "group:all (2 people)" in told.err
    listed = json.loads(succeeded("policy", "list", "--json", *at).out)
    assert [(policy["name"], policy["value"], policy["people"]) for policy in listed] == [("pay", "secret", 2)]
    succeeded("policy", "change", "pay", "--off", "--reader", "bob", *at)
    assert succeeded("policy", "list", *at).out.startswith("pay\toff\tlabel secret\t")
    assert "asset, classification" in str(failed("policy", "create", "x", "colour", "red", *at))
    succeeded("policy", "delete", "pay", *at)
    assert not succeeded("policy", "list", *at).out


def test_the_command_line_reads_everything(home: Path) -> None:
    at = ("--home", home)
    succeeded("policy", "create", "all", "asset", "table:staff/people#email", "--lock-out", *at)
    try:
        assert canary("people", "email") in succeeded("table", "rows", "staff/people", *at).out
    finally:
        succeeded("policy", "delete", "all", *at)


def test_links_are_made_listed_shown_and_revoked(home: Path) -> None:
    at = ("--home", home)
    made = succeeded("share", "create", "staff/people", "auditor", "--as", "ann", "--column", "id", *at)
    token = made.out.strip()
    assert token.startswith("hwp_")
    assert token not in made.err
    (share,) = json.loads(succeeded("share", "list", "--json", *at).out)
    assert (share["prefix"], share["columns"], share["sharer"]) == (token[:10], ["id"], "ann")
    assert "columns\tid" in succeeded("share", "show", share["id"], *at).out
    succeeded("share", "revoke", share["id"], *at)
    assert "revoked" in succeeded("share", "list", *at).out
    assert token not in succeeded("share", "list", "--json", *at).out
    assert "you may not" in str(failed("share", "create", "staff/people", "x", "--as", "bob", *at)).lower()


def test_a_catalog_that_is_not_described_is_not_pushed_to(home: Path) -> None:
    assert "[[push]]" in str(failed("catalog", "push", "nowhere", "--home", home))
    assert not succeeded("catalog", "targets", "--home", home).out


def test_what_lies_in_no_workspace_has_no_live_view(home: Path) -> None:
    with Headwater.open(home) as app:
        guid = app.table_guid(SYSTEM, "staff", "people")
    assert guid is not None
    assert "no workspace" in str(failed("asset", "live", guid, "--home", home))
    assert headwater("asset", "live", "x", "--home", home).status != 0
