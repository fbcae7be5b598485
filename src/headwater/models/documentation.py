"""What a person reads about a model function: in M as the metadata of its type, elsewhere as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from headwater.models.discovery import FunctionDescription
from headwater.models.names import ModelName
from headwater.models.options import OPTION_NAMES
from headwater.models.signature import Parameter, Signature
from headwater.plan.types import DataType, Kind
from headwater.powerquery.language import quote_field_name
from headwater.powerquery.values.core import EMPTY_RECORD, List, Record, Thunk
from headwater.workspaces.base import JobInfo

__all__ = ["documentation", "example", "summary"]


def documentation(found: FunctionDescription, job: Callable[[], JobInfo | None]) -> Record:
    """The metadata of the function's type, by the names that M's tools look for.

    Args:
        found: the function.
        job: asks for the run that made the model; called once, when somebody looks at what that run tells.
    """
    assert found.signature is not None, "documented are functions"
    run = cache(job)
    shown = Record.of(
        {"Description": "A column of predictions.", "Code": example(found.name, found.signature), "Result": ""}
    )
    return Record.of(
        {
            "Documentation.Name": found.name.function,
            "Documentation.Description": _first_line(found),
            "Documentation.LongDescription": summary(found),
            "Documentation.Category": "Machine learning",
            "Documentation.Source": found.name.source,
            "Documentation.Version": found.version,
            "Documentation.Aliases": List(list(_aliases(found))),
            "Documentation.Author": Thunk(lambda: made.owner if (made := run()) else ""),
            "Documentation.Metrics": Thunk(lambda: Record.of(dict(made.metrics)) if (made := run()) else EMPTY_RECORD),
            "Documentation.Examples": List([shown]),
        }
    )


def summary(found: FunctionDescription) -> str:
    """The function in a few lines: what it is, what it takes, what it gives."""
    return "\n".join(_lines(found))


def example(name: ModelName, signature: Signature) -> str:
    """An M expression that calls the function for each row of a table.

    >>> from headwater.models.schemas.mlflow import from_mlflow
    >>> signature = from_mlflow([{"name": "dep delay", "type": "double"}], [{"type": "double"}])
    >>> example(ModelName("demo", "late"), signature)
    'Table.AddColumn(Source, "late", each demo.late([dep delay]))'
    """
    fields = ", ".join(f"[{quote_field_name(parameter.name)}]" for parameter in signature.parameters)
    column = name.model.replace('"', '""')
    return f'Table.AddColumn(Source, "{column}", each {name.identifier}({fields}))'


def _first_line(found: FunctionDescription) -> str:
    told = found.description.strip().splitlines()
    return told[0] if told else f"The model {found.name.model} of {found.name.source}."


def _aliases(found: FunctionDescription) -> Sequence[str]:
    return found.registered.aliases if found.registered is not None else ()


def _lines(found: FunctionDescription) -> Iterator[str]:
    if found.description.strip():
        yield found.description.strip()
    what = "registered model" if found.kind == "model" else "deployed model"
    yield f"A {what} of {found.name.source}{f', version {found.version}' if found.version else ''}."
    if aliases := _aliases(found):
        yield f"Aliases of this version: {', '.join(aliases)}."
    if found.signature is None:
        return
    yield "Takes:"
    yield from (f"  {_parameter(parameter)}" for parameter in found.signature.parameters)
    yield "Gives:"
    yield from (f"  {output.name}: {type_name(output.type)}" for output in found.signature.outputs)
    if found.signature.params:
        yield "Params:"
        yield from (f"  {p.name}: {p.type}{'[]' if p.is_list else ''} = {p.default}" for p in found.signature.params)
    yield "Options, as a record after the arguments:"
    yield from (f"  {name}: {meaning}" for name, meaning in OPTION_NAMES.items())


def _parameter(parameter: Parameter) -> str:
    optional = ", may be null" if parameter.type.nullable else ""
    described = f": {parameter.description}" if parameter.description else ""
    return f"{parameter.name}: {type_name(parameter.type)}{optional}{described}"


def type_name(of: DataType) -> str:
    """A type for a person.

    >>> from headwater.plan.types import DOUBLE, TEXT, list_type, record_type
    >>> type_name(list_type(record_type({"p": DOUBLE, "label": TEXT})))
    'list of [p = number, label = text]'
    """
    match of.kind:
        case Kind.LIST:
            return f"list of {type_name(of.item)}" if of.item is not None else "list"
        case Kind.RECORD:
            return f"[{', '.join(f'{quote_field_name(f.name)} = {type_name(f.type)}' for f in of.fields)}]"
        case kind:
            return str(kind.value)
