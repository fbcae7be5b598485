"""Subscribers that cannot be told anything are named when a dataflow is checked and saved."""

from __future__ import annotations

from tests.cli.command import succeeded
from tests.notifications.conftest import Hook, World

from headwater.access import SYSTEM
from headwater.errors import Finding


def warnings(world: World) -> list[Finding]:
    found = world.app.flows.validate(SYSTEM, world.app.flows.get(SYSTEM, "flow").definition)
    return [finding for finding in found if finding.severity == "warning"]


def test_a_webhook_that_nobody_allowed_is_named_by_its_origin(world: World, hook: Hook) -> None:
    notify = "\n".join(f'[[notify]]\nwebhook = "{url}"' for url in (f"{hook.origin}/in?token=canary", "https://other"))
    world.flow(SYSTEM, notify=notify)
    first, second = warnings(world)
    assert first.code == second.code == "network.origin_denied"
    assert str(hook.origin) in first.message and "https://other" in second.message
    assert "webhook_origins" in first.hint
    assert "canary" not in f"{first}{second}" and "/in" not in first.message
    world.configure(f'[notifications]\nwebhook_origins = ["{hook.origin}"]')
    (left,) = warnings(world)
    assert "https://other" in left.message


def test_mail_to_a_domain_that_nobody_allowed_is_named(world: World) -> None:
    world.flow(SYSTEM, notify='[[notify]]\nemail = "team@elsewhere.org"\n[[notify]]\nemail = "team@example.org"')
    assert warnings(world) == []
    world.configure('[smtp]\nhost = "localhost"\ntls = "none"\nfrom = "h@example.org"\ndomains = ["example.org"]')
    (found,) = warnings(world)
    assert found.code == "usage" and "domains" in found.hint


def test_it_is_said_when_it_is_checked_and_saved(world: World) -> None:
    world.flow(SYSTEM, notify='[[notify]]\nwebhook = "https://hooks.example.org/in?token=canary"')
    folder, home = str(world.folder / "flow"), str(world.app.home.path)
    for command in (("dataflow", "validate", folder), ("dataflow", "apply", folder)):
        done = succeeded(*command, "--home", home)
        told = str(done)
        assert "https://hooks.example.org" in told and "canary" not in told
