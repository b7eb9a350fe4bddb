"""The form of an API key: a prefix, a public id, 256 random bits, a checksum."""

import re

from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.api_keys import (
    SECRET_OCTETS,
    ApiKey,
    KeyScope,
    digest_of,
    format_key,
    format_key_id,
    key_id_of,
)

SECRETS = st.binary(min_size=SECRET_OCTETS, max_size=SECRET_OCTETS)
IDS = st.binary(min_size=16, max_size=16).map(format_key_id)
FORM = re.compile(r"sp_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}")
"""As docs/keys.md gives it to scanners."""


@given(IDS, SECRETS)
def test_a_key_has_the_documented_form_and_its_id_in_it(key_id, secret):
    key = format_key(key_id, secret)
    assert FORM.fullmatch(key)
    assert key_id_of(key) == key_id


@given(IDS, SECRETS, SECRETS)
def test_different_secrets_give_different_keys(key_id, secret, other):
    same = format_key(key_id, secret) == format_key(key_id, other)
    assert same == (secret == other)


@given(IDS, SECRETS, st.data())
def test_a_key_with_another_character_in_it_is_no_key(key_id, secret, data):
    key = format_key(key_id, secret)
    place = data.draw(st.integers(0, len(key) - 1))
    other = data.draw(st.characters().filter(lambda character: character != key[place]))
    assert key_id_of(key[:place] + other + key[place + 1 :]) is None
    assert key_id_of(key[:place]) is None
    assert key_id_of(f"{key}{other}") is None


def test_the_text_of_a_key_object_shows_neither_name_nor_digest():
    key = ApiKey(1, "0123456789", "shop", digest_of("x"), frozenset(KeyScope), 0)
    assert repr(key) == "ApiKey(1, '0123456789')"
