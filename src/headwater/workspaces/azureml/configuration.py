"""Where an Azure Machine Learning workspace is, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote, urlsplit

from headwater.errors import UsageError
from headwater.net import parse_origin

__all__ = ["PUBLIC_MANAGEMENT", "AzureMLConfiguration", "studio_url"]

#: Azure Resource Manager of the public cloud.
PUBLIC_MANAGEMENT = "https://management.azure.com"
#: The studio of each cloud, and the management origin that belongs to it.
_STUDIOS = {
    "https://ml.azure.com": PUBLIC_MANAGEMENT,
    "https://ml.azure.us": "https://management.usgovcloudapi.net",
    "https://studio.ml.azure.cn": "https://management.chinacloudapi.cn",
}
#: The studio itself leaves the provider out of some of its addresses.
_RESOURCE = re.compile(
    r"/subscriptions/([^/]+)/resourcegroups/([^/]+)(?:/providers/microsoft\.machinelearningservices)?/workspaces/([^/]+)/?",
    re.IGNORECASE,
)
_NAME = re.compile(r"[\w.()-]{1,90}")


@dataclass(frozen=True, slots=True)
class AzureMLConfiguration:
    """An Azure Machine Learning workspace's address.

    Attributes:
        origin: the management plane's, ``https://management.azure.com`` in the public cloud.
        subscription_id: the subscription that the workspace is in.
        resource_group: the resource group in it.
        workspace: the workspace's name.
    """

    origin: str
    subscription_id: str
    resource_group: str
    workspace: str

    @classmethod
    def from_url(cls, url: str) -> AzureMLConfiguration:
        """Take apart a workspace's address: its resource id on the management origin, or its address in the studio.

        Raises:
            UsageError: it is neither.

        >>> home = "/subscriptions/5b2c/resourceGroups/sales"
        >>> resource = home + "/providers/Microsoft.MachineLearningServices/workspaces/ml"
        >>> found = AzureMLConfiguration.from_url("https://ml.azure.com/models?tid=1&wsid=" + resource)
        >>> found == AzureMLConfiguration.from_url("https://management.azure.com" + resource)
        True
        >>> found.resource_group, found.workspace, found.url == "https://management.azure.com" + resource
        ('sales', 'ml', True)
        """
        origin = str(parse_origin(url))
        parts = urlsplit(url.strip())
        path = parts.path
        if origin in _STUDIOS:
            path = parse_qs(parts.query).get("wsid", [""])[0]
            origin = _STUDIOS[origin]
        found = _RESOURCE.fullmatch(path)
        names = [unquote(name) for name in found.groups()] if found else []
        if not found or not all(_NAME.fullmatch(name) and name.strip(".") for name in names):
            raise UsageError(
                "The address is not an Azure Machine Learning workspace's.",
                hint="Choose the workspace from the list, or copy its address from the studio (with wsid=…), "
                f"or give {PUBLIC_MANAGEMENT} with the workspace's resource id.",
            )
        return cls(origin, *names)

    @property
    def path(self) -> str:
        """The workspace's resource id."""
        names = [quote(name) for name in (self.subscription_id, self.resource_group, self.workspace)]
        return (
            f"/subscriptions/{names[0]}/resourceGroups/{names[1]}"
            f"/providers/Microsoft.MachineLearningServices/workspaces/{names[2]}"
        )

    @property
    def url(self) -> str:
        return self.origin + self.path

    @property
    def qualified_name(self) -> str:
        """What the names of all it holds start with: Azure ML's own way, in the one case that its ids are equal in."""
        place = f"{self.subscription_id}/resourcegroups/{self.resource_group}/workspaces/{self.workspace}"
        return f"azureml://subscriptions/{place.lower()}"

    def holds(self, resource: str) -> bool:
        """Whether a workspace's resource id, in any of its spellings, is this workspace's."""
        found = _RESOURCE.fullmatch(resource)
        if found is None:
            # Written by region and the workspace's own number: a workspace names what is in it.
            return resource.lower().startswith("/locations/")
        ours = (self.subscription_id, self.resource_group, self.workspace)
        return [unquote(name).lower() for name in found.groups()] == [name.lower() for name in ours]


def studio_url(origin: str, resource_id: str) -> str:
    """Where people open a workspace in the browser; "" for a cloud whose studio is not known.

    >>> studio_url("https://management.azure.com", "/subscriptions/5b2c/resourceGroups/r/workspaces/w")
    'https://ml.azure.com/?wsid=/subscriptions/5b2c/resourceGroups/r/workspaces/w'
    """
    studio = next((studio for studio, management in _STUDIOS.items() if management == origin), None)
    return f"{studio}/?wsid={quote(resource_id)}" if studio else ""
