"""Sending mail."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from headwater.app.configuration import administrators_secret
from headwater.app.notifications.settings import Mail
from headwater.errors import NetworkError, UnreachableError, UsageError
from headwater.store import utc_now

__all__ = ["mail_address", "send_mail"]

_TIMEOUT_SECONDS = 30.0


def send_mail(mail: Mail, address: str, title: str, text: str, *, identifier: str) -> None:
    """Hand a mail to the server; ``identifier`` stays the same if it is handed over again, so that it shows once.

    Raises:
        UsageError: the address is none, or of a domain that no mail goes to.
        UnreachableError: the server is not there or says "later".
        NetworkError: it refuses the mail, the user or the password (``network.mail``).
        SecretError: the password is not where its reference says.
    """
    to = mail_address(mail, address)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mail.sender, to, " ".join(title.split())
    message["Date"] = format_datetime(utc_now())
    message["Message-ID"] = f"<{identifier}@{parseaddr(mail.sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    with _told(mail), _connected(mail) as server:
        server.send_message(message)


def mail_address(mail: Mail, address: str) -> str:
    """The address alone, which mail has to be allowed to go to.

    Raises:
        UsageError: it is none, or of a domain that no mail goes to.
    """
    to = parseaddr(address)[1]
    domain = to.rpartition("@")[2].lower()
    if not domain or not to.isprintable() or not to.isascii() or " " in to:
        raise UsageError("This is no address that mail can be sent to.", hint="Correct it under [[notify]].")
    if mail.domains and domain not in mail.domains:
        raise UsageError(
            "Mail may not be sent to that domain.", hint="An administrator adds it to 'domains' in [smtp]."
        )
    return to


@contextmanager
def _connected(mail: Mail) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context()
    if mail.tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(mail.host, mail.port, timeout=_TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT_SECONDS)
    with server:
        if mail.tls == "starttls":
            server.starttls(context=context)
        if mail.user:
            server.login(mail.user, administrators_secret(mail.password).reveal())
        yield server


@contextmanager
def _told(mail: Mail) -> Iterator[None]:
    """Turn what the server or the way to it says into one error, without its words: they repeat what was sent."""
    place = f"{mail.host}:{mail.port}"
    try:
        yield
    except (smtplib.SMTPServerDisconnected, smtplib.SMTPConnectError, ConnectionError, TimeoutError) as error:
        raise _away(place) from error
    except smtplib.SMTPException as error:
        status = _status(error)
        if 400 <= status < 500:
            raise _away(place) from None
        raise NetworkError(
            f"The mail server refuses the mail ({type(error).__name__}{f', {status}' if status else ''}).",
            place=place,
            hint="Check [smtp] in headwater.toml, and the address that is told.",
            code="network.mail",
        ) from None
    except OSError as error:  # no such host, a certificate that is not trusted
        raise _away(place) from error


def _status(error: smtplib.SMTPException) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values()), 0)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0


def _away(place: str) -> UnreachableError:
    return UnreachableError(
        "The mail server cannot be reached, or takes no mail now.",
        place=place,
        hint="Check that it runs, and host, port and tls in [smtp] of headwater.toml.",
    )
