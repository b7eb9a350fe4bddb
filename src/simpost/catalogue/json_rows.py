"""Rows of JSON files: responses of an upstream, arrays, one object per line, or a mixture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simpost.catalogue.json_buffer import Broken, JsonBuffer
from simpost.catalogue.rows import Kind, Row, RowError


def json_rows(text: Iterator[str], kind: Kind, max_characters: int) -> Iterator[Row | RowError]:
    """Read the rows of all values in the text."""
    return _Reader(JsonBuffer(text, max_characters), kind).read()


_ANSWER_KEYS = frozenset({"success", "obj", "errorCode"})
_TELLING = frozenset({"success", "errorCode", "errorMsg"}).union(*(kind.value for kind in Kind))


class _Reader:
    def __init__(self, buffer: JsonBuffer, kind: Kind) -> None:
        self._buffer = buffer
        self._kind = kind
        self._found_list = False

    def read(self) -> Iterator[Row | RowError]:
        while character := self._buffer.peek():
            self._found_list = character == "["
            try:
                if character == "[":
                    yield from self._elements(may_hold_answers=True)
                else:
                    yield from self._row_or_answer()
            except Broken as broken:
                # The next row can be found after a line end, but not within a list.
                yield RowError(broken.line, broken.reason, stops=self._found_list)
                if self._found_list or not self._buffer.skip_to_line("{["):
                    return

    def _elements(self, *, may_hold_answers: bool) -> Iterator[Row | RowError]:
        self._buffer.expect("[")
        if self._buffer.peek() == "]":
            self._buffer.expect("]")
            return
        while True:
            if may_hold_answers and self._buffer.peek() == "{":
                yield from self._row_or_answer()
            else:
                self._buffer.peek()
                line = self._buffer.line
                yield Row(line, self._buffer.value())
            if self._buffer.peek() == "]":
                self._buffer.expect("]")
                return
            self._buffer.expect(",")

    def _row_or_answer(self) -> Iterator[Row | RowError]:
        """An object: a row if it is complete and has no list of rows; otherwise its rows."""
        line = self._buffer.line
        is_object = self._buffer.peek() == "{"
        row = self._buffer.value_if(self._is_row) if is_object else None
        if row is not None:
            yield Row(line, row)
            return
        said: dict[str, Any] = {}
        yield from self._walk(said, is_inner=False)
        if self._kind.list_name not in said:
            yield RowError(line, self._why_empty(said))

    def _walk(self, said: dict[str, Any], *, is_inner: bool) -> Iterator[Row | RowError]:
        """The rows of an upstream's response; its other fields are added to `said`."""
        buffer = self._buffer
        buffer.expect("{")
        while buffer.peek() != "}":
            key = buffer.value()
            buffer.expect(":")
            character = buffer.peek()
            if key == self._kind.list_name and character == "[":
                self._found_list = True
                said[key] = ...
                yield from self._elements(may_hold_answers=False)
            elif key == "obj" and character == "{" and not is_inner:
                yield from self._walk(said, is_inner=True)
            else:
                value = buffer.value()
                if key in _TELLING:
                    said[key] = value
            if buffer.peek() != "}":
                buffer.expect(",")
        buffer.expect("}")

    def _is_row(self, value: dict[str, Any]) -> bool:
        """Whether the object is a row and not a response with a list of rows."""
        return self._kind.list_name not in value and not _ANSWER_KEYS & value.keys()

    def _why_empty(self, said: dict[str, Any]) -> str:
        if said.get("success") in (False, "false"):
            error = f"{said.get('errorCode')} {said.get('errorMsg')}"
            return f"the upstream's answer is an error: {error[:200]}"
        for other in Kind:
            if other.list_name in said:
                return f"holds {other.list_name} where {self._kind.list_name} is wanted"
        if self._kind.key in said:
            return "larger than any row can be"
        return f"holds no {self._kind.list_name}"
