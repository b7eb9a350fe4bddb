"""Errors of a text, raised as refusals of the caller's request.

No message quotes the text: it may hold a one-time code.
"""

from __future__ import annotations

from simpost.errors import InvalidRequest


class TextError(InvalidRequest):
    """The text cannot be sent as requested."""


class TooManyParts(TextError):
    """The text needs more parts than allowed.

    Attributes:
        parts: how many parts the cheapest allowed encoding needs, exactly.
        limit: how many were allowed.
    """

    def __init__(self, parts: int, limit: int) -> None:
        super().__init__(f"The text needs {parts} parts and at most {limit} are allowed.")
        self.parts = parts
        self.limit = limit


class Unencodable(TextError):
    """A character is not in the alphabet of the encoding.

    Attributes:
        position: index of the character in the text, from 0.
        encoding: label of the encoding that does not have it.
    """

    def __init__(self, position: int, encoding: str) -> None:
        super().__init__(f"The character at index {position} cannot be encoded in {encoding}.")
        self.position = position
        self.encoding = encoding
