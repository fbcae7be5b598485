"""What kinds of thing the catalog holds, as data: type, supertypes, attributes, what may contain what."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.errors import UsageError

__all__ = ["CONTAINMENTS", "TYPES", "AttributeDefinition", "TypeDefinition", "is_process", "type_definition"]


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    """An attribute. ``accumulates``: a new sighting adds to the list that is there instead of replacing it."""

    name: str
    type_name: str = "string"
    description: str = ""
    accumulates: bool = False


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """A type of asset. Attributes of its supertypes are its own too."""

    name: str
    supertypes: tuple[str, ...]
    attributes: tuple[AttributeDefinition, ...] = ()
    description: str = ""
    is_abstract: bool = False


_A = AttributeDefinition
_TEXT_MAP = "map<string,string>"

_DEFINITIONS = (
    TypeDefinition(
        "Referenceable",
        (),
        (_A("qualifiedName", description="Unique among the assets of the type."),),
        "What can be referred to by name.",
        is_abstract=True,
    ),
    TypeDefinition(
        "Asset", ("Referenceable",), (_A("name"), _A("description")), "What people look for.", is_abstract=True
    ),
    TypeDefinition("DataSet", ("Asset",), (), "What a process reads or writes.", is_abstract=True),
    TypeDefinition("Process", ("Asset",), (), "What reads inputs and writes outputs.", is_abstract=True),
    TypeDefinition(
        "ml_workspace", ("DataSet",), (_A("kind"), _A("url")), "A machine-learning workspace: models, jobs, endpoints."
    ),
    TypeDefinition(
        "ml_model",
        ("DataSet",),
        (
            _A("tags", _TEXT_MAP),
            _A("aliases", _TEXT_MAP, "Alias to version."),
            _A("latest_version"),
            _A("registered_at", "date"),
            _A("changed_at", "date"),
        ),
        "A registered model: the name its versions share.",
    ),
    TypeDefinition(
        "ml_model_version",
        ("DataSet",),
        (
            _A("model"),
            _A("version"),
            _A("aliases", "array<string>"),
            _A("tags", _TEXT_MAP),
            _A("stage", description="The state the workspace gives it."),
            _A("model_id"),
            _A("run_id"),
            _A("source", description="Where its artifact is."),
            _A("digest", description="Of the artifact's MLmodel file."),
            _A("signature_state", description="pending: to be read; read: whether or not it has one; failed."),
            _A("signature", "map<string,array>", "Inputs, outputs and parameters as the workspace states them."),
            _A("registered_at", "date"),
        ),
        "One immutable version of a model.",
    ),
    TypeDefinition("ml_endpoint", ("DataSet",), (_A("url"), _A("state")), "A deployed scoring service."),
    TypeDefinition(
        "dataset",
        ("DataSet",),
        (
            _A("source_type"),
            _A("digests", "array<string>", "The states of it that jobs have read.", accumulates=True),
            _A("profile", "map<string,any>"),
        ),
        "Data named by where it is: a file, a folder, a database table.",
    ),
    TypeDefinition("dataflow", ("DataSet",), (_A("version", "int"),), "Queries that are refreshed together."),
    TypeDefinition(
        "dataflow_table",
        ("DataSet",),
        (_A("path"), _A("delta_version", "long"), _A("rows", "long")),
        "A published table of a dataflow.",
    ),
    TypeDefinition(
        "ml_job",
        ("Process",),
        (
            _A("run_id"),
            _A("experiment"),
            _A("kind"),
            _A("parent_run_id"),
            _A("registered", "boolean", "Whether it registered a model version."),
            _A("state"),
            _A("started_at", "date"),
            _A("ended_at", "date"),
            _A("params", _TEXT_MAP),
            _A("metrics", "map<string,double>"),
            _A("tags", _TEXT_MAP),
            _A("datasets", "array<map<string,string>>", "Each input's name, digest and use."),
        ),
        "A run that registered a model version, or that was asked for.",
    ),
    TypeDefinition(
        "dataflow_query", ("Process",), (_A("language"),), "The query that computes one table of a dataflow."
    ),
)

#: Every type by its name.
TYPES: dict[str, TypeDefinition] = {definition.name: definition for definition in _DEFINITIONS}

#: COMPOSITION: (parent type, child type). A dataset that is a folder contains the datasets that are its files.
CONTAINMENTS = frozenset(
    {
        ("ml_workspace", "ml_model"),
        ("ml_workspace", "ml_job"),
        ("ml_workspace", "ml_endpoint"),
        ("ml_model", "ml_model_version"),
        ("dataflow", "dataflow_table"),
        ("dataset", "dataset"),
    }
)


def type_definition(name: str) -> TypeDefinition:
    """The type of that name.

    Raises:
        UsageError: there is none.

    >>> type_definition("ml_job").supertypes
    ('Process',)
    """
    if name not in TYPES:
        known = ", ".join(sorted(name for name, definition in TYPES.items() if not definition.is_abstract))
        raise UsageError(f"There is no asset type '{name}'.", hint=f"The types are: {known}.")
    return TYPES[name]


def is_process(name: str) -> bool:
    """Whether assets of that type read inputs and write outputs.

    >>> is_process("dataflow_query"), is_process("dataset")
    (True, False)
    """
    return "Process" in type_definition(name).supertypes
