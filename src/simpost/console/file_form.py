"""Reads a form with a file: `multipart/form-data` (RFC 7578), as browsers write it."""

from __future__ import annotations

import asyncio
import re
from email.message import Message
from typing import Final, NamedTuple, TypeAlias

from starlette.requests import Request

from simpost.api.shared.request_body import BodyBudget, read_body

_MAX_FIELDS: Final = 20
_MAX_BOUNDARY: Final = 70
"""RFC 2046, 5.1.1."""
_LARGE: Final = 65_536
"""Octets from which a form is parsed beside the event loop."""
_DISPOSITION: Final = re.compile(
    rb'content-disposition:\s*form-data;\s*name="([^"\r\n]*)"(?:;\s*filename="([^"\r\n]*)")?',
    re.IGNORECASE,
)
_QUOTED: Final = (("%22", '"'), ("%0D", "\r"), ("%0A", "\n"))
"""What browsers write for characters that would end a name (HTML Standard, 4.10.21.8)."""


class SentFile(NamedTuple):
    """A file of a form, with the name that its sender gave."""

    name: str
    octets: bytes


Form: TypeAlias = tuple[dict[str, str] | None, SentFile | None]
"""The fields by name, and the file; without fields it is no form."""


async def read_file_form(request: Request, most_octets: int, budget: BodyBudget) -> Form:
    """The form; without fields if it is not one, or the client is gone.

    Raises BodyTooLarge, BodyTooSlow or BodiesFull.
    """
    body = await read_body(request.receive, most_octets, budget=budget)
    if body is None:
        return None, None
    kind = request.headers.get("content-type", "")
    if len(body) < _LARGE:
        return parse_file_form(body, kind)
    return await asyncio.to_thread(parse_file_form, body, kind)


def parse_file_form(body: bytes, content_type: str) -> Form:
    """The form in a body; without fields if it is not one."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    is_form = header.get_content_type() == "multipart/form-data"
    if not is_form or not boundary or len(boundary) > _MAX_BOUNDARY:
        return None, None
    try:
        return _parse(body, boundary.encode())
    except ValueError:
        return None, None


def _parse(body: bytes, boundary: bytes) -> Form:
    """Raises ValueError."""
    most = _MAX_FIELDS + 1
    first, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary, most + 1)
    if first or not parts or len(parts) > most or not parts[-1].startswith(b"--"):
        raise ValueError
    fields: dict[str, str] = {}
    file: SentFile | None = None
    for part in parts[:-1]:
        head, gap, content = part.partition(b"\r\n\r\n")
        found = _DISPOSITION.search(head)
        if not gap or not found:
            raise ValueError
        if found[2] is None:
            fields[_name(found[1])] = content.decode()
        elif file is None:
            file = SentFile(_name(found[2]), content)
        else:
            raise ValueError
    return fields, file


def _name(octets: bytes) -> str:
    text = octets.decode()
    for quoted, plain in _QUOTED:
        text = text.replace(quoted, plain)
    return text
