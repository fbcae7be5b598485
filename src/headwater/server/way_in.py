"""What every request passes before the application: who asks, for which address, by which name."""

from __future__ import annotations

from fastapi import FastAPI

from headwater.server.base_path import BasePath
from headwater.server.clients import ClientAddress
from headwater.server.hosts import AllowedNames, StrictTransport
from headwater.server.settings import ServerSettings


def install(app: FastAPI, settings: ServerSettings) -> None:
    """Put the way in before the application; other middleware has to be there already.

    From the outside in: the client's address, the base path, the order to come by https, the names. What is installed
    earlier finds the client's true address and scheme, and ``root_path``.
    """
    app.add_middleware(AllowedNames, settings=settings)
    app.add_middleware(StrictTransport, settings=settings)
    app.add_middleware(BasePath, base_path=settings.base_path)
    app.add_middleware(ClientAddress, proxies=settings.proxies)
