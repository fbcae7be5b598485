"""The types that Headwater itself writes."""

from __future__ import annotations

from headwater.catalog.types.definitions import AttributeDefinition, TypeDefinition

__all__ = ["BUILT_IN"]

_A = AttributeDefinition
_TEXT_MAP = "map<string,string>"

_DEFINITIONS = (
    TypeDefinition(
        "Referenceable",
        (),
        (_A("qualifiedName", description="Unique among the assets of the type.", is_optional=False, is_unique=True),),
        "What can be referred to by name.",
        is_abstract=True,
    ),
    TypeDefinition(
        "Asset",
        ("Referenceable",),
        (_A("name"), _A("displayName"), _A("description"), _A("userDescription"), _A("owner")),
        "What people look for.",
        is_abstract=True,
    ),
    TypeDefinition("DataSet", ("Asset",), (), "What a process reads or writes."),
    TypeDefinition(
        "Process",
        ("Asset",),
        (_A("inputs", "array<DataSet>"), _A("outputs", "array<DataSet>"), _A("columnMapping")),
        "What reads inputs and writes outputs.",
    ),
    TypeDefinition("Infrastructure", ("Asset",), (), "What other things run on."),
    TypeDefinition(
        "column",
        ("DataSet",),
        (_A("data_type", description="One of the published types."), _A("role"), _A("native_type")),
        "A column of a dataset or table, an input or output of a model version.",
    ),
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
            _A("kind", description="A file, a folder, a table or a view."),
            *(
                _A("version"),
                _A("rows", "long"),
                _A("size", "long"),
                _A("changed_at", "date"),
                _A("archived", "boolean"),
            ),
            *(_A("tags", _TEXT_MAP), _A("primary_key", "array<string>"), _A("partition_columns", "array<string>")),
            _A("registered_as", "array<string>", "What sources call it."),
            _A("aliases", "array<string>", "Further addresses of the same data."),
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
        "openlineage_job",
        ("Process",),
        (
            *(_A("namespace"), _A("job"), _A("kind"), _A("integration", description="The tool that told of it.")),
            *(_A("state", description="What its last run came to."), _A("parent_job"), _A("tags", _TEXT_MAP)),
            *(_A("sql"), _A("source_url", description="Where its code is.")),
        ),
        "A job that another tool told of as OpenLineage.",
    ),
    TypeDefinition(
        "dataflow_query", ("Process",), (_A("language"),), "The query that computes one table of a dataflow."
    ),
)

#: Every type by its name.
BUILT_IN: dict[str, TypeDefinition] = {definition.name: definition for definition in _DEFINITIONS}
