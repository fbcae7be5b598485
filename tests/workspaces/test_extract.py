"""MLflow's JSON read without a server: dataset identities and the forms that servers of several versions use."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.workspaces.mlflow import extract
from headwater.workspaces.naming import dataset_name

HOME = "mlflow://h:1/experiments/7"


def entry(source: Any, schema: Any = None) -> dict[str, Any]:
    item = {"name": "set", "digest": "d1", "source_type": "local", "source": json.dumps(source)}
    return {"dataset": item | ({"schema": json.dumps(schema)} if schema else {}), "tags": []}


@pytest.mark.parametrize(
    ("source", "name", "parts"),
    [
        ({"uri": "/data/a.csv"}, "file:///data/a.csv", ()),
        ({"uri": "file:///data/x/../a.csv"}, "file:///data/a.csv", ()),
        ({"uri": "/data/flights/"}, "file:///data/flights", ()),
        ({"url": "https://h/a.csv?sig=secret"}, "https://h/a.csv", ()),
        ({"path": "s3n://bucket/key"}, "s3://bucket/key", ()),
        ({"uri": "C:\\data\\a.csv"}, "file:///C:/data/a.csv", ()),
        ({"uri": "relative/a.csv"}, f"{HOME}/datasets/set", ()),
        ({"path": "squad"}, f"{HOME}/datasets/set", ()),
        ({"tags": {"mlflow.source.name": "train.py"}}, f"{HOME}/datasets/set", ()),
        ("text", f"{HOME}/datasets/set", ()),
        (
            {"uris": ["/data/f/1.csv", "/data/f/2.csv"]},
            "file:///data/f",
            ("file:///data/f/1.csv", "file:///data/f/2.csv"),
        ),
        ({"uris": ["/data/f/1.csv"]}, "file:///data/f/1.csv", ()),
        ({"uris": ["/a/1.csv", "/b/2.csv"]}, f"{HOME}/datasets/set", ("file:///a/1.csv", "file:///b/2.csv")),
    ],
)
def test_a_dataset_is_named_by_its_source(source: Any, name: str, parts: tuple[str, ...]) -> None:
    found = extract.dataset(entry(source), HOME)
    assert (found.qualified_name, found.parts) == (name, parts)
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("schema", "columns"),
    [
        ({"mlflow_colspec": [{"type": "long", "name": "a"}]}, (("a", "long"),)),
        ({"mlflow_colspec": [{"type": "long"}]}, ()),
        ({"mlflow_tensorspec": {"features": "[]"}}, ()),
        (None, ()),
    ],
)
def test_columns_are_those_that_have_names(schema: Any, columns: tuple[tuple[str, str], ...]) -> None:
    assert extract.dataset(entry({"uri": "/a"}, schema), HOME).schema == columns


@pytest.mark.parametrize(
    ("item", "model_id"),
    [
        ({"source": "models:/m-12ab"}, "m-12ab"),
        ({"source": "models:/m-12ab/sub"}, "m-12ab"),
        ({"source": "models:/other/3"}, None),
        ({"source": "mlflow-artifacts:/1/2/artifacts/model"}, None),
        ({"source": "x", "model_id": "m-9"}, "m-9"),
    ],
)
def test_a_model_id_is_where_the_server_puts_it(item: dict[str, str], model_id: str | None) -> None:
    assert extract.model_version({"name": "m", "version": 3, **item}).model_id == model_id


def test_versions_are_compared_as_numbers() -> None:
    versions = [{"version": "9"}, {"version": "10"}]
    assert extract.model({"name": "m", "latest_versions": versions}).latest_version == "10"


SEGMENT = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(SEGMENT, min_size=1, max_size=4))
def test_every_spelling_of_a_file_is_one_name(segments: list[str]) -> None:
    path = "/" + "/".join(segments)
    name = dataset_name(path)
    assert name is not None
    assert dataset_name(name) == name
    assert dataset_name(path + "/") == name
    assert "#" not in name and "?" not in name
