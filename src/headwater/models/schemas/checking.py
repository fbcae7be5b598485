"""What keeps a model from being a function, and what will surprise whoever calls it: told to the one who can change it.

A finding is an error (there is no function, or a call must fail), a warning (it will surprise somebody), or a note.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import yaml

from headwater.errors import HeadwaterError, SchemaError
from headwater.models.schemas.examples import saved_example
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.schemas.typed import signature_to_text
from headwater.models.signature import PREDICTION, Parameter, Signature, holds_null
from headwater.plan.types import DataType, Kind
from headwater.workspaces.base import SignatureInfo
from headwater.workspaces.mlflow.extract import parse_mlmodel

__all__ = ["Finding", "SchemaReport", "Severity", "check_mlmodel", "check_signature", "report_of_error"]

Severity: TypeAlias = Literal["error", "warning", "note"]

_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found; ``hint`` says what to do about it, with the code to do it where there is some."""

    severity: Severity
    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SchemaReport:
    """What a model is as a function: ``function_text`` its type in a line, None where it has none."""

    function_text: str | None
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, signature: Signature, findings: Iterable[Finding] = ()) -> SchemaReport:
        """The report on a signature, with what was found elsewhere; the worst first."""
        found = [*findings, *check_signature(signature)]
        return cls(signature_to_text(signature), _sorted(found))

    @property
    def callable(self) -> bool:
        """Whether the model can be called: nothing that was found is an error."""
        return self.function_text is not None and all(finding.severity != "error" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "callable": self.callable,
            "function": self.function_text,
            "findings": [asdict(finding) for finding in self.findings],
        }

    def to_text(self) -> str:
        """The report for a person."""
        lines = [f"Function: {self.function_text}" if self.function_text else "No function."]
        for finding in self.findings:
            lines += ["", f"{finding.severity}: {finding.message} [{finding.code}]"]
            lines += [f"  {line}" for line in finding.hint.splitlines()]
        return "\n".join(lines)


def report_of_error(error: HeadwaterError) -> Finding:
    """The finding that an error is.

    >>> report_of_error(SchemaError("The signature has no inputs.", code="model.schema.no_inputs")).code
    'model.schema.no_inputs'
    """
    return Finding("error", error.code, error.message, error.hint)


# A signature --------------------------------------------------------------------------------------------------------


def check_signature(signature: Signature) -> tuple[Finding, ...]:
    """What is to be known of a signature, wherever it comes from; the worst first.

    >>> from headwater.models.schemas.typed import signature_from_text
    >>> [finding.code for finding in check_signature(signature_from_text("(x as text, X as text) => [p = text]"))]
    ['name.case', 'description.missing']
    """
    checks = (_names, _nulls, _unnamed_result, _nested, _descriptions)
    return _sorted(finding for each in checks for finding in each(signature))


def _names(signature: Signature) -> Iterable[Finding]:
    for what, names in (
        ("parameters", [parameter.name for parameter in signature.parameters]),
        ("outputs", [output.name for output in signature.outputs]),
    ):
        yield from _name_findings(what, names)


def _name_findings(what: str, names: Sequence[str]) -> Iterable[Finding]:
    distinct = "Give each a name of its own."
    for name, count in Counter(names).items():
        if count > 1:
            yield Finding("error", "name.duplicate", f"{count} {what} are called '{name}'.", distinct)
        if not name.strip():
            yield Finding("error", "name.empty", f"One of the {what} has no name.", distinct)
    for alike in _alike(names):
        message = f"The {what} {_listed(alike)} differ only by upper and lower case."
        yield Finding("warning", "name.case", message, "Published tables do not tell such columns apart: rename them.")


def _alike(names: Sequence[str]) -> list[list[str]]:
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(name.casefold(), []).append(name)
    return [group for group in groups.values() if len(group) > 1]


def _nulls(signature: Signature) -> Iterable[Finding]:
    stuck = [p for p in signature.parameters if not holds_null(p.wire) and not p.type.nullable]
    optional = [p.name for p in stuck if not p.required]
    required = [p.name for p in stuck if p.required]
    whole = "Declare it as double where values can be missing: infer_signature does so when the sample has some."
    if optional:
        message = f"{_listed(optional)}: optional, and whole numbers or booleans, which have no form for null."
        yield Finding("warning", "null.optional", f"{message} A row without a value is an error.", whole)
    if required:
        message = f"{_listed(required)}: whole numbers or booleans, which cannot be null."
        yield Finding("note", "null.integer", f"{message} A row with null there is an error.", whole)
    taken = [p.name for p in signature.parameters if p.type.nullable and not holds_null(p.wire)]
    if taken:
        message = f"{_listed(taken)}: whole numbers or booleans that are said to take null."
        yield Finding("warning", "null.form", message, "Make sure that the model itself does.")


def _unnamed_result(signature: Signature) -> Iterable[Finding]:
    if [output.name for output in signature.outputs] == [PREDICTION]:
        yield Finding(
            "note",
            "output.unnamed",
            f"The only output has no name of its own, and is called '{PREDICTION}'.",
            "Nothing needs to be done: the function gives a value instead of a record.",
        )


def _nested(signature: Signature) -> Iterable[Finding]:
    for kind, code, what in (
        (Kind.LIST, "parameter.list", "lists"),
        (Kind.RECORD, "parameter.record", "records"),
    ):
        names = [p.name for p in signature.parameters if p.type.kind is kind]
        if names:
            message = f"{_listed(names)}: {what}, which a row of a table seldom has."
            written = _built(next(p for p in signature.parameters if p.name == names[0]))
            yield Finding("note", code, message, f"In M it is built for the call, for example {written}.")


def _built(parameter: Parameter) -> str:
    if parameter.type.kind is Kind.RECORD:
        return "[" + ", ".join(f"{field.name} = …" for field in parameter.type.fields) + "]"
    if _is_list_of_lists(parameter.type):
        return "{{…}, {…}}"
    length = parameter.shape[0] if parameter.shape else -1
    return "{[first], [second], …}" + (f", of {length} values" if length >= 0 else "")


def _is_list_of_lists(plan: DataType) -> bool:
    return plan.item is not None and plan.item.kind is Kind.LIST


def _descriptions(signature: Signature) -> Iterable[Finding]:
    missing = [p.name for p in signature.parameters if not p.description]
    if missing:
        count = (
            "No parameter"
            if len(missing) == len(signature.parameters)
            else f"{_listed(missing)}: no parameter of these"
        )
        yield Finding(
            "note", "description.missing", f"{count} has a description.", "Say in a sentence what each of them means."
        )


# An MLflow model ----------------------------------------------------------------------------------------------------

_INFER = """\
from mlflow.models import infer_signature
signature = infer_signature(X, model.predict(X))
mlflow.{flavor}.log_model(model, name="{name}", signature=signature, input_example=X.head(5))"""

_SET = """\
For a model that is logged already:
mlflow.models.set_signature("models:/m-…", signature)  # its model id; then register it as a new version"""

_Flavors: TypeAlias = Mapping[str, Mapping[str, Any]]
"""What an ``MLmodel`` file says of each way to load the model."""

#: What is called to log a flavor differs from its name here.
_LOGGERS = {"python_function": "pyfunc"}


def check_mlmodel(content: bytes, files: Collection[str], *, place: str = "model") -> SchemaReport:
    """The report on an MLflow model.

    Args:
        content: its ``MLmodel`` file.
        files: the paths of its files, relative to that one.
        place: what the model is called, for messages and code.
    """
    try:
        declared, _ = parse_mlmodel(content, place)
    except HeadwaterError as error:
        return SchemaReport(None, (report_of_error(error),))
    flavors = _flavors(content)
    findings = [*_loading(flavors, files), *_requirements(files), *_unnamed(declared), *_example(content, declared)]
    try:
        parts = declared or SignatureInfo(None, None, None)
        signature = from_mlflow(parts.inputs, parts.outputs, parts.params, model=place)
    except SchemaError as error:
        return SchemaReport(None, _sorted([_unsigned(error, declared, flavors, content, place), *findings]))
    except (AttributeError, LookupError, TypeError, ValueError):
        return SchemaReport(None, _sorted([_UNREADABLE, *findings]))
    if unusable := [*_names_that_are_no_text(signature)]:
        return SchemaReport(None, _sorted([*unusable, *findings]))
    return SchemaReport.of(signature, findings)


_UNREADABLE = Finding(
    "error",
    "model.schema.unreadable",
    "The signature in the MLmodel file is not of MLflow's form.",
    "Log the model again, with a signature made by mlflow.models.infer_signature.",
)


def _names_that_are_no_text(signature: Signature) -> Iterable[Finding]:
    """MLflow writes down what a data frame has as names: without any, that is numbers."""
    names: list[object] = [parameter.name for parameter in signature.parameters]
    names += [output.name for output in signature.outputs]
    if not all(isinstance(name, str) for name in names):
        yield Finding(
            "error",
            "name.not_text",
            "Some names of columns are numbers and no texts.",
            "Name them before inferring the signature: X.columns = X.columns.astype(str).",
        )


def _unsigned(
    error: SchemaError, declared: SignatureInfo | None, flavors: _Flavors, content: bytes, place: str
) -> Finding:
    """The error that a missing or unusable signature is, with the code that gives the model one."""
    if error.code == "model.schema.type":
        return report_of_error(error)
    code = _INFER.format(flavor=_logger(flavors), name=place.rpartition("/")[2])
    example = saved_example(content)
    if example is not None:
        code += f"\n\nIts input example ({example.path}) tells the types of the inputs; with a recorded answer to it, "
        code += "Headwater can take the signature from both."
    if _is_onnx(flavors):
        code += "\n\nIts ONNX graph declares a signature itself, which Headwater takes where none is logged."
    message = error.message if declared is not None else f"{place} was logged without a signature."
    return Finding("error", error.code if declared is not None else "model.schema.none", message, f"{code}\n\n{_SET}")


def _flavors(content: bytes) -> _Flavors:
    """What is said of each way to load the model; what has another form than MLflow's says nothing."""
    described = yaml.safe_load(content)
    flavors = described.get("flavors") if isinstance(described, dict) else None
    listed = flavors.items() if isinstance(flavors, dict) else ()
    return {str(name): flavor for name, flavor in listed if isinstance(flavor, dict)}


def _is_onnx(flavors: _Flavors) -> bool:
    return "onnx" in flavors and flavors.get("python_function", {}).get("loader_module") == "mlflow.onnx"


def _logger(flavors: _Flavors) -> str:
    own = next((name for name in flavors if name != "python_function"), "python_function")
    return _LOGGERS.get(own, own)


def _unnamed(declared: SignatureInfo | None) -> Iterable[Finding]:
    if declared is None:
        return
    for part, specs, name in (("input", declared.inputs, "inputs"), ("output", declared.outputs, "outputs")):
        if specs and len(specs) > 1 and not all(spec.get("name") for spec in specs):
            message = f"The {name} have no names, and are numbered: {part}_1, {part}_2 …"
            hint = "Infer the signature from data frames or dictionaries, whose columns have names."
            yield Finding("warning", f"{part}.unnamed", message.replace("output_", f"{PREDICTION}_"), hint)


def _example(content: bytes, declared: SignatureInfo | None) -> Iterable[Finding]:
    if declared is not None and saved_example(content) is None:
        yield Finding(
            "note",
            "example.missing",
            "No input example is logged.",
            "Log one with input_example=X.head(5): it is shown.",
        )


def _requirements(files: Collection[str]) -> Iterable[Finding]:
    if not {"requirements.txt", "conda.yaml"} & set(files):
        yield Finding(
            "warning",
            "requirements.missing",
            "The model does not say which packages it needs, so no environment can be built for it.",
            "Log it with pip_requirements=[…], or leave that out, and MLflow infers them.",
        )


def _loading(flavors: _Flavors, files: Collection[str]) -> Iterable[Finding]:
    pyfunc = flavors.get("python_function")
    if pyfunc is None:
        message = "The model has no flavor 'python_function', so nothing but its own framework loads it."
        yield Finding(
            "error", "flavor.missing", message, "Log it with MLflow's log_model of its framework, or pyfunc's."
        )
        return
    for path in _missing_files(flavors, files):
        yield Finding("error", "file.missing", f"The file '{path}' of the model is missing.", "Log the model again.")
    if _is_onnx(flavors):
        message = "The model is an ONNX graph: loading it runs no code, so no trust is asked for."
        yield Finding("note", "loading.onnx", message)
        return
    yield Finding(
        "warning",
        "loading.runs_code",
        f"Loading the model runs code: {_code_of(pyfunc, files)}.",
        "It is loaded only from workspaces that an administrator marked as trusted. An ONNX model needs no trust: "
        "mlflow.onnx.log_model.",
    )


def _missing_files(flavors: _Flavors, files: Collection[str]) -> list[str]:
    keys = ("data", "model_path", "pickled_model", "python_model", "model_code_path")
    named = [flavor.get(key) for flavor in flavors.values() for key in keys]
    paths = dict.fromkeys(path for path in named if isinstance(path, str) and path)
    # A path may be a folder's.
    return [path for path in paths if not any(file == path or file.startswith(f"{path}/") for file in files)]


def _code_of(pyfunc: Mapping[str, Any], files: Collection[str]) -> str:
    if pyfunc.get("code") and any(file.startswith(f"{pyfunc['code']}/") for file in files):
        return f"the files in '{pyfunc['code']}'"
    if isinstance(pyfunc.get("model_code_path"), str):
        return "the file it was logged from"
    if pyfunc.get("python_model"):
        return "a pickled Python model"
    return f"{pyfunc.get('loader_module', 'its loader')} reads it, and its files can hold any object"


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.severity]))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")
