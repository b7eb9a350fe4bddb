"""Finds the line of each key of a TOML file: tomllib gives values without positions.

Only for text that tomllib has parsed. An error about a value names its line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    r'''
    (?P<text>   """(?:[^\\]|\\.)*?"{3,5} | \'\'\'.*?\'{3,5} | "(?:[^"\\\n]|\\.)*" | '[^'\n]*' )
  | (?P<skip>   [ \t\r]+ | \#[^\n]* )
  | (?P<mark>   [\n\[\]{},=.] )
  | (?P<word>   [^\s\[\]{},=."'\#]+ )
    ''',
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, from 1, of every key, table and element of a valid TOML text."""
    return _LineReader(text).read()


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """The line of a key, or of the nearest enclosing table if the key is absent."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _LineReader:
    def __init__(self, text: str) -> None:
        self._lines: dict[KeyPath, int] = {}
        self._counts: dict[KeyPath, int] = {}
        self._tokens = [*_tokens(text), _Token("mark", "\n", 0), _Token("end", "", 0)]
        self._at = 0

    def read(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while (token := self._next()).kind != "end":
            if token.text == "\n" and token.kind == "mark":
                continue
            if token.text == "[" and token.kind == "mark":
                table = self._header(token.line)
            else:
                self._at -= 1
                self._pair(table)
        return self._lines

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _sees(self, mark: str) -> bool:
        token = self._tokens[self._at]
        return token.kind == "mark" and token.text == mark

    def _header(self, line: int) -> KeyPath:
        """`[a.b]` or `[[a.b]]`, with the first bracket read."""
        is_array = self._sees("[")
        self._at += is_array
        keys = self._key()
        self._at += 1 + is_array
        if is_array:
            path = self._element(self._inside_arrays(keys[:-1]) + keys[-1:])
        else:
            path = self._inside_arrays(keys)
        self._lines.setdefault(path[:1], line)
        self._lines.setdefault(path, line)
        return path

    def _inside_arrays(self, keys: KeyPath) -> KeyPath:
        """The path of a header: it means the last element of each array of tables in it."""
        path: KeyPath = ()
        for key in keys:
            path = (*path, key)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _element(self, array: KeyPath) -> KeyPath:
        index = self._counts.get(array, 0)
        self._counts[array] = index + 1
        return (*array, index)

    def _key(self) -> KeyPath:
        """A dotted key; a bare word such as `1.5` never occurs here."""
        keys = [_plain(self._next())]
        while self._sees("."):
            self._at += 1
            keys.append(_plain(self._next()))
        return tuple(keys)

    def _pair(self, table: KeyPath) -> None:
        line = self._tokens[self._at].line
        path = table
        for key in self._key():
            path = (*path, key)
            self._lines.setdefault(path, line)
        self._at += 1  # the equals sign
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        """One value; its end is the first comma, bracket or line end after it."""
        self._lines.setdefault(path, self._tokens[self._at].line)
        if self._sees("["):
            self._list(path)
        elif self._sees("{"):
            self._table(path)
        else:
            while not any(self._sees(mark) for mark in "\n,]}"):
                self._at += 1

    def _list(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        while not self._sees("]"):
            if self._sees("\n") or self._sees(","):
                self._at += 1
                continue
            self._value((*path, index))
            index += 1
        self._at += 1

    def _table(self, path: KeyPath) -> None:
        self._at += 1
        while not self._sees("}"):
            if self._sees("\n") or self._sees(","):
                self._at += 1
                continue
            self._pair(path)
        self._at += 1


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "skip":
            yield _Token(kind, match[0], line)
        line += match[0].count("\n")


def _plain(token: _Token) -> str:
    if token.kind == "text":
        return str(tomllib.loads(f"key = {token.text}")["key"])
    return token.text
