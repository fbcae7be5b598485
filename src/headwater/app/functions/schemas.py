"""Schemas from people: supplied ones, and what a model, service or description would be as a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from headwater.access import Actor
from headwater.errors import HeadwaterError, NotFoundError, SchemaError, UsageError
from headwater.models.discovery import FunctionDescription
from headwater.models.schemas.checking import SchemaReport, check_mlmodel, report_of_error
from headwater.models.schemas.openapi import from_openapi, operations
from headwater.models.schemas.samples import signature_from_sample
from headwater.models.schemas.service import ServiceSchema
from headwater.models.schemas.typed import signature_from_text
from headwater.models.service import FunctionService
from headwater.models.signature import Signature
from headwater.net.jsons import parse_json
from headwater.workspaces.addresses import networks
from headwater.workspaces.openapi import OpenAPIConnector, read_document

__all__ = [
    "GivenSchema",
    "NamedReport",
    "check_schema",
    "description_at",
    "length_of_time",
    "read_sample_file",
    "read_schema",
]

_MODEL_FILE = "MLmodel"
#: A model with more files than this is checked by the first of them.
_MOST_FILES = 10_000


@dataclass(frozen=True, slots=True)
class GivenSchema:
    """A schema as somebody gives it: exactly one of these.

    Attributes:
        signature: a function's type as text.
        sample: an object with ``input`` and ``output``: what is sent, and what is answered.
        openapi: an OpenAPI description, parsed; ``operation`` is a path and a method of it, where it has several.
        like: the name of a function that takes and gives the same.
    """

    signature: str | None = None
    sample: Mapping[str, Any] | None = None
    openapi: Mapping[str, Any] | None = None
    operation: tuple[str, str] = ("", "")
    like: str | None = None


def read_schema(functions: FunctionService, actor: Actor, name: str, given: GivenSchema) -> Signature | ServiceSchema:
    """The schema for a function that somebody gives.

    Raises:
        UsageError: not exactly one was given, or it cannot be read; the message says where.
        NotFoundError: there is no such function, or none that may be seen.
        SchemaError: the function that it is to be like has none.
    """
    ways = [given.signature, given.sample, given.openapi, given.like]
    if sum(way is not None for way in ways) != 1:
        raise UsageError("A schema is given in one way.", hint="Give a signature, a sample, a description or a model.")
    if given.like is not None:
        return _schema_of(functions.get(actor, given.like))
    with _written():
        if given.signature is not None:
            return signature_from_text(given.signature)
        if given.sample is not None:
            return _from_sample(given.sample)
    assert given.openapi is not None, "the only way left"
    found = functions.get(actor, name)
    kind = "openapi" if found.endpoint is None else found.endpoint.kind
    with _written():
        document = read_document(orjson.dumps(given.openapi)).content
        return from_openapi(document, kind=kind, operation=given.operation, model=name)


@contextmanager
def _written() -> Iterator[None]:
    """What is wrong with a schema that was written in a request is wrong with the request."""
    try:
        yield
    except HeadwaterError as error:
        raise UsageError(error.message, code=error.code, place=error.place, hint=error.hint) from error


def _from_sample(sample: Mapping[str, Any]) -> Signature:
    if sample.keys() != {"input", "output"}:
        raise UsageError(
            "A sample is an object with 'input' and 'output'.",
            hint="Give what is sent to the model as 'input', and what it answers as 'output'.",
        )
    return signature_from_sample(orjson.dumps(sample["input"]), orjson.dumps(sample["output"]))


def _schema_of(found: FunctionDescription) -> Signature | ServiceSchema:
    if found.service is not None:
        return found.service
    if found.signature is None:
        assert found.problem is not None, "what has no schema has a reason"
        raise found.problem
    return found.signature


# Checking -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedReport:
    """What something would be as a function; ``name`` is a model's, or an operation's."""

    name: str
    report: SchemaReport

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON."""
        return {"name": self.name, **self.report.to_dict()}


def check_schema(
    target: str, describe: Callable[[str], FunctionDescription], private_networks: Sequence[str] = ()
) -> Sequence[NamedReport]:
    """What a model, a service or a description of one would be as functions.

    Args:
        target: a folder with an ``MLmodel`` file, a file with an OpenAPI description, the address of a service, or the
            name of a function.
        describe: looks a function up by its name.
        private_networks: networks that are not public, and in which the address may lie.

    Raises:
        UsageError: it is nothing of these.
        NetworkError, WorkspaceError: the service cannot be asked, or does not describe itself.
    """
    path = Path(target)
    if "://" in target:
        return _operations(description_at(target, private_networks), target)
    if path.is_dir() or path.name == _MODEL_FILE:
        return [_model(path if path.is_dir() else path.parent)]
    if path.is_file():
        return _operations(description_at(target), target)
    found = describe(target)
    if found.signature is None or found.problem is not None:
        assert found.problem is not None, "what has no schema has a reason"
        return [NamedReport(target, SchemaReport(None, (report_of_error(found.problem),)))]
    return [NamedReport(target, SchemaReport.of(found.signature))]


def description_at(place: str, private_networks: Sequence[str] = ()) -> Mapping[str, Any]:
    """The OpenAPI description in a file, or of the service at an address.

    Only for whoever is at the command line: no request may have the server call an address.

    Raises:
        NotFoundError: there is no such file.
        UsageError: a network or the address is none.
        NetworkError, WorkspaceError: the service cannot be asked, or there is no description.
    """
    if "://" not in place:
        return read_document(_content(Path(place)), place).content
    connector = OpenAPIConnector(place, private_networks=networks(private_networks))
    try:
        return connector.document().content
    finally:
        connector.close()


def length_of_time(seconds: float | None) -> timedelta | None:
    """The length of time; None for none.

    Raises:
        UsageError: it is longer than anything lasts.
    """
    try:
        return None if seconds is None else timedelta(seconds=seconds)
    except (OverflowError, ValueError) as error:
        raise UsageError("That is no length of time.", hint="Give a number of seconds.") from error


def read_sample_file(path: Path) -> Mapping[str, Any]:
    """The object in a file of JSON.

    Raises:
        NotFoundError, UsageError: there is no such file, or there is none in it.
    """
    try:
        found = parse_json(_content(path))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError("The file holds no JSON object.", place=str(path), hint='Write {"input": …, "output": …}.')
    return found


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"The file '{path}' cannot be read: {error.strerror}."
        raise NotFoundError(message, place=str(path), hint="Check the path.") from error


def _model(folder: Path) -> NamedReport:
    content = _content(folder / _MODEL_FILE)
    files = [str(file.relative_to(folder)) for file, _ in zip(folder.rglob("*"), range(_MOST_FILES), strict=False)]
    name = folder.resolve().name
    return NamedReport(name, check_mlmodel(content, files, place=name))


def _operations(document: Mapping[str, Any], place: str) -> Sequence[NamedReport]:
    """A report on each operation that takes JSON; one that says why, where there is none."""
    found = operations(document)
    named = [(f"{one.method.upper()} {one.path}", (one.path, one.method)) for one in found] or [(place, ("", ""))]
    return [NamedReport(name, _operation(document, operation, name)) for name, operation in named]


def _operation(document: Mapping[str, Any], operation: tuple[str, str], name: str) -> SchemaReport:
    try:
        schema = from_openapi(document, kind="openapi", operation=operation, model=name)
    except SchemaError as error:
        return SchemaReport(None, (report_of_error(error),))
    return SchemaReport.of(schema.signature)
