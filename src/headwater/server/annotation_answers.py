"""What the API takes and answers about what people say of assets."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from headwater.catalog.annotations.saying import UNCHANGED, Saying
from headwater.catalog.annotations.service import MOST_ASSETS, AnnotatedAsset
from headwater.catalog.sheets.changes import LineChanges as CatalogLineChanges
from headwater.server.answers import Answer

__all__ = [
    "Annotations",
    "AssetAddress",
    "AssetChanges",
    "AssetChoice",
    "BulkAssetChanges",
    "ChangedAssets",
    "FurtherName",
    "FurtherNames",
    "Glossaries",
    "Glossary",
    "History",
    "HistoryEntry",
    "Imported",
    "LineChanges",
    "OtherAsset",
]


class Contact(Answer):
    """A person or group, and what is noted of them."""

    id: str = Field(min_length=1, max_length=255)
    info: str | None = None


class AssetTerm(Answer):
    guid: str
    name: str


class AssetClassification(Answer):
    """``state``: a suggestion waits for somebody; one that was rejected is not made again."""

    name: str
    state: Literal["accepted", "suggested", "rejected"]
    by_what: Literal["person", "rule", "propagation"]
    attributes: dict[str, Any]
    confidence: float | None
    reason: str | None


class Annotations(Answer):
    """What people say of an asset. ``contacts`` are by their kind: ``Owner``, ``Expert``, or another word."""

    guid: str
    type_name: str
    qualified_name: str
    display_name: str
    description: str | None
    sensitivity: str | None
    endorsement: str | None
    labels: list[str]
    contacts: dict[str, list[Contact]]
    terms: list[AssetTerm]
    classifications: list[AssetClassification]
    custom_attributes: dict[str, Any]

    @classmethod
    def of(cls, asset: AnnotatedAsset) -> Annotations:
        """The answer for an asset."""
        said = asset.said
        contacts: dict[str, list[Contact]] = {}
        for (kind, contact), info in sorted(said.contacts.items(), key=lambda each: each[0]):
            contacts.setdefault(kind, []).append(Contact(id=contact, info=info))
        return cls(
            guid=asset.guid,
            type_name=asset.type_name,
            qualified_name=asset.qualified_name,
            display_name=asset.display_name,
            description=said.description,
            sensitivity=said.sensitivity,
            endorsement=said.endorsement,
            labels=sorted(said.labels),
            contacts=contacts,
            terms=[AssetTerm(guid=guid, name=name) for guid, name in asset.terms.items()],
            classifications=[
                AssetClassification.model_validate(
                    {
                        "name": name,
                        "state": each.state,
                        "by_what": each.by_what,
                        "attributes": each.attributes or {},
                        "confidence": each.confidence,
                        "reason": each.reason,
                    }
                )
                for name, each in sorted(said.classifications.items())
            ],
            custom_attributes=dict(said.custom),
        )


class AssetChanges(Answer):
    """What is to be changed; what is not given stays, null takes a text away.

    ``labels`` and ``terms`` (by guid) are these and no others; ``add_…`` and ``remove_…`` leave the others. Of
    ``contacts`` and ``custom_attributes`` what is not named stays. ``classify`` adds, or accepts what was suggested or
    rejected; ``reject`` keeps rules from suggesting it again; ``unclassify`` removes it with all memory of it.
    """

    model_config = ConfigDict(extra="forbid")

    description: str | None = None
    sensitivity: str | None = None
    endorsement: str | None = None
    labels: list[str] | None = None
    add_labels: list[str] = Field(default_factory=list)
    remove_labels: list[str] = Field(default_factory=list)
    terms: list[str] | None = None
    add_terms: list[str] = Field(default_factory=list)
    remove_terms: list[str] = Field(default_factory=list)
    contacts: dict[str, list[Contact]] = Field(default_factory=dict)
    classify: dict[str, dict[str, Any] | None] = Field(default_factory=dict)
    accept: list[str] = Field(default_factory=list)
    reject: list[str] = Field(default_factory=list)
    unclassify: list[str] = Field(default_factory=list)
    custom_attributes: dict[str, Any] = Field(default_factory=dict)

    def saying(self) -> Saying:
        """What the service is told."""
        given = self.model_fields_set
        return Saying(
            description=self.description if "description" in given else UNCHANGED,
            sensitivity=self.sensitivity if "sensitivity" in given else UNCHANGED,
            endorsement=self.endorsement if "endorsement" in given else UNCHANGED,
            labels=UNCHANGED if self.labels is None else self.labels,
            add_labels=self.add_labels,
            remove_labels=self.remove_labels,
            terms=UNCHANGED if self.terms is None else self.terms,
            add_terms=self.add_terms,
            remove_terms=self.remove_terms,
            contacts={kind: {each.id: each.info for each in people} for kind, people in self.contacts.items()},
            classify=self.classify,
            accept=self.accept,
            reject=self.reject,
            unclassify=self.unclassify,
            custom=self.custom_attributes,
        )


class BulkAssetChanges(Answer):
    """The same changes for many assets: all of them, or none."""

    guids: list[str] = Field(min_length=1, max_length=MOST_ASSETS)
    changes: AssetChanges


class ChangedAssets(Answer):
    """The guids of those assets of which anything changed."""

    changed: list[str]


class HistoryEntry(Answer):
    """``changes``: by the name of what was changed, what it was ``before`` and ``after``."""

    id: int
    at: datetime
    action: str
    by: str
    by_id: str | None
    changes: dict[str, Any]


class History(Answer):
    total: int
    value: list[HistoryEntry]


class LineChanges(Answer):
    """What one line of a file changes; ``changes``: by name, what it was ``before`` and is ``after``."""

    line: int
    about: str
    guid: str
    changes: dict[str, Any]

    @classmethod
    def of(cls, found: CatalogLineChanges) -> LineChanges:
        """The answer for a line."""
        changes = {name: {"before": each.before, "after": each.after} for name, each in found.changes.items()}
        return cls(line=found.line, about=found.about, guid=found.guid, changes=changes)


class Imported(Answer):
    """What a file changes, or would change on a dry run; lines that change nothing are left out."""

    dry_run: bool
    lines: list[LineChanges]


class AssetChoice(Answer):
    """Which assets: those of ``guids``, or all that may be seen, of a ``type`` if one is given."""

    guids: list[str] | None = Field(default=None, max_length=MOST_ASSETS)
    type: str | None = None


class OtherAsset(Answer):
    """An asset that is the same as another one."""

    guid: str


class AssetAddress(Answer):
    """A qualified name by which an asset is known."""

    qualified_name: str = Field(min_length=1, max_length=4_096)


class FurtherName(Answer):
    type_name: str
    qualified_name: str
    reason: Literal["alias", "renamed", "merged"]


class FurtherNames(Answer):
    value: list[FurtherName]


class Glossary(Answer):
    guid: str
    name: str


class Glossaries(Answer):
    value: list[Glossary]
