"""What a complete listing no longer has, and when that is not to be believed."""

from __future__ import annotations

from headwater.catalog import names
from headwater.catalog.harvesting.comparing import Harvest
from headwater.catalog.harvesting.records import unregistered_name
from headwater.catalog.harvesting.stored import Stored
from headwater.catalog.scans.options import ScanOptions
from headwater.errors import ScanError
from headwater.workspaces import Source

__all__ = ["FEW", "absent", "too_many"]

#: So few may always go: a share says little of a handful.
FEW = 20


def absent(found: Harvest, stored: Stored, options: ScanOptions, source: Source) -> dict[str, set[str]]:
    """The qualified names of what is in scope, was there and is no more, by type.

    Nothing, and a warning in ``found``, where a list is empty that was not, or where so much is gone that somebody
    ought to have a look first.
    """
    if _is_emptied(found, stored, source):
        return {}
    scope = found.scope
    versions = scope.stored_versions(stored)
    known = {
        "ml_model": scope.stored_models(stored),
        "ml_model_version": versions,
        "ml_job": scope.stored_jobs(stored, versions),
    }
    gone = {
        "ml_model": known["ml_model"] - _listed_models(found),
        "ml_model_version": _gone_versions(found, stored, versions, options),
        "ml_job": _gone_jobs(found, stored, known["ml_job"], options),
    }
    if options.confirm_removals:
        return gone
    for type_name, missing in gone.items():
        if len(missing) > FEW and len(missing) > options.max_removed_share * len(known[type_name]):
            found.warn(source.name, too_many(type_name, len(missing), len(known[type_name]), options, source))
            return {}
    return gone


def _is_emptied(found: Harvest, stored: Stored, source: Source) -> bool:
    """Whether the workspace lists no models, or no versions, where there were some: an outage, or a lost right."""
    registered = [asset for asset in stored.versions.values() if asset.attributes.get("version")]
    for type_name, listed, before in (
        ("ml_model", found.listing.models, stored.models.values()),
        ("ml_model_version", found.listing.versions, registered),
    ):
        known = sum(asset.is_active for asset in before)
        if known and not listed:
            found.warn(
                source.name,
                ScanError(
                    f"The listing of {type_name} was empty where {known} were known; nothing was marked as missing.",
                    code="scan.empty_listing",
                    place=source.url,
                    hint="Check the workspace and the credential; remove the source if it is meant to be empty.",
                ),
            )
            return True
    return False


def _listed_models(found: Harvest) -> set[str]:
    home = found.listing.workspace.qualified_name
    return {names.model(home, model.name) for model in found.listing.models}


def _gone_versions(found: Harvest, stored: Stored, known: set[str], options: ScanOptions) -> set[str]:
    home = found.listing.workspace.qualified_name
    listed = {names.model_version(home, version.model, version.version) for version in found.listing.versions}
    registered = {name for name in known if stored.versions[name].attributes.get("version")}
    gone = registered - listed
    if found.listing.unregistered:
        logged = {unregistered_name(home, model.model_id or model.model) for model in found.listing.unregistered}
        # A list of some experiments' models says nothing of others'.
        gone |= set() if options.experiments else known - registered - listed - logged
    return gone


def _gone_jobs(found: Harvest, stored: Stored, known: set[str], options: ScanOptions) -> set[str]:
    """Jobs of which no version is left, and those the workspace knows no more."""
    runs = {version.run_id for version in found.listing.versions} - found.gone
    written = {record.process.qualified_name for record in found.jobs}
    registered = {name for name in known if stored.jobs[name].attributes["registered"]}
    gone = {name for name in registered - written if stored.jobs[name].attributes["run_id"] not in runs}
    is_complete = options.kind == "full" and options.unregistered_runs and not options.tags
    if is_complete and found.listing.jobs:
        listed = found.listing.jobs.keys()
        others = known - registered - written
        gone |= {name for name in others if stored.jobs[name].attributes["run_id"] not in listed}
    return gone


def too_many(type_name: str, missing: int, known: int, options: ScanOptions, source: Source) -> ScanError:
    """What is said where more is gone than a scan may mark as missing."""
    return ScanError(
        f"{missing} of {known} {type_name} are gone, more than the share of {options.max_removed_share:g} that a scan"
        " may mark as missing; nothing was marked.",
        code="scan.too_many_missing",
        place=source.url,
        hint="Check the workspace and the credential's rights; scan again and confirm the removals if they are meant.",
    )
