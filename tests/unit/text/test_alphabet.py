import pytest

from simpost.text.alphabet import septets_of

from .strategies import ENCODINGS


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_patterns_match_what_the_sets_hold(encoding):
    alphabet = septets_of(encoding.locking, encoding.single)
    one, two = "".join(alphabet.singles), "".join(alphabet.pairs)
    assert alphabet.only_singles.fullmatch(one)
    assert alphabet.only_known.fullmatch(one + two)
    assert not any(alphabet.only_singles.fullmatch(char) for char in two)
    assert not alphabet.only_known.fullmatch("你")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_character_takes_two_septets_where_one_is_enough(encoding):
    alphabet = septets_of(encoding.locking, encoding.single)
    assert not alphabet.singles & alphabet.pairs
    assert all(len(alphabet.septets[ord(char)]) == 1 for char in alphabet.singles)
    assert all(len(alphabet.septets[ord(char)]) == 2 for char in alphabet.pairs)
    assert alphabet.septets.keys() == {ord(char) for char in alphabet.singles | alphabet.pairs}


def test_the_default_alphabet_has_127_characters_and_ten_more_by_escape():
    alphabet = septets_of(0, 0)
    assert len(alphabet.singles) == 127
    assert alphabet.pairs == set("\f^{}\\[~]|€")
