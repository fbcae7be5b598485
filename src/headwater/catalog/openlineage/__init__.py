"""OpenLineage that others send: events read, and what they say brought into the catalog."""

from headwater.catalog.openlineage.events import Event, read_event
from headwater.catalog.openlineage.receiving import Receiving
from headwater.catalog.openlineage.runs import JobRun, runs_of

__all__ = ["Event", "JobRun", "Receiving", "read_event", "runs_of"]
