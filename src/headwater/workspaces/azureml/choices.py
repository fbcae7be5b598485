"""What there is to choose from: a person's subscriptions, and the workspaces in one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, TypeVar
from urllib.parse import quote

from headwater.errors import UsageError
from headwater.workspaces.azureml.client import ResourceManager
from headwater.workspaces.azureml.configuration import PUBLIC_MANAGEMENT, AzureMLConfiguration, studio_url
from headwater.workspaces.azureml.extract import properties, text
from headwater.workspaces.base import Credential

__all__ = ["SubscriptionChoice", "WorkspaceChoice", "list_subscriptions", "list_workspaces"]

T = TypeVar("T")
_SUBSCRIPTIONS_VERSION = "2022-12-01"
_ID = re.compile(r"[\w-]{1,64}")


@dataclass(frozen=True, slots=True)
class SubscriptionChoice:
    """A subscription that the credential's account sees; ``state`` is Azure's word for whether it is in use."""

    subscription_id: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class WorkspaceChoice:
    """A workspace to register: ``url`` is its address for that, ``studio_url`` its page in the browser."""

    name: str
    display_name: str
    resource_group: str
    location: str
    kind: str
    url: str
    studio_url: str


def list_subscriptions(
    credential: Credential,
    *,
    origin: str = PUBLIC_MANAGEMENT,
    private_networks: Sequence[IPv4Network | IPv6Network] = (),
) -> list[SubscriptionChoice]:
    """The subscriptions that the credential's account sees, by name.

    Raises:
        NetworkError: the management plane does not answer or refuses.
        WorkspaceError: its answer cannot be used.
    """
    with _manager(origin, credential, private_networks) as manager:
        found = manager.all("/subscriptions", "listing of subscriptions", api_version=_SUBSCRIPTIONS_VERSION)
        choices = [_read(manager, _subscription, item) for item in found]
    return sorted(choices, key=lambda choice: (choice.name.casefold(), choice.subscription_id))


def list_workspaces(
    credential: Credential,
    subscription_id: str,
    *,
    origin: str = PUBLIC_MANAGEMENT,
    private_networks: Sequence[IPv4Network | IPv6Network] = (),
) -> list[WorkspaceChoice]:
    """The Azure Machine Learning workspaces of a subscription, by name.

    Raises:
        UsageError: ``subscription_id`` cannot be one.
        NotFoundError: there is no such subscription for that account.
        NetworkError: the management plane does not answer or refuses.
        WorkspaceError: its answer cannot be used.
    """
    if not _ID.fullmatch(subscription_id):
        raise UsageError("A subscription is named by its id.", hint="List the subscriptions, and choose one.")
    path = f"/subscriptions/{quote(subscription_id)}/providers/Microsoft.MachineLearningServices/workspaces"
    with _manager(origin, credential, private_networks) as manager:
        found = manager.all(path, f"subscription '{subscription_id}'")
        choices = [_read(manager, lambda item: _workspace(item, origin), item) for item in found]
    return sorted(choices, key=lambda choice: (choice.display_name.casefold(), choice.url))


@contextmanager
def _manager(
    origin: str, credential: Credential, private_networks: Sequence[IPv4Network | IPv6Network]
) -> Iterator[ResourceManager]:
    manager = ResourceManager(origin, credential, private_networks)
    try:
        yield manager
    finally:
        manager.close()


def _subscription(item: Mapping[str, Any]) -> SubscriptionChoice:
    subscription_id = item["subscriptionId"]
    if not isinstance(subscription_id, str):
        raise TypeError("a subscription's id is a text")
    return SubscriptionChoice(
        subscription_id, text(item.get("displayName")) or subscription_id, text(item.get("state"))
    )


def _workspace(item: Mapping[str, Any], origin: str) -> WorkspaceChoice:
    configuration = AzureMLConfiguration.from_url(origin.rstrip("/") + item["id"])
    return WorkspaceChoice(
        name=configuration.workspace,
        display_name=text(properties(item).get("friendlyName")) or configuration.workspace,
        resource_group=configuration.resource_group,
        location=text(item.get("location")),
        kind=text(item.get("kind")) or "Default",
        url=configuration.url,
        studio_url=studio_url(configuration.origin, configuration.path),
    )


def _read(manager: ResourceManager, reader: Callable[[Mapping[str, Any]], T], item: Mapping[str, Any]) -> T:
    try:
        return reader(item)
    except (KeyError, TypeError, UsageError) as error:
        raise manager.unusable() from error
