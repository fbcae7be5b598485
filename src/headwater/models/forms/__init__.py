"""How batches and answers are written down for a service: from Arrow to a request's body, and back."""

from __future__ import annotations

from headwater.models.forms.base import FormError, LengthError, Request, ServiceForm

__all__ = ["FormError", "LengthError", "Request", "ServiceForm"]
