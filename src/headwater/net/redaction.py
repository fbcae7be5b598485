"""Taking secrets out of text that people will read."""

from __future__ import annotations

import re

__all__ = ["redact"]

_SENSITIVE = (
    r"[\w-]*(?:token|secret|password|passwd|pwd|signature|credential|api[_-]?key|access[_-]?key|account[_-]?key)[\w-]*"
    r"|sig|key|code|authorization"
)
#: Each pattern keeps its first group and loses the rest.
_PATTERNS = (
    # the user part of a URL: scheme://user:password@host
    re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^\s/@]+(?=@)", re.IGNORECASE),
    # Authorization values, wherever they stand
    re.compile(r"(\b(?:Bearer|Basic|Digest|SharedAccessSignature)\s+)[A-Za-z0-9._~+/=:-]+", re.IGNORECASE),
    # a query parameter or a key=value pair of a connection string
    re.compile(rf"((?:^|[?&;\s\"'])(?:{_SENSITIVE})=)[^&;\s\"'#]+", re.IGNORECASE),
    # "name": "value" in JSON-like text
    re.compile(rf"([\"'](?:{_SENSITIVE})[\"']\s*:\s*[\"'])[^\"']+", re.IGNORECASE),
    # tokens known by their form: our own, then JSON web tokens, Databricks, GitHub, AWS
    re.compile(r"(\b)hw[tslp]_[\w-]{43}"),
    re.compile(r"(\b)(?:eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|dapi[0-9a-f]{32}(?:-\d)?|gh[pousr]_\w{30,}|AKIA[0-9A-Z]{16})"),
)


def redact(text: str) -> str:
    """``text`` with every secret it is known to be able to hold replaced by ``***``.

    >>> redact("https://ann:hunter2@host/path?sig=abc&page=2")
    'https://***@host/path?sig=***&page=2'
    >>> redact("Authorization: Bearer abc.def failed")
    'Authorization: Bearer *** failed'
    """
    for pattern in _PATTERNS:
        text = pattern.sub(r"\1***", text)
    return text
