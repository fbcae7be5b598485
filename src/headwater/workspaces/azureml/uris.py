"""The spellings of Azure ML's own addresses: assets, paths in datastores, outputs of jobs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from headwater.workspaces.azureml.configuration import AzureMLConfiguration

__all__ = [
    "AssetAddress",
    "OutputAddress",
    "StoredAddress",
    "asset_address",
    "output_address",
    "producing_job",
    "spelled_alike",
    "stored_address",
]

_HOME = r"(?P<home>/.+/workspaces/[^/]+)"
#: ``azureml:name:version``, and the same written as a resource of a workspace.
_SHORT_ASSET = re.compile(r"azureml:([^:/]+):([^:/]+)")
_ASSET = re.compile(rf"(?:azureml:/)?{_HOME}/data/(?P<name>[^/]+)/versions/(?P<version>[^/]+)", re.I)
#: A path in a datastore of this workspace, and the same with the workspace written out.
_STORED = re.compile(rf"azureml:/{_HOME}?/datastores/(?P<store>[^/]+)/paths/(?P<path>.*)", re.I)
#: What a job wrote, as a whole or a path in it; a pipeline's step is PIPELINE/STEP here.
_OUTPUT = re.compile(
    rf"azureml:/{_HOME}?/jobs/(?P<job>[^/]+(?:/[^/]+)?)/outputs/(?P<output>[^/]+)(?:/paths)?(?:/(?P<path>.*))?", re.I
)
_RUN = re.compile(r"runs:/+(?P<job>[^/]+)(?:/.*)?", re.I)
#: Where a workspace keeps what its runs log; the part after "dcid." is the run.
_RUN_FILES = re.compile(r".*/paths/ExperimentRun/dcid\.(?P<job>[^/]+)(?:/.*)?", re.I)
_WORKSPACE = re.compile(
    r"/subscriptions/([^/]+)/resourcegroups/([^/]+)(?:/providers/microsoft\.machinelearningservices)?/workspaces/([^/]+)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class AssetAddress:
    """A version of a data asset of the workspace."""

    name: str
    version: str


@dataclass(frozen=True, slots=True)
class StoredAddress:
    """A path in a datastore of the workspace."""

    store: str
    path: str


@dataclass(frozen=True, slots=True)
class OutputAddress:
    """A path in an output of a job of the workspace; "" for the whole output."""

    job: str
    output: str
    path: str


def asset_address(uri: str, workspace: AzureMLConfiguration) -> AssetAddress | None:
    """The data asset that ``uri`` stands for, if it stands for one of the workspace."""
    short, long = _SHORT_ASSET.fullmatch(uri), _ASSET.fullmatch(uri)
    if short:
        return AssetAddress(*short.groups())
    if long and workspace.holds(long["home"]):
        return AssetAddress(unquote(long["name"]), unquote(long["version"]))
    return None


def stored_address(uri: str, workspace: AzureMLConfiguration) -> StoredAddress | None:
    """The path in a datastore that ``uri`` stands for, if it stands for one of the workspace."""
    found = _STORED.fullmatch(uri)
    if found is None or not _is_here(found["home"], workspace):
        return None
    return StoredAddress(unquote(found["store"]), found["path"].strip("/"))


def output_address(uri: str, workspace: AzureMLConfiguration) -> OutputAddress | None:
    """The job's output that ``uri`` stands for, if it stands for one of the workspace."""
    found = _OUTPUT.fullmatch(uri)
    if found is None or not _is_here(found["home"], workspace):
        return None
    return OutputAddress(unquote(found["job"]), unquote(found["output"]), (found["path"] or "").strip("/"))


def producing_job(uri: str, workspace: AzureMLConfiguration) -> str | None:
    """The job that wrote what lies at an address, where the address tells; a step's pipeline stands for its steps.

    >>> home = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
    >>> workspace = AzureMLConfiguration.from_url("https://management.azure.com" + home)
    >>> producing_job("azureml://jobs/brave_fig/outputs/model/paths/m", workspace)
    'brave_fig'
    >>> producing_job("runs:/1f/model", workspace)
    '1f'
    """
    output = output_address(uri, workspace)
    if output is not None:
        return output.job.partition("/")[0]
    stored = stored_address(uri, workspace)
    found = _RUN.fullmatch(uri) or (_RUN_FILES.fullmatch(uri) if stored else None)
    return unquote(found["job"]) if found else None


def spelled_alike(uri: str) -> str:
    """An address of Azure ML's own; the workspace in it in the one case that names of workspaces are equal in."""
    address = re.sub(r"/providers/microsoft\.machinelearningservices", "", uri, flags=re.I).partition("?")[0]
    home = _WORKSPACE.search(address)
    if home is None:
        return address
    return address[: home.start()] + home.group().lower() + address[home.end() :]


def _is_here(home: str | None, workspace: AzureMLConfiguration) -> bool:
    """Whether an address is of the workspace: written out, or without one, which means its own."""
    return home is None or workspace.holds(home)
