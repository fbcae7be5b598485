"""From MLflow's JSON to what every workspace holds. Nothing here calls anybody."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import yaml

from headwater.errors import WorkspaceError
from headwater.net import redact
from headwater.net.jsons import parse_json
from headwater.workspaces.base import DatasetInfo, ExperimentInfo, JobInfo, ModelInfo, ModelVersionInfo, SignatureInfo
from headwater.workspaces.naming import common_folder, dataset_name

__all__ = ["dataset", "experiment", "job", "logged_model", "model", "model_version", "parse_mlmodel"]

#: Where the several kinds of dataset source keep their address.
_ADDRESS_KEYS = ("uri", "url", "path")
_LOGGED_MODEL_SCHEME = "models:/m-"
#: MLflow's own bookkeeping, as long as a run's history and of no use to a reader.
_NOISE_TAGS = frozenset({"mlflow.log-model.history", "mlflow.loggedModels"})

#: Numbers, and what is too short for any token known by its form and lacks the signs that the others are known by.
_HARMLESS = re.compile(r"[\w.+-]{0,13}|[-+.eE\d]+")


def model(item: Mapping[str, Any]) -> ModelInfo:
    """A registered model of ``registered-models/search``."""
    versions = [str(version["version"]) for version in item.get("latest_versions", [])]
    aliases = {str(alias["alias"]): str(alias["version"]) for alias in item.get("aliases", [])}
    return ModelInfo(
        name=str(item["name"]),
        description=str(item.get("description") or ""),
        tags=_pairs(item.get("tags", ())),
        aliases=aliases,
        created_at=_moment(item.get("creation_timestamp")),
        updated_at=_moment(item.get("last_updated_timestamp")),
        latest_version=max([*versions, *aliases.values()], key=int, default=None),
    )


def model_version(item: Mapping[str, Any], aliases: Iterable[str] = ()) -> ModelVersionInfo:
    """A version of ``model-versions/search``. ``aliases`` are the model's that stand for it, where known."""
    source = str(item.get("source") or "")
    model_id = item.get("model_id") or None
    if model_id is None and source.startswith(_LOGGED_MODEL_SCHEME):
        # The listing leaves the id out; since MLflow 3 the source holds it.
        model_id = source.removeprefix("models:/").partition("/")[0]
    return ModelVersionInfo(
        model=str(item["name"]),
        version=str(item["version"]),
        model_id=model_id,
        run_id=item.get("run_id") or None,
        source=redact(source),
        status=str(item.get("status") or ""),
        aliases=tuple(sorted({*aliases, *(str(alias) for alias in item.get("aliases", ()))})),
        tags=_pairs(item.get("tags", ())),
        description=str(item.get("description") or ""),
        created_at=_moment(item.get("creation_timestamp")),
    )


def logged_model(item: Mapping[str, Any]) -> ModelVersionInfo:
    """A model of ``logged-models/search``, which has an id and a name but is no version of a registered model."""
    info = item["info"]
    return ModelVersionInfo(
        model=str(info.get("name") or info["model_id"]),
        version="",
        model_id=str(info["model_id"]),
        run_id=info.get("source_run_id") or None,
        source=redact(str(info.get("artifact_uri") or "")),
        status=str(info.get("status") or "").removeprefix("LOGGED_MODEL_"),
        tags=_pairs([tag for tag in info.get("tags", ()) if not str(tag["key"]).startswith("mlflow.")]),
        created_at=_moment(info.get("creation_timestamp_ms")),
    )


def experiment(item: Mapping[str, Any]) -> ExperimentInfo:
    """An experiment of ``experiments/search``."""
    return ExperimentInfo(
        id=str(item["experiment_id"]),
        name=str(item["name"]),
        tags=_pairs(item.get("tags", ())),
        archived=item.get("lifecycle_stage") == "deleted",
    )


def parse_mlmodel(content: bytes, place: str) -> tuple[SignatureInfo | None, str]:
    """The signature in a version's ``MLmodel`` file (None where it has none) and the file's digest.

    Raises:
        WorkspaceError: it cannot be read. ``place`` says whose file it is.
    """
    try:
        described = yaml.safe_load(content)
        written = described.get("signature") if isinstance(described, dict) else None
        parts = {name: _signature_part((written or {}).get(name)) for name in ("inputs", "outputs", "params")}
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise WorkspaceError(
            "The model's MLmodel file cannot be read.", place=place, hint="Log and register the model again."
        ) from error
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    return (SignatureInfo(**parts) if any(part is not None for part in parts.values()) else None), digest


def job(item: Mapping[str, Any], experiment: str, workspace: str) -> JobInfo:
    """A run of ``runs/get`` or ``runs/search``, in the experiment of that name.

    ``workspace`` is the workspace's qualified name.
    """
    info, data = item["info"], item.get("data", {})
    home = f"{workspace}/experiments/{info.get('experiment_id', '')}"
    inputs = (item.get("inputs") or {}).get("dataset_inputs", [])
    tags = _pairs(data.get("tags", ()))
    return JobInfo(
        run_id=str(info.get("run_id") or info["run_uuid"]),
        name=str(info.get("run_name") or tags.get("mlflow.runName", "")),
        experiment=experiment,
        status=str(info.get("status") or ""),
        started_at=_moment(info.get("start_time")),
        ended_at=_moment(info.get("end_time")),
        params=_pairs(data.get("params", ())),
        # Not a number and the infinities arrive as text.
        metrics={str(metric["key"]): float(metric["value"]) for metric in data.get("metrics", ())},
        tags={key: value for key, value in tags.items() if key not in _NOISE_TAGS},
        inputs=tuple(dataset(entry, home) for entry in inputs),
        parent_run_id=tags.get("mlflow.parentRunId"),
    )


def dataset(entry: Mapping[str, Any], home: str) -> DatasetInfo:
    """A run's dataset input.

    ``home`` starts the name of a dataset that has no place of its own (made in code, a relative path): it is then
    told apart by its name within the experiment.
    """
    item = entry["dataset"]
    name = str(item["name"])
    addresses = _addresses(_json_object(item.get("source")))
    places = [place for place in map(dataset_name, addresses) if place]
    several = len(places) > 1
    qualified_name = (common_folder(places) if several else places[0] if places else None) or f"{home}/datasets/{name}"
    return DatasetInfo(
        name=name,
        digest=str(item.get("digest") or ""),
        source=redact(", ".join(addresses)),
        source_type=str(item.get("source_type") or ""),
        qualified_name=qualified_name,
        schema=_columns(_json_object(item.get("schema"))),
        profile=_json_object(item.get("profile")),
        context=_pairs(entry.get("tags", ())).get("mlflow.data.context", ""),
        parts=tuple(places) if several else (),
    )


def _addresses(source: Mapping[str, Any]) -> list[str]:
    listed = source.get("uris")
    if isinstance(listed, list):
        return [address for address in listed if isinstance(address, str)]
    found = [source[key] for key in _ADDRESS_KEYS if isinstance(source.get(key), str)]
    return found[:1]


def _columns(schema: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Columns with MLflow's names for their types; unnamed and tensor schemas have none to give."""
    columns = schema.get("mlflow_colspec")
    if not isinstance(columns, list):
        return ()
    return tuple((str(column["name"]), str(column["type"])) for column in columns if "name" in column)


def _signature_part(text: object) -> list[dict[str, Any]] | None:
    if text is None:
        return None
    parsed = parse_json(text.encode(errors="surrogatepass")) if isinstance(text, str) else text
    if not isinstance(parsed, list):
        raise ValueError("a part of a signature is a list")
    return parsed or None


def _json_object(text: object) -> dict[str, Any]:
    """The object in a field of JSON text; what is not one says nothing usable."""
    if not isinstance(text, str):
        return {}
    try:
        parsed = parse_json(text.encode(errors="surrogatepass"))
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _pairs(items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {str(item["key"]): _shown(str(item.get("value", ""))) for item in items}


def _shown(value: str) -> str:
    """``value`` without secrets. Runs have thousands of numbers and short words, which need no search for them."""
    return value if _HARMLESS.fullmatch(value) else redact(value)


def _moment(milliseconds: object) -> datetime | None:
    if not isinstance(milliseconds, int) or not milliseconds:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
