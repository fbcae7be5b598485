"""Sending something to an address to see whether it comes there."""

from __future__ import annotations

import uuid

from headwater.app.notifications.mail import send_mail
from headwater.app.notifications.settings import Mail, Webhooks
from headwater.app.notifications.webhook import call_webhook
from headwater.dataflows.telling import Message
from headwater.errors import NetworkError, UsageError
from headwater.store import utc_now

__all__ = ["try_out"]

_TITLE = "Headwater can reach this address"


def try_out(mail: Mail | None, webhooks: Webhooks, address: str) -> None:
    """Send a mail, or call a webhook with the event "test", as what is told of a refresh would be sent.

    Raises:
        UsageError: no mail server is configured, or the address is none that may be told.
        NetworkError, SecretError: it cannot be sent.
    """
    identifier = str(uuid.uuid4())
    if address.startswith(("https://", "http://")):
        later = call_webhook(webhooks, address, _message(), identifier=identifier)
        if later is not None:
            raise NetworkError(
                "The webhook asks to be called again later.", hint="Try again then.", code="network.busy"
            )
        return
    if mail is None:
        raise UsageError("No mail server is configured.", hint="An administrator adds [smtp] to headwater.toml.")
    send_mail(mail, address, _TITLE, f"{_TITLE}.\n", identifier=identifier)


def _message() -> Message:
    now = utc_now().isoformat()
    return Message("test", "", "", "test", "manual", now, now, None, False, _TITLE, _TITLE)
