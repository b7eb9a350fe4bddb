from __future__ import annotations

import pytest

from simpost.smsc.views import links_in


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("Open https://example.com/a?b=1#c.", ["https://example.com/a?b=1#c"]),
        ("(see HTTP://example.com/) or https://ex.org!", ["HTTP://example.com/", "https://ex.org"]),
        ("<https://example.com/x>", ["https://example.com/x"]),
        ("見て https://例え.jp/道。", ["https://例え.jp/道"]),
        ("ftp://example.com example.com", []),
    ],
)
def test_links_end_before_the_punctuation_of_the_sentence(text: str, links: list[str]) -> None:
    assert links_in(text) == links
