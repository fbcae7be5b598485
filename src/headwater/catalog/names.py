"""Qualified names: how each kind of asset is told from every other, wherever it was seen.

>>> model("mlflow://127.0.0.1:5000", "arrival_delay")
'mlflow://127.0.0.1:5000/models/arrival_delay'
>>> column(table("0f3c", "flights", "flights_scored"), "delay_probability")
'headwater://0f3c/dataflows/flights/tables/flights_scored#delay_probability'
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from headwater.workspaces.naming import dataset_name, segment
from headwater.workspaces.naming import endpoint_name as endpoint
from headwater.workspaces.naming import model_name as model
from headwater.workspaces.naming import version_name as model_version

__all__ = [
    "column",
    "column_of",
    "dataflow",
    "dataset_name",
    "display_name",
    "endpoint",
    "file",
    "job",
    "model",
    "model_version",
    "query",
    "segment",
    "table",
]


def job(workspace: str, run_id: str) -> str:
    """The name of a run."""
    return f"{workspace}/jobs/{segment(run_id)}"


def dataflow(installation: str, name: str) -> str:
    """The name of a dataflow; ``installation`` is this installation's id."""
    return f"headwater://{installation}/dataflows/{segment(name)}"


def table(installation: str, dataflow_name: str, entity: str) -> str:
    """The name of a dataflow's published table."""
    return f"{dataflow(installation, dataflow_name)}/tables/{segment(entity)}"


def query(installation: str, dataflow_name: str, entity: str) -> str:
    """The name of the process that computes a dataflow's table."""
    return f"{dataflow(installation, dataflow_name)}/queries/{segment(entity)}"


def file(path: Path) -> str:
    """The name of the dataset that a file or folder is.

    >>> file(Path("/data/flights/2013-01.csv"))
    'file:///data/flights/2013-01.csv'
    """
    name = dataset_name(str(path.absolute()))
    assert name is not None, "an absolute path names a place"
    return name


def display_name(dataset: str) -> str:
    """What people call a dataset: the last part of its qualified name.

    >>> display_name("file:///data/flights/2013%2001.csv")
    '2013 01.csv'
    """
    return unquote(dataset.rstrip("/").rpartition("/")[2]) or dataset


def column(asset: str, name: str) -> str:
    """The name of a column; ``asset`` is the qualified name of what it belongs to."""
    return f"{asset}#{name}"


def column_of(qualified_name: str) -> tuple[str, str | None]:
    """The asset and the column of a name; None where it is an asset's.

    >>> column_of("file:///a.csv#when #1")
    ('file:///a.csv', 'when #1')
    """
    asset, mark, name = qualified_name.partition("#")
    return asset, name if mark else None
