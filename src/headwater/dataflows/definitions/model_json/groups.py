"""Groups of queries, which a ``model.json`` keeps as a JSON text within an annotation."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from headwater.net.jsons import parse_json

__all__ = ["ANNOTATION", "identity", "read_groups", "written_groups"]

ANNOTATION = "pbi:QueryGroups"

_NAMES = uuid.UUID("f1a3b0f4-7a1d-5c5e-9a53-3f2d0c9a7be1")


def identity(*names: str) -> str:
    """The id of a query or a group: the same in every export."""
    return str(uuid.uuid5(_NAMES, "\n".join(names)))


def read_groups(annotations: Sequence[Mapping[str, Any]]) -> tuple[dict[str, str], list[str]]:
    """The name of each group by its id, that of a group within another after it; and what does not carry over."""
    texts = [found.get("value") for found in annotations if found.get("name") == ANNOTATION]
    if not texts or not isinstance(texts[0], str):
        return {}, []
    try:
        listed = parse_json(texts[0].encode("utf-8", "replace"))
    except ValueError:
        return {}, ["the groups, which cannot be read"]
    if not isinstance(listed, list):
        return {}, ["the groups, which cannot be read"]
    groups = {str(group["id"]): group for group in listed if isinstance(group, dict) and "id" in group}
    names = {key: "/".join(_path(key, groups)) for key in groups}
    notes = [f"the description of the group '{names[key]}'" for key in groups if groups[key].get("description")]
    notes += [f"that the group '{names[key]}' lies within another" for key in groups if groups[key].get("parentId")]
    return names, notes


def _path(key: str, groups: Mapping[str, Mapping[str, Any]]) -> list[str]:
    path: list[str] = []
    seen: set[str] = set()
    while key in groups and key not in seen:
        seen.add(key)
        path.insert(0, str(groups[key].get("name", "")))
        key = str(groups[key].get("parentId") or "")
    return path


def written_groups(dataflow: str, names: Sequence[str]) -> dict[str, str]:
    """The annotation that lists these groups."""
    listed = [
        {"id": identity(dataflow, "group", name), "name": name, "description": None, "parentId": None, "order": order}
        for order, name in enumerate(names)
    ]
    return {"name": ANNOTATION, "value": json.dumps(listed, ensure_ascii=False, separators=(",", ":"))}
