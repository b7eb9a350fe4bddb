import pytest
from cryptography.fernet import Fernet

from simpost.errors import StoreError
from simpost.store.secret_box import SecretBox

KEY = Fernet.generate_key().decode()


def test_what_was_sealed_opens_under_its_name():
    assert SecretBox(KEY).open("shop", SecretBox(KEY).close("shop", "sécret\0x")) == "sécret\0x"


def test_another_key_is_one_clear_sentence():
    sealed = SecretBox(KEY).close("shop", "secret")
    with pytest.raises(StoreError, match="seal key is not the one"):
        SecretBox(Fernet.generate_key().decode()).open("shop", sealed)


def test_a_secret_moved_to_another_name_is_refused():
    with pytest.raises(StoreError, match="another name"):
        SecretBox(KEY).open("other", SecretBox(KEY).close("shop", "secret"))


def test_a_changed_seal_is_refused():
    sealed = SecretBox(KEY).close("shop", "secret")
    with pytest.raises(StoreError):
        SecretBox(KEY).open("shop", sealed[:-4] + "AAA=")


@pytest.mark.parametrize("key", ["", "short", "not base64!", "ö" * 44])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(StoreError, match="seal key must be"):
        SecretBox(key)


def test_a_field_is_sealed_deterministically_for_its_name_only():
    seal = SecretBox(Fernet.generate_key().decode())
    one = seal.close_field("7 pin", "4711")
    assert one == seal.close_field("7 pin", "4711")
    assert one != seal.close_field("8 pin", "4711")
    assert "4711" not in one
    assert seal.open_field("7 pin", one) == "4711"
    other = SecretBox(Fernet.generate_key().decode())
    for wrong in (lambda: seal.open_field("8 pin", one), lambda: other.open_field("7 pin", one)):
        with pytest.raises(StoreError, match="cannot be opened"):
            wrong()
    with pytest.raises(StoreError):
        seal.open_field("7 pin", "not base64!")
