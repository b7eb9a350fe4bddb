from cryptography.fernet import Fernet

from simpost.store.records.sealed_esims import opened, sealed
from simpost.store.secret_box import SecretBox
from tests.contract.store_facts import esim

SEAL = SecretBox(Fernet.generate_key().decode())


def test_a_row_of_an_earlier_release_is_read_and_sealed_when_saved():
    plain = esim(document={"pin": "4711", "apn": "internet"})
    assert opened(SEAL, plain) == plain
    closed = sealed(SEAL, plain)
    assert closed.document["apn"] == "internet"
    assert "4711" not in str(closed.document)
    assert sealed(SEAL, closed) == closed
    assert opened(SEAL, closed) == plain
