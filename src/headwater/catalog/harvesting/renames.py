"""Registered models that were given another name, recognised by what a workspace tells of them under the new one.

A rename leaves a model's time of creation and its versions' numbers, runs, sources and times as they were. There is no
id that would say so outright, so all of these have to agree, and only one model may be like the one that is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from headwater.catalog import names
from headwater.catalog.harvesting.listing import Listing
from headwater.catalog.harvesting.records import moment, unregistered_name
from headwater.catalog.harvesting.stored import Stored
from headwater.catalog.records import AssetRef
from headwater.catalog.scans.options import ScanOptions

__all__ = ["Renames", "find_renames"]

#: What a version keeps under another name: its run, its source, when it was made.
_Traits: TypeAlias = tuple[str | None, str, str | None]


@dataclass(frozen=True, slots=True)
class Renames:
    """``models`` are old names and new ones; ``assets`` what is to be moved, with the versions."""

    home: str
    models: Mapping[str, str]
    assets: Mapping[AssetRef, str]

    def targets(self) -> set[AssetRef]:
        """What the assets are to be."""
        return {AssetRef(ref.type_name, name) for ref, name in self.assets.items()}

    def without(self, taken: Collection[AssetRef]) -> Renames:
        """Those that lead to no asset there is: a whole model, or nothing of it."""
        blocked = {ref.qualified_name.partition("/versions/")[0] for ref in taken}
        assets = {ref: name for ref, name in self.assets.items() if name.partition("/versions/")[0] not in blocked}
        models = {old: new for old, new in self.models.items() if names.model(self.home, new) not in blocked}
        return Renames(self.home, models, assets)

    def applied_to(self, stored: Stored) -> None:
        """Have what the catalog has bear the new names, too."""
        for ref, name in self.assets.items():
            assets = stored.of(ref.type_name)
            if ref.qualified_name in assets:
                assets[name] = assets.pop(ref.qualified_name)


def find_renames(listing: Listing, stored: Stored, options: ScanOptions) -> Renames:
    """The models in scope that were renamed since the last scan; models that were not registered then, and are now."""
    home = listing.workspace.qualified_name
    models = {old: new for old, new in _renamed_models(listing, stored).items() if options.covers_model(new)}
    assets: dict[AssetRef, str] = {}
    for old, new in models.items():
        assets[AssetRef("ml_model", names.model(home, old))] = names.model(home, new)
        for name, version in stored.versions.items():
            if version.attributes.get("model") == old and version.attributes.get("version"):
                number = str(version.attributes["version"])
                assets[AssetRef("ml_model_version", name)] = names.model_version(home, new, number)
    return Renames(home, models, assets | _registered_since(listing, stored))


def _renamed_models(listing: Listing, stored: Stored) -> dict[str, str]:
    """Old names and new ones."""
    home = listing.workspace.qualified_name
    listed = {model.name for model in listing.models}
    gone = {
        asset.display_name: asset.attributes.get("registered_at")
        for asset in stored.models.values()
        if asset.is_active and asset.display_name not in listed
    }
    new = {
        model.name: moment(model.created_at)
        for model in listing.models
        if names.model(home, model.name) not in stored.models
    }
    if not gone or not new:
        return {}
    before, after = _stored_traits(stored), _listed_traits(listing)
    candidates = {
        old: [name for name, at in new.items() if at == created and _agree(before.get(old, {}), after.get(name, {}))]
        for old, created in gone.items()
        if created is not None
    }
    found = {old: likely[0] for old, likely in candidates.items() if len(likely) == 1}
    once = _only_once(found.values())
    return {old: name for old, name in found.items() if name in once}


def _agree(before: Mapping[str, _Traits], after: Mapping[str, _Traits]) -> bool:
    """Whether these can be one model's versions: those that are in both are the same, and one is, if there are any."""
    both = before.keys() & after.keys()
    if not both:
        return not before and not after
    return all(before[number] == after[number] for number in both)


def _stored_traits(stored: Stored) -> dict[str, dict[str, _Traits]]:
    found: dict[str, dict[str, _Traits]] = {}
    for version in stored.versions.values():
        told = version.attributes
        if version.is_active and told.get("version"):
            traits = told.get("run_id"), str(told.get("source")), told.get("registered_at")
            found.setdefault(str(told["model"]), {})[str(told["version"])] = traits
    return found


def _listed_traits(listing: Listing) -> dict[str, dict[str, _Traits]]:
    found: dict[str, dict[str, _Traits]] = {}
    for version in listing.versions:
        traits = version.run_id, version.source, moment(version.created_at)
        found.setdefault(version.model, {})[version.version] = traits
    return found


def _registered_since(listing: Listing, stored: Stored) -> dict[AssetRef, str]:
    """Models that were catalogued before they were registered: their first version is the same thing."""
    home = listing.workspace.qualified_name
    found: dict[AssetRef, str] = {}
    for version in sorted(listing.versions, key=lambda version: moment(version.created_at) or ""):
        if version.model_id is None:
            continue
        ref = AssetRef("ml_model_version", unregistered_name(home, version.model_id))
        name = names.model_version(home, version.model, version.version)
        if ref.qualified_name in stored.versions and name not in stored.versions and ref not in found:
            found[ref] = name
    return found


def _only_once(names_given: Iterable[str]) -> set[str]:
    seen: set[str] = set()
    twice: set[str] = set()
    for name in names_given:
        (twice if name in seen else seen).add(name)
    return seen - twice
