"""Files that clients send as forms do."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

from headwater.errors import UsageError

__all__ = ["uploaded_file"]


def uploaded_file(content_type: str, body: bytes) -> bytes:
    """The file of a form; a body that is no form is the file itself.

    Raises:
        UsageError: the form has no file.

    >>> form = b'--x\\r\\nContent-Disposition: form-data; name="file"; filename="a.csv"\\r\\n\\r\\na,b\\r\\n--x--\\r\\n'
    >>> uploaded_file("multipart/form-data; boundary=x", form)
    b'a,b'
    """
    if not content_type.lower().startswith("multipart/form-data"):
        return body
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    for part in message.iter_parts() if message.is_multipart() else ():
        content = part.get_payload(decode=True)
        if part.get_param("name", header="content-disposition") == "file" and isinstance(content, bytes):
            return content
    raise UsageError("The form has no file.", hint='Send it as the form\'s "file".')
