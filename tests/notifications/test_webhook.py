"""Webhooks: signed, to allowed origins alone, called again as they ask for, each time under the same key."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta

import pytest
from tests.notifications.conftest import Hook, World

from headwater.access import SYSTEM
from headwater.errors import HomeError
from headwater.store import utc_now

SECRET = "what-both-sides-know"


def subscribed(world: World, hook: Hook, *, more: str = "", path: str = "/in?token=canary") -> None:
    world.configure(f'[notifications]\nwebhook_origins = ["{hook.origin}"]\n{more}')
    world.flow(world.person("ann"), notify=f'[[notify]]\nwebhook = "{hook.origin}{path}"')
    world.refresh()


def test_it_can_be_told_who_called(world: World, hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    subscribed(world, hook, more='webhook_secret = "env:HOOK_SECRET"')
    world.send()
    (call,) = hook.calls
    at, _, signed = call.headers["Headwater-Signature"].partition(",v1=")
    expected = hmac.new(SECRET.encode(), at.removeprefix("t=").encode() + b"." + call.body, hashlib.sha256).hexdigest()
    assert signed == expected
    assert abs(utc_now().timestamp() - int(at.removeprefix("t="))) < 600
    told = call.json
    assert (told["event"], told["dataflow"], told["status"]) == ("refresh.failed", "flow", "failed")
    assert told["refresh"] == world.app.refreshes(SYSTEM)[0].id and told["link"] is None
    assert call.path == "/in?token=canary" and call.headers["Content-Type"] == "application/json"


def test_without_a_secret_nothing_is_signed(world: World, hook: Hook) -> None:
    subscribed(world, hook)
    world.send()
    assert "Headwater-Signature" not in hook.calls[0].headers


def test_it_is_called_again_when_it_says_when(both: World, hook: Hook) -> None:
    hook.answers += [(429, {"Retry-After": "90"}), (503, {})]
    subscribed(both, hook)
    (first,) = both.send()
    assert first.status == "succeeded", "it goes on in another job"
    (later,) = [job for job in both.jobs() if not job.has_ended]
    assert timedelta(seconds=60) < later.due_at - utc_now() <= timedelta(seconds=91)
    both.send()
    assert both.job(later.id).status == "queued", "503 without a moment: after a pause of the job's own"
    both.send()
    assert both.job(later.id).status == "succeeded"
    assert len({call.headers["Idempotency-Key"] for call in hook.calls}) == 1 and len(hook.calls) == 3


def test_it_cannot_put_off_for_ever(world: World, hook: Hook) -> None:
    hook.answers += [(429, {"Retry-After": "0"})] * 100
    subscribed(world, hook)
    for _ in range(40):
        ended = [job for job in world.send() if job.error is not None]
        if ended:
            break
    assert ended and len(hook.calls) < 40


@pytest.mark.parametrize(("status", "ends"), [(500, "failed"), (404, "failed"), (302, "failed"), (504, "queued")])
def test_other_answers(world: World, hook: Hook, status: int, ends: str) -> None:
    hook.answers.append((status, {"Location": "/elsewhere"}))
    subscribed(world, hook)
    (job,) = world.send()
    assert job.status == ends and len(hook.calls) == 1, "a redirect is not followed"
    assert job.error is not None and "canary" not in str(dict(job.error))


def test_only_allowed_origins_are_called(world: World, hook: Hook) -> None:
    world.flow(world.person("ann"), notify=f'[[notify]]\nwebhook = "{hook.origin}/in?token=canary"')
    world.refresh()
    (job,) = world.send()
    assert job.error is not None
    assert (job.status, job.error["code"]) == ("failed", "network.origin_denied") and not hook.calls
    assert "canary" not in str(dict(job.error)) and "webhook_origins" in job.error["hint"]


@pytest.mark.parametrize(
    "table",
    [
        'webhook_origins = ["http://hooks.example.org"]',
        'webhook_origins = ["nonsense"]',
        'webhook_origins = "https://hooks.example.org"',
        'webhook_secret = "canary"',
        'link = "ftp://x"',
        'private_networks = ["x"]',
        "hooks = []",
    ],
)
def test_what_the_table_cannot_say(world: World, table: str) -> None:
    with pytest.raises(HomeError) as caught:
        world.configure(f"[notifications]\n{table}")
    assert caught.value.code == "home.unreadable" and "canary" not in str(caught.value) + caught.value.hint
