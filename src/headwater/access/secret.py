"""A value that shows itself to nobody who does not ask for it by name."""

from __future__ import annotations

from typing import NoReturn

from headwater.access.bearer import same

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

    #: Equal secrets would tell each other apart by their hashes.
    __hash__ = None  # type: ignore[assignment]  # how Python spells "cannot be hashed"

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for whoever uses it now and keeps it nowhere."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and same(self._value, other._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    def __format__(self, specification: str) -> str:
        return format(repr(self), specification)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")
