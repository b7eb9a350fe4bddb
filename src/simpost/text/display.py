"""Makes foreign text safe to print: no control character in it reaches a terminal."""

from __future__ import annotations

import json
import re
from typing import Any, Final

_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufeff\ufff0-\ufffb\ufffe\uffff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def visible(text: str) -> str:
    r"""The text with every control character written as an escape, such as `\x1b`.

    These are the C0 and C1 controls, line and paragraph separators, invisible formatting (bidi
    overrides, zero width space) and lone surrogates. Joiners (ZWJ, ZWNJ) stay: emoji and Persian
    need them.
    """
    return _CONTROL.sub(_escape, text)


def visible_lines(text: str) -> str:
    """Like `visible`, for a text of several lines; its line breaks stay."""
    return "\n".join(map(visible, text.split("\n")))


def visible_json(document: Any) -> str:
    """JSON with every control character escaped, also those that JSON allows unescaped."""
    return escape_json(json.dumps(document, ensure_ascii=False))


def escape_json(encoded: str) -> str:
    """Like `visible`, for JSON on one line: it parses to the same strings."""
    return _CONTROL.sub(_json_escape, encoded)


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def _json_escape(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1]
