"""The body of a response as a tree, and values at paths in it."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import Any, Final
from xml.etree import ElementTree as ET

import msgspec

_MAX_VALUE: Final = 255
_MAX_CODE: Final = 64


def read_json(body: bytes) -> Any:
    """The JSON of a body, with or without a byte order mark; `None` if it is none."""
    try:
        return msgspec.json.decode(body.removeprefix(BOM_UTF8))
    except (ValueError, RecursionError):  # of UTF-8, too
        return None


def read_xml(body: bytes) -> Any:
    """What is in the root of a body: an element is its text, or a table of its elements.

    Of elements with the same name it is the first.
    `None` if it is no XML, or declares a document type: entities make a small body large.
    """
    if b"<!DOCTYPE" in body.upper() or b"\0" in body:
        return None
    try:
        root = ET.fromstring(body)  # noqa: S314  without entities, and bounded in size
    except (ET.ParseError, ValueError, LookupError):
        return None
    return _tree(root, 20)


def find(document: Any, path: str) -> Any:
    """What is at a path of keys and list positions; `None` if nothing is, or the path is empty."""
    if not path:
        return None
    found = document
    for step in path.split("."):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def text_at(document: Any, path: str) -> str:
    """The text, number or boolean at a path; empty if there is none, or no store could keep it.

    That is one of more than 255 characters, or with a NUL, which PostgreSQL does not accept.
    """
    value = find(document, path)
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int):
        return ""
    text = str(value)
    return text if len(text) <= _MAX_VALUE and "\0" not in text else ""


def id_at(document: Any, path: str) -> str:
    """The text or whole number at a path; empty if there is none or it is too long."""
    return "" if isinstance(find(document, path), bool) else text_at(document, path)


def code_of(text: str) -> str:
    """An error code as it is kept: printable, of bounded length, without spaces."""
    return text if len(text) <= _MAX_CODE and text.isprintable() and " " not in text else ""


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _tree(element: ET.Element, most_levels: int) -> Any:
    if not len(element) or not most_levels:
        return (element.text or "").strip()
    found: dict[str, Any] = {}
    for each in element:
        found.setdefault(_name(each), _tree(each, most_levels - 1))
    return found
