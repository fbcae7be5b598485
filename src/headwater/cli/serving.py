"""``headwater serve``."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from headwater.app.administration import link_address
from headwater.app.jobs import worker_at_work
from headwater.app.runtime import Headwater
from headwater.cli.output import log, say
from headwater.errors import UsageError
from headwater.server.application import create_app
from headwater.server.certificates import CertificateFiles, ServerCertificate
from headwater.server.listening import address_of, bind, serve
from headwater.server.settings import ServerSettings, settings_for


@dataclass(frozen=True)
class ServeOptions:
    """Where to listen, how it is reached from there, and whether jobs are done too."""

    host: str
    port: int
    tls_certificate: Path | None
    tls_key: Path | None
    tls_key_password: Path | None
    public_urls: Sequence[str]
    proxies: Sequence[str]
    drain_seconds: int
    worker: bool = True
    download_rows: int | None = None


def run(home: Path, options: ServeOptions) -> None:
    """Serve a home folder until interrupted. What is wrong with the options is told before anything is opened."""
    files = _files(options)
    settings = settings_for(options.host, options.public_urls, options.proxies, tls=files is not None)
    settings = replace(settings, download_rows=options.download_rows)
    # Behind a proxy the certificate is for the proxy alone, and need not have the public name.
    names = () if settings.proxies else settings.names
    certificate = None if files is None else ServerCertificate(files, names)
    with Headwater.open(home) as app, bind(options.host, options.port) as bound:
        listening = address_of(bound, tls=settings.tls)
        app.check_keys()
        served = create_app(app, settings)
        _tell_first_administrator(app, settings.address(listening))
        app.previews.warm()
        with worker_at_work(app) if options.worker else nullcontext():
            serve(
                served,
                bound,
                lambda: _tell(settings, listening),
                certificate=certificate,
                drain_seconds=options.drain_seconds,
            )


def _tell_first_administrator(app: Headwater, address: str) -> None:
    link = app.identity.first_administrator_link()
    if link is not None:
        say("Nobody can sign in yet. Whoever opens this link first is the administrator (good once, for a day):")
        say(f"  {link_address(address, link)}")


def _files(options: ServeOptions) -> CertificateFiles | None:
    certificate, key, password = options.tls_certificate, options.tls_key, options.tls_key_password
    if certificate is not None and key is not None:
        return CertificateFiles(certificate, key, password)
    if (certificate, key, password) != (None, None, None):
        raise UsageError(
            "TLS needs a certificate and its key.",
            hint="Give both --tls-certificate and --tls-key; they may name one file.",
        )
    return None


def _tell(settings: ServerSettings, listening: str) -> None:
    if any(url.origin.scheme == "http" and not url.origin.is_loopback for url in settings.public_urls):
        log.warning("People reach this server by plain http: what they send can be read on the way.")
    address = settings.address(listening)
    where = "" if address == listening else f", listening on {listening}"
    say(f"Headwater serves {address} (API: {address}/docs){where}. Ctrl+C ends it.")
