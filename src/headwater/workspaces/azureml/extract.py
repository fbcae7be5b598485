"""From Azure Resource Manager's JSON to what every workspace holds. Nothing here calls anybody.

Only what tells a thing from others (its name) has to be there and of the right form. Everything else may be missing,
null, of a later version's form or of a kind that is not known yet: it is then left out or passed on as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from headwater.net import redact
from headwater.net.jsons import parse_json
from headwater.workspaces.base import DeploymentInfo, EndpointInfo, ModelInfo, ModelVersionInfo, SignatureInfo

__all__ = [
    "deployments",
    "endpoint",
    "is_archived",
    "is_scripted",
    "item_name",
    "latest",
    "mapping",
    "model",
    "model_version",
    "moment",
    "pairs",
    "properties",
    "text",
]

_VERSION_STATUS = {
    "Succeeded": "READY",
    "Creating": "PENDING_REGISTRATION",
    "Updating": "PENDING_REGISTRATION",
    "Failed": "FAILED_REGISTRATION",
}


def model(item: Mapping[str, Any]) -> ModelInfo:
    """A registered model, of the listing of model containers."""
    told = properties(item)
    return ModelInfo(
        name=item_name(item),
        description=text(told.get("description")),
        tags=pairs(told.get("tags")),
        created_at=moment(item, "createdAt"),
        updated_at=moment(item, "lastModifiedAt"),
        latest_version=text(told.get("latestVersion")) or None,
    )


def model_version(item: Mapping[str, Any], model_name: str, *, with_signature: bool) -> ModelVersionInfo:
    """A version of the model of that name."""
    told = properties(item)
    kinds = {"azureml.modelType": told.get("modelType"), "azureml.stage": told.get("stage")}
    return ModelVersionInfo(
        model=model_name,
        version=item_name(item),
        run_id=text(told.get("jobName")) or None,
        source=redact(text(told.get("modelUri"))),
        status=_status(told),
        tags=pairs(kinds) | pairs(told.get("tags")),
        description=text(told.get("description")),
        created_at=moment(item, "createdAt"),
        signature=_signature(told) if with_signature else None,
    )


def latest(versions: list[ModelVersionInfo]) -> ModelVersionInfo:
    """The version with the highest number; the newest where one of them has a name instead of a number."""
    if all(version.version.isdecimal() for version in versions):
        return max(versions, key=lambda version: int(version.version))
    return max(versions, key=lambda version: (version.created_at or datetime.min.replace(tzinfo=UTC), version.version))


def endpoint(item: Mapping[str, Any]) -> EndpointInfo:
    """An online endpoint, without what stands behind it; its address is as the workspace has it."""
    told = properties(item)
    return EndpointInfo(
        name=item_name(item),
        kind="azureml",
        url=text(told.get("scoringUri")),
        description=text(told.get("description")),
        state=text(told.get("provisioningState")) or "Succeeded",
        tags=pairs(item.get("tags")),
        created_at=moment(item, "createdAt"),
    )


def deployments(
    item: Mapping[str, Any], listed: Sequence[Mapping[str, Any]], models: Sequence[tuple[str, str]]
) -> tuple[DeploymentInfo, ...]:
    """The deployments of an endpoint with their traffic; ``models`` are name and version of the model of each.

    One that gets calls and is not listed is still there: without it, another could pass for the only one.
    """
    shares = {name.lower(): share for name, share in mapping(properties(item).get("traffic")).items()}
    found = [
        DeploymentInfo(
            name=item_name(deployment),
            traffic=_percent(shares.pop(item_name(deployment).lower(), 0)),
            model=name,
            model_version=version,
            revision=_revision(deployment),
        )
        for deployment, (name, version) in zip(listed, models, strict=True)
    ]
    return (*found, *(DeploymentInfo(name=name, traffic=_percent(share)) for name, share in shares.items() if share))


def is_scripted(deployment: Mapping[str, Any]) -> bool:
    """Whether an entry script of somebody's own takes the rows of a deployment."""
    return bool(mapping(properties(deployment).get("codeConfiguration")).get("codeId"))


def properties(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a resource says of itself."""
    return mapping(item.get("properties"))


def is_archived(item: Mapping[str, Any]) -> bool:
    """Whether a resource has been put out of use."""
    return properties(item).get("isArchived") is True


def text(value: object) -> str:
    """A text; "" where there is none, or something else."""
    return value if isinstance(value, str) else ""


def _revision(deployment: Mapping[str, Any]) -> str:
    """What changes whenever a deployment does; "" where that is not told, and while it is changing."""
    told, dates = properties(deployment), mapping(deployment.get("systemData"))
    changed = text(dates.get("lastModifiedAt"))
    if not changed or told.get("provisioningState") != "Succeeded":
        return ""
    # The moment alone would do. What was deployed is in it as well, in case a moment is ever told wrong.
    parts = [told.get(name) for name in ("model", "environmentId", "codeConfiguration", "modelMountPath")]
    state = [item_name(deployment).lower(), text(dates.get("createdAt")), changed, *parts]
    return "sha256:" + hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def _percent(value: object) -> int:
    return int(value) if isinstance(value, int | float) and 0 <= value <= 100 else 0


def item_name(item: Mapping[str, Any]) -> str:
    """A resource's name; KeyError or ValueError where it has none."""
    name = item["name"]
    if not isinstance(name, str) or not name:
        raise ValueError("a resource has a name")
    return name


def _status(told: Mapping[str, Any]) -> str:
    if told.get("isArchived") is True:
        return "ARCHIVED"
    state = text(told.get("provisioningState")) or "Succeeded"
    return _VERSION_STATUS.get(state, state)


def _signature(told: Mapping[str, Any]) -> SignatureInfo | None:
    """The signature that a model registered by MLflow may carry along; most carry it in their files alone."""
    noted = mapping(told.get("properties"))
    flavors = mapping(told.get("flavors"))
    data = mapping(mapping(flavors.get("python_function")).get("data"))
    described = mapping(_parsed(noted.get("model_json")))
    for candidate in (noted.get("signature"), described.get("signature"), data.get("signature")):
        found = mapping(_parsed(candidate))
        parts = {name: _columns(found.get(name)) for name in ("inputs", "outputs", "params")}
        if parts["inputs"]:
            return SignatureInfo(**parts)
    return None


def _columns(value: object) -> list[dict[str, Any]] | None:
    found = _parsed(value)
    return found or None if isinstance(found, list) and all(isinstance(column, dict) for column in found) else None


def _parsed(value: object) -> object:
    """What a JSON text says; what is no text stands for itself."""
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value.encode(errors="surrogatepass"))
    except ValueError:
        return None


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one where there is something else."""
    return value if isinstance(value, dict) else {}


def pairs(value: object) -> dict[str, str]:
    """Names and values as text; what has no value is left out."""
    return {
        name: redact(entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False))
        for name, entry in mapping(value).items()
        if entry is not None
    }


def moment(item: Mapping[str, Any], name: str) -> datetime | None:
    """One of the moments that a resource's dates tell; None where it is none."""
    try:
        found = datetime.fromisoformat(text(mapping(item.get("systemData")).get(name)))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
