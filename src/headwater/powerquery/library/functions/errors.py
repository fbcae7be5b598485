"""Records that describe errors."""

from __future__ import annotations

from headwater.powerquery.library.declarations import function
from headwater.powerquery.values.core import List, Record, Value


@function(
    "Error.Record(reason as text, optional message as nullable text, optional detail as any, optional parameters as"
    " nullable list, optional errorCode as nullable text) as record",
    examples=[
        ('Error.Record("Custom", "It failed.")[[Reason], [Message]]', '[Reason = "Custom", Message = "It failed."]'),
        ('(try error Error.Record("Custom", "It failed.", 5))[Error][Detail]', "5"),
    ],
)
def error_record(
    reason: str, message: str | None = None, detail: Value = None, parameters: List | None = None,
    error_code: str | None = None,
) -> Record:  # fmt: skip
    """A record that ``error`` raises: reason, message, detail, and the message's parameters."""
    return Record.of(
        {
            "Reason": reason,
            "Message": message,
            "Detail": detail,
            "Message.Format": None if parameters is None else message,
            "Message.Parameters": parameters,
            "ErrorCode": error_code,
        }
    )
