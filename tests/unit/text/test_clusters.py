import pytest
import regex  # type: ignore[import-untyped, unused-ignore]
from hypothesis import assume, given
from hypothesis import strategies as st

from simpost.text.clusters import cut_before

from .strategies import texts


def cut(text: str, end: int, limit: int = 66) -> int:
    return cut_before(text, range(1, len(text) + 1), 0, end, limit)


@pytest.mark.parametrize(
    ("text", "end", "best"),
    [
        ("abcdef", 3, 3),
        ("ab\r\ncd", 3, 2),
        ("ab\r\ncd", 4, 4),
        ("abe\u0301cd", 3, 2),
        ("ab👨‍👩‍👧cd", 4, 2),
        ("ab🇩🇪🇫🇷cd", 3, 2),
        ("ab🇩🇪🇫🇷cd", 4, 4),
        ("ab🇩🇪🇫🇷cd", 5, 4),
        ("xक्षक", 3, 1),
    ],
)
def test_a_cut_moves_back_to_the_border_of_a_cluster(text, end, best):
    assert cut(text, end) == best


def test_a_cluster_larger_than_a_part_is_cut_where_the_part_is_full():
    assert cut("ae" + "\u0301" * 80, 66) == 66


@given(texts, st.data())
def test_the_cut_is_the_last_border_of_the_whole_text(text, data):
    assume(len(text) >= 2)
    end = data.draw(st.integers(1, len(text) - 1))
    borders = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    expected = max(border for border in borders if border <= end)
    assert cut(text, end, limit=10_000) == expected
