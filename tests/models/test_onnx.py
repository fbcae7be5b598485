"""ONNX models in our own process: real ones made from scikit-learn, and graphs that misbehave."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import yaml
from onnx import TensorProto, helper

from headwater.errors import ModelError, SchemaError, ScoringError, UsageError
from headwater.models.onnx import OnnxOptions, OnnxScorer, is_onnx, signature_from_onnx
from headwater.models.onnx.artifact import open_artifact
from headwater.models.schemas.mlflow import from_mlflow
from headwater.models.schemas.typed import signature_from_text, signature_to_text
from headwater.models.scorer import ScoredBatch
from headwater.models.signature import Signature
from headwater.models.workers.process import WorkerScorer
from headwater.plan.cells import decode_error
from headwater.workspaces.mlflow.extract import parse_mlmodel

ROWS = 300
COLUMNS = list("abcd")


def numbers() -> np.ndarray[Any, Any]:
    return np.random.default_rng(7).normal(size=(ROWS, 4)).astype(np.float32)


def save(model: Any, folder: Path, signature: Any = None) -> Path:
    import mlflow.onnx

    save_model: Any = mlflow.onnx.save_model
    save_model(model, folder, signature=signature, pip_requirements=[])
    return folder


def logged(folder: Path) -> Signature:
    """The signature in a model's MLmodel file."""
    declared, _ = parse_mlmodel((folder / "MLmodel").read_bytes(), folder.name)
    assert declared is not None
    return from_mlflow(declared.inputs, declared.outputs, declared.params)


def pyfunc(folder: Path) -> Any:
    import mlflow.pyfunc

    load: Any = mlflow.pyfunc.load_model
    return load(str(folder))


@pytest.fixture(scope="session")
def classifier() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = numbers()
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(table, (table[:, 0] + table[:, 1] > 0).astype(int))


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, classifier: Any) -> Path:
    """``maps`` and ``tensors``: a classifier with probabilities by class and as a tensor; ``columns``: a regression
    over named columns; ``mixed``: one input for each column, of texts and numbers; ``untyped``: without signature.
    """
    from mlflow.models import infer_signature
    from skl2onnx import to_onnx
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    folder, table = tmp_path_factory.mktemp("onnx"), numbers()
    save(to_onnx(classifier, table[:1]), folder / "maps")
    tensors = to_onnx(classifier, table[:1], options={id(classifier): {"zipmap": False}})
    answered = {"label": classifier.predict(table), "probabilities": classifier.predict_proba(table).astype("float32")}
    save(tensors, folder / "tensors", infer_signature(table, answered))
    boosted = GradientBoostingRegressor(n_estimators=20).fit(table, table[:, 0] * 2)
    frame = pd.DataFrame(table.astype(float), columns=COLUMNS)
    signature = infer_signature(frame, pd.DataFrame({"variable": boosted.predict(table).astype("float32")}))
    save(to_onnx(boosted, table[:1]), folder / "columns", signature)
    flights = pd.DataFrame({"carrier": ["AA", "UA", "B6"] * 100, "distance": table[:, 0]})
    encoder = make_column_transformer((OneHotEncoder(), ["carrier"]), remainder="passthrough")
    late = make_pipeline(encoder, LogisticRegression()).fit(
        flights, ["late" if x > 0 else "on time" for x in table[:, 1]]
    )
    save(to_onnx(late, flights[:1]), folder / "mixed")
    return folder


OpenScorer = Callable[..., OnnxScorer]


@pytest.fixture
def open_scorer() -> Iterator[OpenScorer]:
    opened: list[OnnxScorer] = []

    def open_one(folder: Path, signature: Signature | None = None, **options: Any) -> OnnxScorer:
        signature = signature or signature_from_onnx(folder)
        opened.append(OnnxScorer(folder, signature, name="demo.model", options=OnnxOptions(**options)))
        return opened[-1]

    yield open_one
    for scorer in opened:
        scorer.close()


def lists(table: np.ndarray[Any, Any], signature: Signature) -> pa.RecordBatch:
    """A batch of one tensor parameter."""
    column: Any = pa.array(table.tolist(), signature.parameters[0].wire)
    return pa.RecordBatch.from_arrays([column], schema=signature.wire_schema)


def frame_batch(frame: pd.DataFrame, signature: Signature) -> pa.RecordBatch:
    return pa.RecordBatch.from_pandas(frame, schema=signature.wire_schema, preserve_index=False)


def values(scored: ScoredBatch) -> list[Any]:
    assert scored.errors is None
    answered: list[Any] = scored.values.to_pylist()
    return answered


def errors_of(scored: ScoredBatch) -> list[str | None]:
    assert scored.errors is not None
    return [None if each is None else decode_error(each)[1] for each in scored.errors.to_pylist()]


# Answers ------------------------------------------------------------------------------------------------------------


def test_a_classifier_answers_as_scikit_learn_and_mlflow_do(
    models: Path, classifier: Any, open_scorer: OpenScorer
) -> None:
    signature = logged(models / "tensors")
    scored = values(open_scorer(models / "tensors", signature).score(lists(numbers(), signature)))
    answered = pyfunc(models / "tensors").predict(numbers())
    assert [row["label"] for row in scored] == answered["label"].tolist() == classifier.predict(numbers()).tolist()
    assert [row["probabilities"] for row in scored] == answered["probabilities"].tolist()
    np.testing.assert_allclose(
        [row["probabilities"] for row in scored], classifier.predict_proba(numbers()), rtol=1e-4, atol=1e-6
    )


def test_probabilities_by_class_are_a_record(models: Path, open_scorer: OpenScorer) -> None:
    signature = signature_from_onnx(models / "maps")
    assert signature_to_text(signature) == (
        "(X as {Single.Type}) => [output_label = Int64.Type, "
        'output_probability = [#"0" = Double.Type, #"1" = Double.Type]]'
    )
    assert signature.parameters[0].shape == (4,)
    scored = values(open_scorer(models / "maps").score(lists(numbers(), signature)))
    answered = pyfunc(models / "maps").predict(numbers())
    assert [row["output_label"] for row in scored] == answered["output_label"].tolist()
    expected = [{str(k): v for k, v in each.items()} for each in answered["output_probability"]]
    assert [row["output_probability"] for row in scored] == expected


FORMS: list[tuple[str, Callable[[float, float], Any]]] = [
    ("{Double.Type}", lambda no, yes: [no, yes]),
    ("{[key = text, value = Double.Type]}", lambda no, yes: [{"key": "0", "value": no}, {"key": "1", "value": yes}]),
    ('[#"1" = Double.Type]', lambda _, yes: {"1": yes}),
]


@pytest.mark.parametrize(("result", "form"), FORMS, ids=[result for result, _ in FORMS])
def test_probabilities_by_class_become_what_the_signature_says(
    result: str, form: Callable[[float, float], Any], models: Path, open_scorer: OpenScorer
) -> None:
    signature = signature_from_text(f"(X as {{Single.Type}}) => [output_probability = {result}]")
    scored = values(open_scorer(models / "maps", signature).score(lists(numbers(), signature)))
    answered = pyfunc(models / "maps").predict(numbers())["output_probability"]
    assert scored == [form(each[0], each[1]) for each in answered]


def test_columns_are_put_side_by_side_in_the_signature_s_order(models: Path, open_scorer: OpenScorer) -> None:
    signature = logged(models / "columns")
    frame = pd.DataFrame(numbers().astype(float), columns=COLUMNS)
    scored = values(open_scorer(models / "columns", signature).score(frame_batch(frame, signature)))
    assert scored == pytest.approx(pyfunc(models / "columns").predict(frame)["variable"].tolist(), rel=1e-5)
    assert len(set(scored)) > 100


def test_one_input_for_each_column_is_found_by_name(models: Path, open_scorer: OpenScorer) -> None:
    signature = signature_from_onnx(models / "mixed")
    assert signature_to_text(signature) == (
        "(carrier as text, distance as Single.Type) => "
        "[output_label = text, output_probability = [late = Double.Type, on time = Double.Type]]"
    )
    frame = pd.DataFrame({"carrier": ["AA", "UA"] * 150, "distance": numbers()[:, 0]})
    scored = values(open_scorer(models / "mixed").score(frame_batch(frame, signature)))
    feeds = {"carrier": frame[["carrier"]].to_numpy(dtype=object), "distance": frame[["distance"]].to_numpy()}
    answered = pyfunc(models / "mixed").predict(feeds)
    assert [row["output_label"] for row in scored] == answered["output_label"].tolist()
    assert [row["output_probability"] for row in scored] == answered["output_probability"]
    # Another order of parameters, and one that the graph does not take.
    turned = signature_from_text("(distance as Double.Type, other as text, carrier as text) => [output_label = text]")
    batch = frame_batch(frame.assign(other=frame["carrier"]), turned)
    again = values(open_scorer(models / "mixed", turned).score(batch))
    assert again == answered["output_label"].tolist()


def flat(column: Any) -> list[float]:
    """All numbers in a column, however they are nested."""
    if pa.types.is_struct(column.type):
        return [number for member in column.flatten() for number in flat(member)]
    while pa.types.is_list(column.type):
        column = column.flatten()
    listed: list[float] = column.to_pylist()
    return listed


@pytest.mark.parametrize("model", ["tensors", "columns"])
def test_it_answers_what_a_process_with_mlflow_answers(model: str, models: Path, tmp_path: Path) -> None:
    signature = logged(models / model)
    frame = pd.DataFrame(numbers().astype(float), columns=COLUMNS)
    batch = lists(numbers(), signature) if model == "tensors" else frame_batch(frame, signature)
    here = OnnxScorer(models / model, signature, name="demo.m")
    there = WorkerScorer(models / model, signature, name="demo.m", log=tmp_path / "log")
    try:
        ours, theirs = here.score(batch).values, there.score(batch).values
        assert ours.type == theirs.type
        np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-5)
    finally:
        here.close()
        there.close()


def test_missing_numbers_are_nan_and_missing_texts_fail_their_rows(models: Path, open_scorer: OpenScorer) -> None:
    signature = signature_from_text("(a as nullable number, b as number, c as number, d as number) => number")
    frame = pd.DataFrame({"a": [1.0, None], "b": 1.0, "c": 1.0, "d": 1.0})
    batch = frame_batch(frame, signature)
    scored = values(open_scorer(models / "columns", signature).score(batch))
    assert scored == pytest.approx(pyfunc(models / "columns").predict(frame)["variable"].tolist(), rel=1e-5)
    texts = signature_from_text("(carrier as nullable text, distance as number) => [output_label = text]")
    batch = frame_batch(pd.DataFrame({"carrier": ["AA", None, "UA"], "distance": [1.0, 2.0, 3.0]}), texts)
    found = errors_of(open_scorer(models / "mixed", texts).score(batch))
    assert found[0] is found[2] is None and found[1] is not None and "a null for 'carrier'" in found[1]


# Graphs -------------------------------------------------------------------------------------------------------------


def graph_folder(folder: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], tensors: list[Any]) -> Path:
    """An MLflow model around a graph; saved without checks, as somebody may have done."""
    graph = helper.make_graph(nodes, "g", inputs, outputs, tensors)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("elsewhere", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    folder.mkdir()
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    pyfunc_flavor = {"loader_module": "mlflow.onnx", "data": "model.onnx"}
    flavors = {"onnx": {"data": "model.onnx"}, "python_function": pyfunc_flavor}
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": flavors}), encoding="utf-8")
    return folder


def port(name: str, kind: int, *shape: Any) -> Any:
    return helper.make_tensor_value_info(name, kind, shape)


def pick(folder: Path) -> Path:
    """The item of (10, 20, 30) at a position; fails for positions beyond, and says which."""
    items = helper.make_tensor("items", TensorProto.FLOAT, [3], [10, 20, 30])
    node = helper.make_node("Gather", ["items", "at"], ["item"])
    return graph_folder(
        folder, [node], [port("at", TensorProto.INT32, "n")], [port("item", TensorProto.FLOAT, "n")], [items]
    )


def positions(signature: Signature, at: list[Any]) -> pa.RecordBatch:
    column: Any = pa.array(at, signature.parameters[0].wire)
    return pa.RecordBatch.from_arrays([column], schema=signature.wire_schema)


def test_a_poisonous_row_fails_alone_and_is_quoted_nowhere(
    tmp_path: Path, open_scorer: OpenScorer, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = pick(tmp_path / "pick")
    signature = signature_from_onnx(folder)
    at = [n % 3 for n in range(5000)]
    at[1234] = 77123
    scored = open_scorer(folder).score(positions(signature, at))
    found = errors_of(scored)
    assert [error is not None for error in found] == [row == 1234 for row in range(5000)]
    assert scored.values.to_pylist() == [None if row == 1234 else 10.0 + 10 * (row % 3) for row in range(5000)]
    assert "InvalidArgument in the operator Gather" in str(found[1234])
    noise = capfd.readouterr()
    assert "77123" not in f"{found} {noise.out} {noise.err}"
    assert 10 < scored.calls < 40


def test_a_graph_that_always_fails_ends_scoring(tmp_path: Path, open_scorer: OpenScorer) -> None:
    folder = pick(tmp_path / "pick")
    scorer = open_scorer(folder)
    with pytest.raises(ScoringError) as caught:
        scorer.score(positions(signature_from_onnx(folder), [99] * 100))
    assert caught.value.code == "model.systemic"


def test_a_whole_number_beyond_the_graph_s_fails_its_row(tmp_path: Path, open_scorer: OpenScorer) -> None:
    wide = signature_from_text("(at as nullable Int64.Type) => [item = Double.Type]")
    scored = open_scorer(pick(tmp_path / "pick"), wide).score(positions(wide, [1, 2**32 + 1, 2, None]))
    assert scored.values.to_pylist() == [20.0, None, 30.0, None]
    found = errors_of(scored)
    assert "beyond what the graph holds" in str(found[1]) and "a null for 'at'" in str(found[3])


def test_an_answer_of_another_length_fails_its_batch(tmp_path: Path, open_scorer: OpenScorer) -> None:
    node = helper.make_node("Unique", ["x"], ["y"])
    folder = graph_folder(
        tmp_path / "unique", [node], [port("x", TensorProto.FLOAT, "n")], [port("y", TensorProto.FLOAT, "m")], []
    )
    scorer, signature = open_scorer(folder), signature_from_onnx(folder)
    assert values(scorer.score(positions(signature, [1, 2, 3]))) == [1.0, 2.0, 3.0]
    scored = scorer.score(positions(signature, [1, 1, 2]))
    assert set(errors_of(scored)) == {"demo.model answered a batch with 2 rows for 3."}
    assert scored.calls == 1


def test_an_answer_of_another_type_fails_its_rows(tmp_path: Path, open_scorer: OpenScorer) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    folder = graph_folder(
        tmp_path / "same", [node], [port("x", TensorProto.FLOAT, "n")], [port("y", TensorProto.FLOAT, "n")], []
    )
    whole = signature_from_text("(x as Single.Type) => [y = Int64.Type]")
    scored = open_scorer(folder, whole).score(positions(whole, [1, 2.5, 3]))
    assert scored.values.to_pylist() == [1, None, 3]
    assert "'y' does not convert to int64" in str(errors_of(scored)[1])


def test_tensors_keep_their_form(tmp_path: Path, open_scorer: OpenScorer) -> None:
    node = helper.make_node("Transpose", ["x"], ["y"], perm=[0, 2, 1])
    folder = graph_folder(
        tmp_path / "turn",
        [node],
        [port("x", TensorProto.DOUBLE, "n", 2, "m")],
        [port("y", TensorProto.DOUBLE, "n", "m", 2)],
        [],
    )
    signature = signature_from_onnx(folder)
    assert signature.parameters[0].shape == (2, -1)
    batch = lists(np.arange(18.0).reshape(3, 2, 3), signature)
    expected = np.arange(18.0).reshape(3, 2, 3).transpose(0, 2, 1).tolist()
    assert values(open_scorer(folder).score(batch)) == expected
    assert values(open_scorer(folder).score(batch.slice(1, 2))) == expected[1:]
    ragged = positions(signature, [[[1.0], [2.0]], [[1.0, 2.0], [3.0, 4.0]]])
    assert values(open_scorer(folder).score(ragged.slice(1, 1))) == [[[1.0, 3.0], [2.0, 4.0]]]
    scored = open_scorer(folder).score(ragged)  # two forms in one batch: each alone has an answer
    assert scored.values.to_pylist() == [[[1.0, 2.0]], [[1.0, 3.0], [2.0, 4.0]]]


def test_no_rows_are_no_call(models: Path, open_scorer: OpenScorer) -> None:
    signature = logged(models / "columns")
    batch = pa.RecordBatch.from_pylist([], schema=signature.wire_schema)
    scored = open_scorer(models / "columns", signature).score(batch)
    assert len(scored.values) == 0 and scored.values.type == pa.float64() and scored.calls == 0


REFUSED = [
    ("(a as Double.Type, b as Double.Type) => number", "takes 4 columns, and the signature has 2"),
    ("(a as text, b as text, c as text, d as text) => number", "takes float for 'a', which the signature has as"),
    ("(a as datetime, b as number, c as number, d as number) => number", "takes float for 'a'"),
    ("(a as {number}, b as number, c as number, d as number) => number", "'a' is itself a list"),
    ("(a as {{number}}) => number", "takes arrays of rank 2 for 'a'"),
    ("(a as number) => number", "takes arrays of rank 2 for 'a'"),
    ("(a as {number}) => [p = number, q = number]", "gives variable, and the signature says p, q"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_a_signature_that_the_graph_does_not_fit_is_refused(
    text: str, message: str, models: Path, open_scorer: OpenScorer
) -> None:
    signature = signature_from_text(text)
    scorer = open_scorer(models / "columns", signature)
    with pytest.raises(ScoringError, match=message) as caught:
        scorer.score(pa.RecordBatch.from_pylist([], schema=signature.wire_schema))
    assert caught.value.code == "model.schema.graph" and scorer.failed


def test_a_classifier_s_several_outputs_are_no_one_prediction(models: Path, open_scorer: OpenScorer) -> None:
    signature = signature_from_text("(X as {Single.Type}) => Int64.Type")
    with pytest.raises(ScoringError, match="gives output_label, output_probability"):
        open_scorer(models / "maps", signature).score(lists(numbers(), signature))


def test_inputs_that_the_signature_lacks_are_named(models: Path, open_scorer: OpenScorer) -> None:
    signature = signature_from_text("(carrier as text) => [output_label = text]")
    with pytest.raises(ScoringError, match="takes 'distance', which the signature lacks"):
        open_scorer(models / "mixed", signature).score(pa.RecordBatch.from_pylist([], schema=signature.wire_schema))


@pytest.mark.parametrize(
    ("shape", "message"), [((2, 4), "exactly 2 rows"), ((), "of rank 0")], ids=["a fixed batch", "a scalar"]
)
def test_a_graph_without_rows_has_no_signature(shape: tuple[int, ...], message: str, tmp_path: Path) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    inputs, outputs = [port("x", TensorProto.FLOAT, *shape)], [port("y", TensorProto.FLOAT, *shape)]
    folder = graph_folder(tmp_path / "m", [node], inputs, outputs, [])
    with pytest.raises(SchemaError, match=message):
        signature_from_onnx(folder)


# Running ------------------------------------------------------------------------------------------------------------


def endless(folder: Path) -> Path:
    """Adds one, for about as long as there are int64 numbers."""
    body = helper.make_graph(
        [helper.make_node("Add", ["v", "one"], ["w"]), helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [port("i", TensorProto.INT64), port("go", TensorProto.BOOL), port("v", TensorProto.FLOAT, "n")],
        [port("on", TensorProto.BOOL), port("w", TensorProto.FLOAT, "n")],
    )
    loop = helper.make_node("Loop", ["times", "", "x"], ["y"], body=body)
    tensors = [
        helper.make_tensor("times", TensorProto.INT64, [], [2**62]),
        helper.make_tensor("one", TensorProto.FLOAT, [1], [1]),
    ]
    return graph_folder(
        folder, [loop], [port("x", TensorProto.FLOAT, "n")], [port("y", TensorProto.FLOAT, "n")], tensors
    )


def one_row(folder: Path) -> pa.RecordBatch:
    return positions(signature_from_onnx(folder), [1])


def test_closing_ends_what_runs_and_fails_what_waits(tmp_path: Path, open_scorer: OpenScorer) -> None:
    folder = endless(tmp_path / "endless")
    scorer = open_scorer(folder)
    futures = [scorer.submit(one_row(folder)) for _ in range(3)]
    deadline = time.monotonic() + 20
    while not (futures[0].running() and scorer._running):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    scorer.close()
    for future in [*futures, scorer.submit(one_row(folder))]:
        with pytest.raises(ScoringError) as caught:
            future.result(0)
        assert caught.value.code == "model.stopped"


def test_a_call_that_takes_too_long_is_stopped(tmp_path: Path, open_scorer: OpenScorer) -> None:
    folder = endless(tmp_path / "endless")
    scorer = open_scorer(folder, call_timeout=0.2)
    with pytest.raises(ScoringError) as caught:
        scorer.submit(one_row(folder)).result(60)
    assert caught.value.code == "model.timeout"
    assert scorer.cpu_seconds() > 0.05  # what the graph's thread spent counts


def test_batches_are_scored_side_by_side(models: Path, open_scorer: OpenScorer) -> None:
    signature = logged(models / "columns")
    scorer = open_scorer(models / "columns", signature, threads=2)
    scorer.warm()
    frame = pd.DataFrame(numbers().astype(float), columns=COLUMNS)
    futures = [scorer.submit(frame_batch(frame.iloc[: 10 * n], signature)) for n in range(1, 20)]
    whole = values(scorer.score(frame_batch(frame, signature)))
    assert [values(future.result(60)) for future in futures] == [whole[: 10 * n] for n in range(1, 20)]
    assert scorer.window == 3 and not scorer.failed


def test_settings_are_refused(models: Path, open_scorer: OpenScorer) -> None:
    signature = logged(models / "columns")
    batch = pa.RecordBatch.from_pylist([], schema=signature.wire_schema)
    with pytest.raises(UsageError, match="no settings of a call"):
        open_scorer(models / "columns", signature).submit(batch, {"threshold": 0.5})


# Files --------------------------------------------------------------------------------------------------------------


def with_weights(folder: Path, location: str, *, where: str = "graph") -> Path:
    """A graph that adds a constant, whose value lies in another file."""
    outside = helper.make_tensor("w", TensorProto.FLOAT, [1], [0])
    outside.ClearField("float_data")
    outside.data_location = TensorProto.EXTERNAL
    entry = outside.external_data.add()
    entry.key, entry.value = "location", location
    add = helper.make_node("Add", ["x", "w"], ["y"])
    inputs, outputs = [port("x", TensorProto.FLOAT, "n")], [port("y", TensorProto.FLOAT, "n")]
    if where == "graph":
        return graph_folder(folder, [add], inputs, outputs, [outside])
    constant = helper.make_node("Constant", [], ["w"], value=outside)
    if where == "node":
        return graph_folder(folder, [constant, add], inputs, outputs, [])
    branch = helper.make_graph([constant, add], "branch", [], outputs)
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    node = helper.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=branch)
    return graph_folder(folder, [node], inputs, outputs, [yes])


def test_weights_beside_the_graph_are_read(tmp_path: Path, open_scorer: OpenScorer) -> None:
    folder = with_weights(tmp_path / "m", "weights.bin")
    (folder / "weights.bin").write_bytes(np.array([40.0], np.float32).tobytes())
    assert is_onnx(folder)
    assert values(open_scorer(folder).score(one_row(folder))) == [41.0]
    (folder / "weights.bin").unlink()
    assert not is_onnx(folder)


@pytest.mark.parametrize("where", ["graph", "node", "branch"])
@pytest.mark.parametrize("location", ["../secret.bin", "{absolute}", "link.bin", "*/_ORT_MEM_ADDR_/*", "", "sub"])
def test_files_of_others_are_never_read(location: str, where: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(np.array([40.0], np.float32).tobytes())
    folder = with_weights(tmp_path / "m", location.format(absolute=secret), where=where)
    (folder / "link.bin").symlink_to(secret)
    (folder / "sub").mkdir()
    (folder / "*" / "_ORT_MEM_ADDR_").mkdir(parents=True)
    (folder / "*" / "_ORT_MEM_ADDR_" / "*").write_bytes(b"1234")
    assert not is_onnx(folder)
    with pytest.raises(ModelError) as caught:
        signature_from_onnx(folder)
    assert caught.value.code == "model.onnx" and str(tmp_path) not in str(caught.value.to_dict())


@pytest.mark.parametrize("data", ["../m2/model.onnx", "model.ort", "link.onnx", "none.onnx", 3, None], ids=str)
def test_a_graph_of_others_is_never_read(data: Any, tmp_path: Path) -> None:
    folder = pick(tmp_path / "m")
    other = pick(tmp_path / "m2")
    (folder / "link.onnx").symlink_to(other / "model.onnx")
    (folder / "model.ort").write_bytes((folder / "model.onnx").read_bytes())
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": {"onnx": {"data": data}}}), encoding="utf-8")
    assert not is_onnx(folder)


@pytest.mark.parametrize(
    "mlmodel",
    [
        "",
        "flavors: [onnx]",
        "[",
        "flavors: {sklearn: {}}",
        "flavors: {onnx: {data: model.onnx}, python_function: {loader_module: mine}}",
    ],
)
def test_another_flavor_is_no_onnx_model(mlmodel: str, tmp_path: Path) -> None:
    folder = pick(tmp_path / "m")
    assert is_onnx(folder)
    (folder / "MLmodel").write_text(mlmodel, encoding="utf-8")
    assert not is_onnx(folder)
    assert not is_onnx(tmp_path)


def test_a_graph_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    folder = pick(tmp_path / "m")
    (folder / "model.onnx").write_bytes(b"\xff\xff\xff no graph")
    assert not is_onnx(folder)


def test_a_large_model_is_refused(tmp_path: Path, open_scorer: OpenScorer) -> None:
    folder = with_weights(tmp_path / "m", "weights.bin")
    (folder / "weights.bin").write_bytes(bytes(5000))
    open_artifact(folder, 6000)
    for limit in (4000, 100):
        with pytest.raises(ModelError) as caught:
            open_artifact(folder, limit)
        assert caught.value.code == "model.onnx_size"
    signature = signature_from_text("(x as Single.Type) => [y = Single.Type]")
    with pytest.raises(ScoringError, match="larger than 100 bytes"):
        open_scorer(folder, signature, max_bytes=100).score(positions(signature, [1]))


def test_operators_of_others_are_not_loaded(
    tmp_path: Path, open_scorer: OpenScorer, capfd: pytest.CaptureFixture[str]
) -> None:
    node = helper.make_node("Mine", ["x"], ["y"], domain="elsewhere")
    folder = graph_folder(
        tmp_path / "m", [node], [port("x", TensorProto.FLOAT, "n")], [port("y", TensorProto.FLOAT, "n")], []
    )
    signature = signature_from_text("(x as Single.Type) => [y = Single.Type]")
    scorer = open_scorer(folder, signature)
    with pytest.raises(ScoringError, match="cannot load the graph") as caught:
        scorer.score(positions(signature, [1]))
    assert capfd.readouterr() == ("", "")
    assert caught.value.code == "model.load" and scorer.failed and str(tmp_path) not in str(caught.value.to_dict())


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_without_the_extra_it_says_what_to_install(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_scorer: OpenScorer
) -> None:
    folder = pick(tmp_path / "m")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelError) as caught:
        signature_from_onnx(folder)
    assert "headwater[onnx]" in caught.value.hint
    assert not is_onnx(folder)
