"""What to scan when a workspace says that something happened."""

from __future__ import annotations

from headwater.catalog.scans.options import ScanOptions
from headwater.workspaces.mlflow.webhooks import RegistryEvent

__all__ = ["events_to_scan"]


def events_to_scan(event: RegistryEvent) -> ScanOptions | None:
    """A look at the model that an event is about; None where it is about none.

    >>> events_to_scan(RegistryEvent("1", "model_version", "created", "churn", "3")).to_json()
    {'kind': 'incremental', 'models': ['churn']}
    """
    if not event.model:
        return None
    return ScanOptions(kind="incremental", models=(event.model,))
