"""A bounded window on a stream of JSON text that counts lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_MARGIN = 32
"""Characters before the end of the buffer in which an error may mean that text is missing."""


class Broken(Exception):
    """The text is not JSON from here on, or ends too early."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class TooLarge(Broken):
    """One value is larger than a row may be."""


class JsonBuffer:
    """Reads values one after another; holds at most one value and one chunk.

    The same text gives the same values, lines and errors however it is cut into chunks.
    """

    def __init__(self, chunks: Iterator[str], max_characters: int) -> None:
        self._chunks = chunks
        self._max = max_characters
        self._text = ""
        self._at = 0
        self._ended = False
        self._decode = json.JSONDecoder(parse_constant=lambda _: None).raw_decode
        self.line = 1

    def peek(self) -> str:
        """The next character that is not space, unread; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            assert found is not None
            self._advance(found.end())
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def expect(self, character: str) -> None:
        found = self.peek()
        if found != character:
            raise Broken(self.line, _unexpected(found, character))
        self._advance(self._at + 1)

    def value(self) -> Any:
        """Read the next value. Raises Broken, or TooLarge; the position is then unchanged."""
        value, end = self._value()
        self._advance(end)
        return value

    def value_if(self, wanted: Callable[[Any], bool]) -> Any:
        """Read the next value if it is wanted; otherwise, or if it is broken, return `None`."""
        try:
            value, end = self._value()
        except Broken:
            return None
        if not wanted(value):
            return None
        self._advance(end)
        return value

    def skip_to_line(self, beginnings: str) -> bool:
        """Go to the next line that begins with one of these; false when there is none."""
        while True:
            end = self._text.find("\n", self._at)
            self._advance(len(self._text) if end < 0 else end + 1)
            if self._at == len(self._text) and not self._more():
                return False
            if end >= 0 and self._text[self._at] in beginnings:
                return True

    def _value(self) -> tuple[Any, int]:
        if not self.peek():
            raise Broken(self.line, "the file ends too early")
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                self._judge(error)
            except (ValueError, RecursionError) as error:
                raise Broken(self.line, f"not readable: {_first_words(error)}") from None
            else:
                if end - self._at > self._max:
                    raise TooLarge(self.line, self._too_large())
                if end < len(self._text) or self._ended:
                    return value, end
            self._more()  # not all there yet; a number at the very end may go on, too

    def _judge(self, error: json.JSONDecodeError) -> None:
        """Return if more text may complete the value; otherwise raise."""
        size = len(self._text) - self._at
        is_open = error.msg.startswith("Unterminated string")
        if not is_open and error.pos - self._at > self._max:
            raise TooLarge(self.line, self._too_large())
        if not is_open and error.pos < len(self._text) - _MARGIN:
            raise Broken(self._line_at(error.pos), f"not JSON: {_said(error)}")
        if size > self._max + _MARGIN:
            raise TooLarge(self.line, self._too_large())
        if self._ended:
            ends = is_open or error.pos >= len(self._text.rstrip())
            reason = "the file ends too early" if ends else f"not JSON: {_said(error)}"
            raise Broken(self._line_at(error.pos), reason)

    def _line_at(self, position: int) -> int:
        return self.line + self._text.count("\n", self._at, position)

    def _too_large(self) -> str:
        return f"larger than {self._max:,} characters"

    def _advance(self, to: int) -> None:
        self.line += self._text.count("\n", self._at, to)
        self._at = to

    def _more(self) -> bool:
        """Read a chunk and drop the text before the position; false at the end."""
        chunk = next(self._chunks, "")
        if not chunk:
            self._ended = True
            return False
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return True


def _unexpected(found: str, wanted: str) -> str:
    if not found:
        return "the file ends too early"
    return f"not JSON: {found!r} where {wanted!r} was expected"


def _said(error: json.JSONDecodeError) -> str:
    return error.msg[:1].lower() + error.msg[1:]


def _first_words(error: Exception) -> str:
    return str(error).partition(":")[0].partition(";")[0]
