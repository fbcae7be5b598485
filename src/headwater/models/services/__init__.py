"""Scoring by services over HTTP: batches of measured size, a bounded window of calls, faults ridden out.

What each answer of a service leads to is in :mod:`~headwater.models.services.verdicts`, how large batches are in
``sizing``, how many calls are under way and when in ``throttle``, the conversation about one batch in ``calls``, and
``scorer`` has the threads that put it together.
"""

from __future__ import annotations

from headwater.models.services.options import ServiceOptions
from headwater.models.services.scorer import ServiceScorer, ServiceState

__all__ = ["ServiceOptions", "ServiceScorer", "ServiceState"]
