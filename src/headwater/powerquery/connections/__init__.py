"""Connections: which data sources an evaluation may use, with which credential, and how private they are."""

from headwater.powerquery.connections.model import (
    Anonymous,
    Connection,
    Credential,
    Key,
    OAuth2,
    Privacy,
    UsernamePassword,
)
from headwater.powerquery.connections.resolving import Connections, Resolver, missing_connection

__all__ = [
    "Anonymous",
    "Connection",
    "Connections",
    "Credential",
    "Key",
    "OAuth2",
    "Privacy",
    "Resolver",
    "UsernamePassword",
    "missing_connection",
]
