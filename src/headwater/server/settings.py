"""How a server is reached: by which names, below which path, through which proxies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from headwater.errors import ServeError
from headwater.server.addresses import listening_address
from headwater.server.public_url import PublicUrl, refused


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the application has to know of the way to it; without any, it is asked on its own machine alone.

    ``public_urls`` share scheme and base path; the first is the one that is told to people. ``proxies`` are the
    addresses and networks whose word about a client is taken. ``on_loopback``: it listens on a loopback address.
    ``tls``: it speaks TLS itself. ``download_rows`` is how many rows a download has at most; None: any number.
    """

    public_urls: tuple[PublicUrl, ...] = ()
    proxies: tuple[str, ...] = ()
    on_loopback: bool = True
    tls: bool = False
    download_rows: int | None = None

    @property
    def base_path(self) -> str:
        """What the path of every address begins with: "" or like "/headwater"."""
        return self.public_urls[0].base_path if self.public_urls else ""

    @property
    def cookie_path(self) -> str:
        """The path of cookies: others on the same host are not sent them."""
        return self.base_path or "/"

    @property
    def secure(self) -> bool:
        """Whether people come by https, so that cookies have to be marked Secure."""
        return self.tls or any(url.origin.scheme == "https" for url in self.public_urls)

    @property
    def names(self) -> frozenset[str]:
        """The names of the public URLs, as a Host header has them, without ports."""
        return frozenset(url.name for url in self.public_urls)

    def address(self, otherwise: str) -> str:
        """What the links that people are given begin with: the public URL, or ``otherwise`` where there is none.

        >>> ServerSettings((PublicUrl.parse("https://data.example.org/headwater"),)).address("http://127.0.0.1:8400")
        'https://data.example.org/headwater'
        """
        return str(self.public_urls[0]) if self.public_urls else otherwise.rstrip("/")


def settings_for(
    host: str, public_urls: Sequence[str] = (), proxies: Sequence[str] = (), *, tls: bool = False
) -> ServerSettings:
    """The settings of a server that is to listen at ``host``, if it may.

    Raises:
        ServeError: ``host`` is no address (``serve.address``); it is reached from elsewhere and nothing protects what
            is sent (``serve.not_protected``), or no name was given (``serve.no_name``); a public URL
            (``serve.public_url``) or a proxy's address (``serve.proxy``) is not what it has to be.
    """
    on_loopback = listening_address(host).is_loopback
    if not on_loopback:
        _require_protection(host, protected=tls or bool(proxies))
        _require_name(host, public_urls)
    return ServerSettings(_urls(public_urls, tls), tuple(map(_proxy, proxies)), on_loopback, tls)


def _require_protection(host: str, *, protected: bool) -> None:
    if not protected:
        raise ServeError(
            f"'{host}' is reached from other machines, and what they send could be read on the way.",
            place=host,
            hint=(
                "Give --tls-certificate and --tls-key; or --behind-proxy with the address of the proxy that speaks TLS;"
                " or serve 127.0.0.1."
            ),
            code="serve.not_protected",
        )


def _require_name(host: str, public_urls: Sequence[str]) -> None:
    if not public_urls:
        raise ServeError(
            f"'{host}' is reached from other machines, and the name they know this server by was not given.",
            place=host,
            hint="Give it with --public-url, like https://data.example.org or https://data.example.org/headwater.",
            code="serve.no_name",
        )


def _urls(texts: Sequence[str], tls: bool) -> tuple[PublicUrl, ...]:
    urls = tuple(map(PublicUrl.parse, texts))
    if len({(url.origin.scheme, url.base_path) for url in urls}) > 1:
        raise refused("The public URLs differ in more than their names: scheme and path have to be the same.")
    if tls and any(url.origin.scheme == "http" for url in urls):
        raise refused("The public URL is http, and the server speaks TLS.")
    return urls


def _proxy(text: str) -> str:
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        raise ServeError(
            f"'{text}' is neither an address nor a network.",
            place="--behind-proxy",
            hint="Give the proxy's address, or its network like 10.1.2.0/24 (with no bit set beyond its length).",
            code="serve.proxy",
        ) from error
    if network.prefixlen == 0:
        raise ServeError(
            f"'{text}' is everybody, and anybody could then pass for anybody.",
            place="--behind-proxy",
            hint="Give the address or the network that the proxy calls from.",
            code="serve.proxy",
        )
    # One address stays one: that is looked up faster than a network.
    return str(network.network_address) if network.num_addresses == 1 else str(network)
