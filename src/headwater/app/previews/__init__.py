"""Previews of dataflows that are being edited: rows of a step, and what its columns hold."""

from headwater.app.previews.evaluating import PreviewColumn, PreviewPage, PreviewSummary
from headwater.app.previews.pool import PreviewLimits
from headwater.app.previews.profile import ColumnProfile
from headwater.app.previews.service import OpenPreview, PreviewRequest, Previews

__all__ = [
    "ColumnProfile",
    "OpenPreview",
    "PreviewColumn",
    "PreviewLimits",
    "PreviewPage",
    "PreviewRequest",
    "PreviewSummary",
    "Previews",
]
