"""Identities: who somebody is, as told by a provider, and what access conditions say about them."""

from __future__ import annotations

from collections.abc import Iterator

from headwater.errors import MError
from headwater.powerquery.library.arguments import record_of
from headwater.powerquery.library.declarations import REGISTRY, Declaration, enumeration, function
from headwater.powerquery.library.value.trees import node, tree_of
from headwater.powerquery.values.core import List, Record, Value, plain
from headwater.powerquery.values.equality import equal
from headwater.powerquery.values.functions import Function

enumeration("AccessControlKind", {"Deny": 0, "Allow": 1}, summary="Whether an entry denies or allows access.")

_IDENTITY = node("Identity")
"""The node that stands for the identity that a condition is asked about."""


@function("IdentityProvider.Default() as any", examples=[('IdentityProvider.Default()', "null")])  # fmt: skip
def default_provider() -> Value:
    """The identity that the host of the evaluation knows; null, as it knows none here."""
    return None


@function(
    "Identity.From(identityProvider as function, value as any) as record",
    examples=[('Identity.From(IdentityProvider.Default, "ada@example.com")[Value]', '"ada@example.com"')],
)
def identity_from(provider: Function, value: Value) -> Record:
    """The identity that a provider knows under a value."""
    return Record.of({"IdentityProvider": provider, "Value": value})


@function(
    "Identity.IsMemberOf(identity as record, collection as record) as logical",
    examples=[
        ('let I = Identity.From(IdentityProvider.Default, "ada") in Identity.IsMemberOf(I, I)', "true"),
        ('Identity.IsMemberOf(Identity.From(IdentityProvider.Default, "ada"),'
         ' Identity.From(IdentityProvider.Default, {"bob", "ada"}))', "true"),
    ],
)  # fmt: skip
def is_member_of(identity: Record, collection: Record) -> bool:
    """Whether an identity is another one of the same provider, or one of the several that the other is made of."""
    if not equal(identity.plain("IdentityProvider"), collection.plain("IdentityProvider")):
        return False
    member, whole = identity.plain("Value"), collection.plain("Value")
    return equal(member, whole) or (isinstance(whole, List) and any(equal(member, each) for each in whole))


@function(
    "AccessControlEntry.ConditionToIdentities(identityProvider as function, condition as function) as list",
    examples=[
        ('let P = IdentityProvider.Default, A = Identity.From(P, "ada"), B = Identity.From(P, "bob") in'
         ' List.Count(AccessControlEntry.ConditionToIdentities(P, (who) =>'
         ' Identity.IsMemberOf(who, A) or Identity.IsMemberOf(who, B)))', "2"),
    ],
)  # fmt: skip
def condition_to_identities(provider: Function, condition: Function) -> List:
    """The identities of a provider for which a condition is true, as they stand in it. A condition asks with
    Identity.IsMemberOf, and joins what it asks with ``or``; anything else is an error.
    """
    found = _identities(tree_of(condition, _IDENTITY))
    return List([identity for identity in found if equal(identity.plain("IdentityProvider"), provider)])


def _identities(part: Record) -> Iterator[Record]:
    match part.plain("Kind"), part.plain("Operator"):
        case ("Binary", "Or"):
            yield from _identities(record_of(part.get("Left")))
            yield from _identities(record_of(part.get("Right")))
        case ("Invocation", _):
            yield _asked(part)
        case ("Constant", _) if plain(part.get("Value")) is False:
            return
        case _:
            raise _no_list()


def _asked(call: Record) -> Record:
    """The identity that a call of Identity.IsMemberOf asks about."""
    called = record_of(call.get("Function")).plain("Value")
    origin = called.origin if isinstance(called, Function) else None
    if not isinstance(origin, Declaration) or origin is not REGISTRY.functions["Identity.IsMemberOf"]:
        raise _no_list()
    who, collection = (record_of(argument) for argument in call.plain("Arguments"))
    if who is not _IDENTITY or collection.plain("Kind") != "Constant":
        raise _no_list()
    return record_of(collection.get("Value"))


def _no_list() -> MError:
    return MError(
        "Expression.Error",
        "The condition cannot be turned into a list of identities.",
        hint="Use Identity.IsMemberOf of the identity asked about, and 'or'.",
    )
