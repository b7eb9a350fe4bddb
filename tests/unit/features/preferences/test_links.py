"""Links in messages: short, and only ours are valid."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.messages import Category
from simpost.features.preferences.links import LinkTarget, OptOutLinks

KEY = Fernet.generate_key().decode()
LINKS = OptOutLinks("https://sms.example.com/", KEY)
REFUSABLE = (Category.PROMOTION, Category.NOTICE, Category.SUPPORT, Category.SERVICE)
TARGET = LinkTarget(1, "23072017992029", Category.PROMOTION)
TARGETS = st.builds(
    LinkTarget,
    st.integers(0, 2**31),
    st.from_regex(r"[!-~]{1,64}", fullmatch=True) | st.from_regex(r"[0-9]{1,64}", fullmatch=True),
    st.sampled_from(REFUSABLE),
)


@given(TARGETS)
def test_a_link_is_read_as_it_was_made(target):
    assert LINKS.parse(LINKS.token_for(target)) == target


def test_a_link_is_short():
    url = LINKS.url_for(1, "23072017992029", Category.PROMOTION)
    assert url.startswith("https://sms.example.com/o/")
    assert len(url) == len("https://sms.example.com/o/") + 24


@given(TARGETS, st.data())
def test_a_link_with_any_other_character_is_not_valid(target, data):
    token = LINKS.token_for(target)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda each: each != token[place]))
    assert LINKS.parse(token[:place] + other + token[place + 1 :]) is None


@given(st.text(max_size=200) | st.from_regex(r"[A-Za-z0-9_=-]{0,150}", fullmatch=True))
def test_any_text_can_be_read(text):
    assert LINKS.parse(text) is None


@pytest.mark.parametrize("change", ["{}=", "{}==", " {}", "{}\n", "{}A", "A{}", "{}/"])
def test_a_longer_token_is_not_valid(change):
    assert LINKS.parse(change.format(LINKS.token_for(TARGET))) is None


def test_a_link_of_another_service_is_not_valid():
    other = OptOutLinks("", Fernet.generate_key().decode())
    assert LINKS.parse(other.token_for(TARGET)) is None


def test_there_is_no_link_for_a_code_or_without_a_public_url():
    assert LINKS.url_for(1, "1", Category.CODE) is None
    assert OptOutLinks("", KEY).url_for(1, "1", Category.PROMOTION) is None
