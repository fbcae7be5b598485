"""Which of a dataflow's subscribers cannot be told anything, as far as the configuration says now."""

from __future__ import annotations

from collections.abc import Iterator

from headwater.app.notifications.mail import mail_address
from headwater.app.notifications.settings import Mail, Webhooks
from headwater.app.notifications.webhook import webhook_origin
from headwater.dataflows.definitions.settings import Settings, Subscriber
from headwater.errors import Finding, HeadwaterError

__all__ = ["subscriber_findings"]


def subscriber_findings(settings: Settings, mail: Mail | None, webhooks: Webhooks) -> Iterator[Finding]:
    """A warning for each address that sending would refuse, by the same rules; nothing is sent.

    An administrator may allow it at any time, so it is none of the errors that keep a dataflow from being saved.
    """
    for subscriber in settings.notify:
        try:
            _check(subscriber, mail, webhooks)
        except HeadwaterError as error:
            # Of a webhook its origin at most: the rest of an address may be a secret.
            where = f" ({error.place})" if error.place else ""
            message = f"A {subscriber.kind} under [[notify]] cannot be told: {error.message.rstrip('.')}{where}."
            yield Finding("warning", error.code, message, error.hint)


def _check(subscriber: Subscriber, mail: Mail | None, webhooks: Webhooks) -> None:
    if subscriber.kind == "webhook":
        webhook_origin(webhooks, subscriber.address)
    elif subscriber.kind == "email" and mail is not None:
        mail_address(mail, subscriber.address)
