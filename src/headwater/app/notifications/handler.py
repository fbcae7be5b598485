"""The jobs that send what people are told."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from headwater.access import SYSTEM
from headwater.app.notifications.mail import send_mail
from headwater.app.notifications.settings import Mail, Webhooks
from headwater.app.notifications.webhook import call_webhook
from headwater.dataflows.notifying import KIND
from headwater.dataflows.telling import Message
from headwater.errors import HeadwaterError, NetworkError
from headwater.jobs import Job, JobStatus, Lease, NewJob, queue
from headwater.store import utc_now

__all__ = ["NotifyHandler"]

#: How often a webhook may ask to be called again later.
_MOST_PAUSES = 20


class NotifyHandler:
    """Sends one mail or calls one webhook; see :class:`headwater.jobs.Handler`.

    Where no mail server is configured, a mail is not sent, and the job succeeds: the app has the message.
    """

    def __init__(self, mail: Mail | None, webhooks: Webhooks) -> None:
        self._mail = mail
        self._webhooks = webhooks

    def run(self, lease: Lease) -> None:
        """Send what the job holds.

        Raises:
            NetworkError, UsageError, SecretError: it cannot be sent, now or ever.
        """
        payload = lease.job.payload
        message = Message.from_json(payload["message"])
        identifier = str(payload.get("identifier", lease.job.id))
        if payload["channel"] == "email":
            if self._mail is not None:
                send_mail(self._mail, payload["address"], message.title, self._text(message), identifier=identifier)
            return
        later = call_webhook(self._webhooks, payload["address"], message, identifier=identifier)
        if later is not None:
            _put_off(lease, later, identifier)

    def may_pass(self, error: Exception) -> bool:
        """Nothing beyond what passes for every job: the network and servers that say "later"."""
        return False

    def ended(self, connection: Connection, job: Job, status: JobStatus, error: HeadwaterError | None) -> None:
        """Nothing belongs to its end."""

    def _text(self, message: Message) -> str:
        if not self._webhooks.link:
            return message.text
        link = f"{self._webhooks.link}/api/dataflows/{message.dataflow}/refreshes/{message.refresh}"
        return f"{message.text}\n\n{link.replace(' ', '%20')}"


def _put_off(lease: Lease, seconds: float, identifier: str) -> None:
    """Go on in another job, as late as the webhook asked for."""
    pauses = int(lease.job.payload.get("pauses", 0)) + 1
    if pauses > _MOST_PAUSES:
        raise NetworkError(
            f"The webhook asked {pauses} times to be called again later.",
            hint="See the log of whoever runs it.",
            code="network.busy",
        )
    later = NewJob(
        KIND,
        lease.job.subject,
        {**lease.job.payload, "identifier": identifier, "pauses": pauses},
        key=f"notify:{identifier}:{pauses}",
        due_at=utc_now() + timedelta(seconds=seconds),
        max_attempts=lease.job.max_attempts,
    )
    with lease.begin() as connection:
        queue.add(connection, SYSTEM, later)
