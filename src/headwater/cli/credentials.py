"""Credentials on the command line. A secret is read, and never an argument: others see a command's arguments."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from getpass import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headwater.cli.output import show
from headwater.errors import UsageError

if TYPE_CHECKING:
    from headwater.workspaces import CredentialDescription

__all__ = [
    "FieldOption",
    "NetworkOption",
    "ReferenceOption",
    "SecretEnvironmentOption",
    "SecretStdinOption",
    "given",
    "pairs",
    "show_credential",
]

NetworkOption = Annotated[
    list[str] | None,
    typer.Option("--private-network", help="A private network it may lie in, e.g. 10.0.0.0/8; may be repeated."),
]
FieldOption = Annotated[
    list[str] | None, typer.Option("--field", help="A public field of the credential, NAME=VALUE; may be repeated.")
]
SecretStdinOption = Annotated[
    bool, typer.Option("--secret-stdin", help="Read the secret from standard input; at a terminal it is asked for.")
]
SecretEnvironmentOption = Annotated[
    str | None, typer.Option("--secret-env", help="Read the secret from this environment variable, now.")
]
ReferenceOption = Annotated[
    str | None,
    typer.Option(help="Where the secret is kept and looked up at each use: env:NAME, file:PATH or plugin:NAME:PATH."),
]


def given(field: Sequence[str] | None, *, secret_stdin: bool, secret_env: str | None) -> dict[str, Any]:
    """Fields and secret as the services take them.

    Raises:
        UsageError: a field is not ``NAME=VALUE``, two ways to the secret were named, or nothing is there.
    """
    from headwater.secret import Secret

    fields = pairs(field, "--field")
    if secret_stdin and secret_env is not None:
        raise UsageError("The secret is named twice.", hint="Give one of --secret-stdin and --secret-env.")
    if secret_stdin:
        return {"fields": fields, "secret": Secret(_from_stdin())}
    return {"fields": fields, "secret": None if secret_env is None else Secret(_from_environment(secret_env))}


def pairs(texts: Sequence[str] | None, option: str) -> dict[str, str]:
    """``NAME=VALUE`` as a dictionary.

    Raises:
        UsageError: a text is none. It is not repeated: a secret may have been put there by mistake.

    >>> pairs(["username=ann", "a=b=c"], "--field")
    {'username': 'ann', 'a': 'b=c'}
    """
    found = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(f"{option} is not NAME=VALUE.", hint=f"Write it like {option} username=ann.")
        found[name] = value
    return found


def show_credential(credential: CredentialDescription) -> None:
    """A credential's lines of a result: what may be shown of it."""
    secret = "none" if not credential.has_secret else credential.reference or "stored"
    fields = ",".join(f"{name}={value}" for name, value in credential.fields.items())
    show(f"credential\t{credential.kind}\t{fields}\tsecret: {secret}\t{credential.changed_at:%Y-%m-%d %H:%M} UTC")


def _from_stdin() -> str:
    if sys.stdin.isatty():
        return getpass("Secret: ")
    try:
        text = sys.stdin.buffer.read().decode()
    except UnicodeDecodeError:
        # Without its cause, which holds what was read.
        raise UsageError("Standard input is no text in UTF-8.", hint="Give the secret as text.") from None
    # One line break at the end is the shell's, not the secret's.
    return text.removesuffix("\n").removesuffix("\r")


def _from_environment(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        # The name is not repeated: the secret itself may have been put there by mistake.
        raise UsageError("There is nothing in the variable that --secret-env names.", hint="Set it, or name another.")
    return value
