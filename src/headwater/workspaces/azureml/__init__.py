"""The connector to Azure Machine Learning workspaces, by Azure Resource Manager's REST interface."""

from headwater.workspaces.azureml.choices import (
    SubscriptionChoice,
    WorkspaceChoice,
    list_subscriptions,
    list_workspaces,
)
from headwater.workspaces.azureml.configuration import AzureMLConfiguration
from headwater.workspaces.azureml.connector import AzureMLConnector

__all__ = [
    "AzureMLConfiguration",
    "AzureMLConnector",
    "SubscriptionChoice",
    "WorkspaceChoice",
    "list_subscriptions",
    "list_workspaces",
]
