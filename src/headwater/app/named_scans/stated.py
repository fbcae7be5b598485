"""What somebody says of a source or a scan and Headwater only keeps: it is small, and holds no secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from headwater.errors import UsageError

__all__ = ["check_name", "check_stated"]

_LARGEST: Final = 64 << 10
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
#: Under such names others send secrets; a text there is one, an object says where one is kept.
_SECRETS: Final = frozenset(
    {
        *("password", "pwd", "secret", "clientsecret", "token", "accesstoken", "sastoken", "sas", "apikey"),
        *("key", "accountkey", "accesskey", "secretaccesskey", "sharedkey", "connectionstring"),
    }
)


def check_stated(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was said, if it may be kept.

    Raises:
        UsageError: it is too large, or there is a secret in it.
    """
    if len(orjson.dumps(values, option=orjson.OPT_NON_STR_KEYS)) > _LARGEST:
        raise UsageError("This is too large to be kept.", hint="Send 64 KiB of JSON at most.")
    for name in _texts(values):
        if re.sub("[^a-z]", "", name.lower()) in _SECRETS:
            raise UsageError(
                f"'{name[:40]}' holds a secret, and secrets are not kept here.",
                hint="Name where it is kept: set the source's credential by a reference.",
            )
    return dict(values)


def check_name(name: str) -> None:
    """Refuse what is no name of a scan, a ruleset or such (UsageError)."""
    if not _NAME.fullmatch(name):
        raise UsageError("This is no name.", hint="Use letters, digits, points, hyphens and underscores, up to 255.")


def _texts(value: Any, name: str = "") -> Iterator[str]:
    """The names under which texts stand, however deep."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner, name)
    elif isinstance(value, str) and value:
        yield name
