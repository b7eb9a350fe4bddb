import pytest

from simpost.text import LOOK_ALIKES
from simpost.text.alphabet import septets_of

GSM = septets_of(0, 0).singles | septets_of(0, 0).pairs


@pytest.mark.parametrize(("char", "spelling"), LOOK_ALIKES.items(), ids=ascii)
def test_a_look_alike_is_gsm_for_something_that_is_not(char, spelling):
    assert char not in GSM
    assert set(spelling) <= GSM


def test_the_usual_culprits_have_a_look_alike():
    assert "".join(LOOK_ALIKES[char] for char in "‘’“”–—…\u00a0\u200b") == "''\"\"--... "


def test_no_letter_loses_its_accent():
    assert not LOOK_ALIKES.keys() & set("áâãçêíóôõúāćčđęğıłńřśşšžőű")
