"""Policies of collections as Purview writes them: rules over attributes, in disjunctive normal form.

A document has one attribute rule for each role, which says who has it, and the rule ``permission:COLLECTION``, which
says that any of these roles lets somebody in, and that whoever is let into the collection above is as well. Where that
last part is missing, inheritance is cut; collection administrators are inherited all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from headwater.app.administration.policies import ROLES, CollectionPolicy, Holder
from headwater.catalog.collections import Collection
from headwater.errors import UsageError
from headwater.server.json_bodies import as_list, as_object
from headwater.store import tables

__all__ = ["document", "parsed", "policy_id", "role_documents"]

_PREFIX: Final = "purviewmetadatarole_builtin_"
#: Purview's names of our roles, in the same order.
_NAMES: Final = dict(
    zip(
        ROLES,
        (
            "collection-administrator",
            "purview-reader",
            "data-curator",
            "data-source-administrator",
            "data-share-contributor",
        ),
        strict=True,
    )
)
_OF_NAME: Final = {name: role for role, name in _NAMES.items()} | {"data-reader": "Data reader"}
_KINDS: Final[Mapping[str, Any]] = {"principal.microsoft.id": "user", "principal.microsoft.groups": "group"}
_ROLE: Final = "derived.purview.role"
_PERMISSION: Final = "derived.purview.permission"
#: What stands for the collection above where its name is not for whoever asks.
_PARENT: Final = "parentcollectionpermission"

Json = dict[str, Any]


def policy_id(installation: str, collection: Collection) -> str:
    """The id of a collection's policy, which stays when the collection is renamed or moved."""
    return str(uuid5(NAMESPACE_OID, f"{installation}/policy/{collection.scope_id}"))


def role_documents(actions: Mapping[str, list[str]]) -> list[Json]:
    """The roles that a policy gives, each with the actions that it allows."""
    return [
        {
            "id": _PREFIX + name,
            "name": name,
            "type": "Headwater/role",
            "properties": {
                "provisioningState": "Provisioned",
                "roleType": "BuiltIn",
                "friendlyName": role,
                "cnfCondition": [
                    [{"attributeName": "request.azure.dataAction", "attributeValueIncludedIn": actions[role]}]
                ],
                "version": 1,
            },
        }
        for role, name in _NAMES.items()
    ]


def document(identifier: str, policy: CollectionPolicy) -> Json:
    """A policy as Purview's clients read it."""
    collection = policy.collection
    properties: Json = {
        "description": "",
        "decisionRules": _decision_rules(collection.name),
        "attributeRules": [*(_role_rule(policy, role) for role in ROLES), _permission_rule(policy)],
        "collection": {"type": "CollectionReference", "referenceName": collection.name},
    }
    if collection.parent is not None:
        properties["parentCollectionName"] = collection.parent
    return {"name": f"policy_{collection.name}", "id": identifier, "version": policy.version, "properties": properties}


def parsed(body: Any, identifier: str, now: CollectionPolicy) -> CollectionPolicy:
    """The policy that a document asks for in place of the one there is ``now``.

    Raises:
        UsageError: the document is none, is another collection's, or asks for what no role here can express.
    """
    stated = as_object(body)
    properties = as_object(stated.get("properties"), "properties")
    version, name = stated.get("version"), now.collection.name
    if not isinstance(version, int) or isinstance(version, bool):
        raise UsageError("The policy has no version.", hint="Send the version that was read along with it.")
    of = as_object(properties.get("collection") or {}, "collection").get("referenceName", name)
    if stated.get("id", identifier) != identifier or of != name:
        raise UsageError("The policy is another one's than the address names.", hint="Send it to its own address.")
    if properties.get("decisionRules", _decision_rules(name)) != _decision_rules(name):
        raise UsageError(
            "A policy's decision rules are the same for every collection.", hint="Send them as they were read."
        )
    holders: dict[str, tuple[Holder, ...]] = {}
    restricted = now.restricted
    for rule in as_list(properties.get("attributeRules"), "attributeRules"):
        kind, _, of = str(as_object(rule, "attribute rule").get("id", "")).partition(":")
        if of != name:
            raise UsageError("An attribute rule is another collection's.", hint=f"Its id ends with ':{name}'.")
        if kind == "permission":
            restricted = not any(_inherits(each) for each in _matchers(rule))
            continue
        role = _OF_NAME.get(kind.removeprefix(_PREFIX))
        if role is None:
            raise UsageError(
                "An attribute rule is of a role that is not given here.", hint=f"There are: {', '.join(_OF_NAME)}."
            )
        holders[role] = tuple(_holders(rule))
    is_root = name == tables.ROOT_COLLECTION
    return CollectionPolicy(now.collection, version, restricted and not is_root, holders)


def _decision_rules(name: str) -> list[Json]:
    resource = {"attributeName": "resource.purview.collection", "attributeValueIncludes": name}
    return [
        {
            "kind": "decisionrule",
            "effect": "Permit",
            "dnfCondition": [[resource, _derived(_PERMISSION, f"permission:{name}")]],
        }
    ]


def _role_rule(policy: CollectionPolicy, role: str) -> Json:
    """Who has a role, users before groups; the clause for users is there for clients to add the first one to."""
    holders = policy.holders[role]
    by_kind = {kind: [each.id for each in holders if each.kind == kind] for kind in ("user", "group")}
    has_role = _derived(_ROLE, _PREFIX + _NAMES[role])
    clauses = [
        [{"attributeName": attribute, "attributeValueIncludedIn": by_kind[kind]}, has_role]
        for attribute, kind in _KINDS.items()
        if kind == "user" or by_kind[kind]
    ]
    if role == ROLES[0] and not _is_root(policy.collection):
        clauses.append([_derived(_PERMISSION, _above(policy.collection, _PREFIX + _NAMES[role]))])
    return _rule(f"{_PREFIX}{_NAMES[role]}:{policy.collection.name}", clauses)


def _permission_rule(policy: CollectionPolicy) -> Json:
    name = policy.collection.name
    clauses = [[_derived(_PERMISSION, f"{_PREFIX}{_NAMES[role]}:{name}")] for role in ROLES]
    if not policy.restricted and not _is_root(policy.collection):
        clauses.append([_derived(_PERMISSION, _above(policy.collection, "permission"))])
    return _rule(f"permission:{name}", clauses)


def _rule(identifier: str, clauses: list[list[Json]]) -> Json:
    return {"kind": "attributerule", "id": identifier, "name": identifier, "dnfCondition": clauses}


def _derived(attribute: str, rule: str) -> Json:
    return {"fromRule": rule, "attributeName": attribute, "attributeValueIncludes": rule}


def _above(collection: Collection, rule: str) -> str:
    return _PARENT if collection.parent is None else f"{rule}:{collection.parent}"


def _is_root(collection: Collection) -> bool:
    return collection.name == tables.ROOT_COLLECTION


def _inherits(matcher: Json) -> bool:
    """Whether a part of a permission's condition is that of the collection above."""
    value = str(matcher.get("attributeValueIncludes", ""))
    return value == _PARENT or value.startswith("permission:")


def _holders(rule: Any) -> Iterator[Holder]:
    for matcher in _matchers(rule):
        attribute = str(matcher.get("attributeName"))
        if attribute in {_ROLE, _PERMISSION}:
            continue
        if attribute not in _KINDS or {"attributeValueExcludes", "attributeValueExcludedIn"} & matcher.keys():
            raise UsageError(
                "An attribute rule has a condition that no role here can express.",
                hint=f"Name who has the role by {' and '.join(_KINDS)} in attributeValueIncludedIn.",
            )
        for name in ("attributeValueIncludedIn", "attributeValueIncludes"):
            values = matcher.get(name) or []
            for value in [values] if isinstance(values, str) else as_list(values, name):
                yield Holder(_KINDS[attribute], str(value).lower())


def _matchers(rule: Any) -> Iterator[Json]:
    for clause in as_list(as_object(rule, "attribute rule").get("dnfCondition") or [], "dnfCondition"):
        for matcher in as_list(clause, "condition"):
            yield as_object(matcher, "condition")
