"""A value that shows itself to nobody who does not ask for it by name."""

from __future__ import annotations

import hmac
from typing import NoReturn

__all__ = ["Secret"]


class Secret:
    """A password, key or token on its way to what uses it.

    It prints as ``Secret(***)``, wherever and however it is printed, and refuses to be pickled; ``reveal`` is the one
    way to the value, easy to search a program for.

    >>> secret = Secret("hunter2")
    >>> f"{secret} {secret!r} {secret:>20}"
    'Secret(***) Secret(***)          Secret(***)'
    >>> secret.reveal()
    'hunter2'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for whoever uses it now and keeps it nowhere."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(_bytes(self._value), _bytes(other._value))

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    def __format__(self, specification: str) -> str:
        return format(repr(self), specification)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def _bytes(value: str) -> bytes:
    return value.encode(errors="surrogatepass")
