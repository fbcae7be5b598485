"""The one guarded way out: an HTTP client bound to an origin, which addresses it may reach, and redaction."""

from headwater.net.client import Answer, HttpClient
from headwater.net.origins import Origin, parse_origin
from headwater.net.redaction import redact

__all__ = ["Answer", "HttpClient", "Origin", "parse_origin", "redact"]
