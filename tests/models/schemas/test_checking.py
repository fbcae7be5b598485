"""What `schema check` tells a data scientist."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from headwater.errors import SchemaError
from headwater.models.schemas.checking import SchemaReport, check_mlmodel, check_signature, report_of_error
from headwater.models.schemas.typed import signature_from_text
from headwater.models.signature import Parameter, Signature
from headwater.plan.types import DOUBLE, INT64, TEXT, Field

COLUMN = [{"type": "double", "name": "x", "required": True}]
PREDICTED = [{"type": "double", "name": "p"}]
SKLEARN = {
    "python_function": {"loader_module": "mlflow.sklearn", "model_path": "model.pkl"},
    "sklearn": {"pickled_model": "model.pkl", "code": None},
}
FILES = ["MLmodel", "model.pkl", "requirements.txt", "input_example.json"]


def mlmodel(inputs: Any = COLUMN, outputs: Any = PREDICTED, flavors: Any = SKLEARN, *, example: bool = True) -> bytes:
    described: dict[str, Any] = {"flavors": flavors}
    parts = {"inputs": inputs, "outputs": outputs}
    if inputs is not None or outputs is not None:
        described["signature"] = {name: json.dumps(part) if part else None for name, part in parts.items()}
    if example:
        described["saved_input_example_info"] = {"artifact_path": "input_example.json", "type": "dataframe"}
    return str(yaml.safe_dump(described)).encode()


def codes(report: SchemaReport, severity: str) -> list[str]:
    return [finding.code for finding in report.findings if finding.severity == severity]


def hint(report: SchemaReport, code: str) -> str:
    return next(finding.hint for finding in report.findings if finding.code == code)


def test_a_good_model_is_a_function() -> None:
    report = check_mlmodel(mlmodel(), FILES)
    assert report.callable and report.function_text == "(x as Double.Type) => [p = Double.Type]"
    assert codes(report, "error") == [] and codes(report, "warning") == ["loading.runs_code"]
    assert codes(report, "note") == ["description.missing"]
    assert report.to_dict()["callable"] is True and report.to_dict()["findings"][0]["severity"] == "warning"
    assert report.to_text().startswith("Function: (x as Double.Type) =>")


@pytest.mark.parametrize(
    ("inputs", "outputs", "code"),
    [
        (None, None, "model.schema.none"),
        (None, PREDICTED, "model.schema.no_inputs"),
        (COLUMN, None, "model.schema.no_outputs"),
    ],
)
def test_a_model_without_signature_gets_the_code_that_gives_it_one(inputs: Any, outputs: Any, code: str) -> None:
    report = check_mlmodel(mlmodel(inputs, outputs, example=False), FILES, place="lab/delay")
    assert not report.callable and report.function_text is None and codes(report, "error") == [code]
    assert 'mlflow.sklearn.log_model(model, name="delay", signature=signature' in hint(report, code)
    assert "set_signature" in hint(report, code) and "recorded answer" not in hint(report, code)
    assert report.to_text().startswith("No function.")
    with_example = check_mlmodel(mlmodel(inputs, outputs), FILES)
    assert "(input_example.json) tells the types" in hint(with_example, code)


def test_the_suggested_code_is_python() -> None:
    report = check_mlmodel(mlmodel(None, None, example=False), FILES)
    compile(hint(report, "model.schema.none").partition("\n\n")[0], "hint", "exec")


@pytest.mark.long
def test_the_suggested_code_gives_the_model_a_signature(tmp_path: Path) -> None:
    """Run as it stands, against a tracking store of its own; the model it logs is a function."""
    suggested = hint(check_mlmodel(mlmodel(None, None, example=False), FILES, place="lab/delay"), "model.schema.none")
    script = f"""
import mlflow, mlflow.sklearn, pandas as pd, sys
from sklearn.linear_model import LinearRegression
mlflow.set_tracking_uri("sqlite:///{tmp_path}/store.db")
X = pd.DataFrame({{"x": [1.0, 2.0, 3.0]}})
model = LinearRegression().fit(X, [1, 2, 3])
{suggested.partition(chr(10) * 2)[0].replace("signature=signature", "signature=signature, pip_requirements=[]")}
"""
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    (logged,) = tmp_path.rglob("MLmodel")
    files = [path.relative_to(logged.parent).as_posix() for path in logged.parent.rglob("*") if path.is_file()]
    report = check_mlmodel(logged.read_bytes(), files)
    assert report.callable and report.function_text == "(x as Double.Type) => Double.Type"


@pytest.mark.parametrize("model", ["arithmetic", "pipeline", "tensor", "nested", "types"])
def test_models_that_mlflow_saved_are_functions(model: str, saved_models: Path) -> None:
    folder = saved_models / model
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    report = check_mlmodel((folder / "MLmodel").read_bytes(), files)
    assert report.callable, report.to_text()
    assert codes(report, "warning") == ["loading.runs_code"]


def test_a_missing_file_is_an_error() -> None:
    report = check_mlmodel(mlmodel(), ["MLmodel", "requirements.txt"])
    assert not report.callable and codes(report, "error") == ["file.missing"]
    assert "'model.pkl'" in report.findings[0].message
    in_folder = {"python_function": {"loader_module": "mlflow.keras", "data": "data"}}
    assert check_mlmodel(mlmodel(flavors=in_folder), [*FILES, "data/model.keras"]).callable


def test_missing_requirements_are_a_warning() -> None:
    assert "requirements.missing" in codes(check_mlmodel(mlmodel(), ["MLmodel", "model.pkl"]), "warning")
    assert "requirements.missing" not in codes(check_mlmodel(mlmodel(), ["model.pkl", "conda.yaml"]), "warning")


def test_a_model_that_mlflow_cannot_load_alike_is_no_function() -> None:
    report = check_mlmodel(mlmodel(flavors={"spark": {"model_data": "sparkml"}}), FILES)
    assert not report.callable and codes(report, "error") == ["flavor.missing"]


@pytest.mark.parametrize(
    ("pyfunc", "files", "message"),
    [
        ({"loader_module": "mlflow.sklearn", "model_path": "model.pkl"}, [], "mlflow.sklearn reads it"),
        ({"loader_module": "mlflow.pyfunc.model", "python_model": "model.pkl"}, [], "a pickled Python model"),
        ({"loader_module": "mine", "code": "code"}, ["code/mine.py"], "the files in 'code'"),
        ({"loader_module": "x", "model_code_path": "model.py"}, ["model.py"], "the file it was logged from"),
    ],
)
def test_what_runs_on_loading_is_said(pyfunc: Any, files: list[str], message: str) -> None:
    report = check_mlmodel(mlmodel(flavors={"python_function": pyfunc}), [*FILES, *files])
    finding = next(finding for finding in report.findings if finding.code == "loading.runs_code")
    assert finding.severity == "warning" and message in finding.message


def test_an_onnx_model_runs_no_code() -> None:
    onnx = {"onnx": {"data": "model.onnx"}, "python_function": {"loader_module": "mlflow.onnx", "data": "model.onnx"}}
    report = check_mlmodel(mlmodel(flavors=onnx), [*FILES, "model.onnx"])
    assert codes(report, "warning") == [] and "loading.onnx" in codes(report, "note")
    unsigned = check_mlmodel(mlmodel(None, None, onnx), [*FILES, "model.onnx"])
    assert "graph declares a signature itself" in hint(unsigned, "model.schema.none")
    assert "mlflow.onnx.log_model" in hint(unsigned, "model.schema.none")
    # Code of one's own around a graph is code.
    mine = {**onnx, "python_function": {"loader_module": "mine", "data": "model.onnx"}}
    assert "loading.runs_code" in codes(check_mlmodel(mlmodel(flavors=mine), [*FILES, "model.onnx"]), "warning")


def test_names_are_asked_for() -> None:
    nameless = [{"type": "double"}, {"type": "double"}]
    report = check_mlmodel(mlmodel(nameless, nameless), FILES)
    assert report.callable and {"input.unnamed", "output.unnamed"} <= set(codes(report, "warning"))
    assert report.function_text == (
        "(input_1 as Double.Type, input_2 as Double.Type) => [prediction_1 = Double.Type, prediction_2 = Double.Type]"
    )
    alone = check_mlmodel(
        mlmodel(outputs=[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}]), FILES
    )
    assert "output.unnamed" in codes(alone, "note")
    numbered = [{"type": "double", "name": 1}]
    assert codes(check_mlmodel(mlmodel(numbered), FILES), "error") == ["name.not_text"]


def test_a_type_that_no_function_has_is_an_error() -> None:
    report = check_mlmodel(mlmodel([{"type": "any", "name": "x"}]), FILES)
    assert codes(report, "error") == ["model.schema.type"] and "'x' has the type 'any'" in report.findings[0].message


def test_a_missing_example_is_a_note() -> None:
    assert "example.missing" in codes(check_mlmodel(mlmodel(example=False), FILES), "note")
    assert "example.missing" not in codes(check_mlmodel(mlmodel(), FILES), "note")


@pytest.mark.parametrize(
    "content",
    [
        b"[",
        b"\xff",
        b"",
        b"- a",
        b"signature: 3",
        b"signature: {inputs: '[3]', outputs: '[4]'}",
        b'signature: {inputs: \'[{"type": "array"}]\', outputs: \'[{"type": "tensor"}]\'}',
        b"flavors: 3",
        b"flavors: {python_function: 3}",
        b"flavors: {python_function: 3, onnx: 4}",
        b"flavors: {python_function: {data: [1], loader_module: [2]}, onnx: {data: {a: 1}}}",
    ],
)
def test_what_cannot_be_read_is_reported_too(content: bytes) -> None:
    report = check_mlmodel(content, [])
    assert not report.callable and codes(report, "error")


# Signatures ---------------------------------------------------------------------------------------------------------


def found(text: str) -> dict[str, str]:
    return {finding.code: finding.severity for finding in check_signature(signature_from_text(text))}


def test_a_signature_with_descriptions_has_nothing_to_find() -> None:
    signature = Signature((Parameter("x", DOUBLE, pa.float64(), description="how far"),), (Field("p", DOUBLE),))
    assert check_signature(signature) == ()


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        ("(n as Int64.Type) => [p = text]", "null.integer", "note"),
        ("(ok as logical) => [p = text]", "null.integer", "note"),
        ("(optional n as Int32.Type) => [p = text]", "null.optional", "warning"),
        ("(n as nullable Int64.Type) => [p = text]", "null.form", "warning"),
        ("(x as {text}) => [p = text]", "parameter.list", "note"),
        ("(x as [a = text]) => [p = text]", "parameter.record", "note"),
        ("(x as text) => text", "output.unnamed", "note"),
        ("(x as text, X as text) => [p = text]", "name.case", "warning"),
        ("(x as text) => [p = text, P = text]", "name.case", "warning"),
        ('(#" " as text) => [p = text]', "name.empty", "error"),
    ],
)
def test_each_trap_is_found(text: str, code: str, severity: str) -> None:
    assert found(text) == {code: severity, "description.missing": "note"}


def test_duplicate_names_are_errors() -> None:
    twice = (Parameter("x", TEXT, pa.string(), description="a"),) * 2
    report = SchemaReport.of(Signature(twice, (Field("p", INT64), Field("p", INT64))))
    assert codes(report, "error") == ["name.duplicate", "name.duplicate"] and not report.callable


def test_the_worst_comes_first() -> None:
    signature = signature_from_text('(a as Int64.Type, b as nullable Int64.Type, #"" as text) => [p = text]')
    expected = ["error", "warning", "note", "note"]
    assert [finding.severity for finding in check_signature(signature)] == expected
    assert [finding.severity for finding in SchemaReport.of(signature).findings] == expected


def test_an_error_is_a_finding() -> None:
    finding = report_of_error(SchemaError("It says nothing.", code="model.schema.x", hint="Ask.", place="here"))
    assert (finding.severity, finding.code, finding.message, finding.hint) == (
        "error",
        "model.schema.x",
        "It says nothing.",
        "Ask.",
    )
