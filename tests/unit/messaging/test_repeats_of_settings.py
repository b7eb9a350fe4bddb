"""Which carriers get a part in doubt again."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from simpost.config import load
from simpost.messaging.from_settings import repeats_of

BASE = """
[server]
admin_token = "a-token-for-the-admin"
[store]
secrets_key = "{key}"
[[carriers]]
name = "c"
"""
HTTP = 'type = "http"\nurl = "https://example.com/"\nbody = { to = "{destination}", text = "{text}"'


@pytest.mark.parametrize(
    ("carrier", "is_safe"),
    [
        ('type = "smpp"\nhost = "example.com"\nsystem_id = "s"\npassword = "p"', True),
        ('type = "esim_go"\napi_key = "k"', False),
        ('type = "esim_go"\napi_key = "k"\nrepeat_in_doubt = true', True),
        ('type = "esimfly"\naccess_code = "c"\nsecret_key = "k"', True),
        ('type = "esim_access"\naccess_code = "c"\nsecret_key = "k"', False),
        ('type = "esim_access"\naccess_code = "c"\nsecret_key = "k"\ncredentials = "secret"', True),
        ('type = "twilio"\naccount_sid = "AC1"\nauth_token = "k"\nsource_address = "44"', False),
        ('type = "emnify"\napplication_token = "k"', False),
        ('type = "once"\nusername = "u"\npassword = "k"', False),
        (HTTP + " }", False),
        (HTTP + ', key = "{request_id}" }', True),
        (HTTP + ' }\nrequest_id_header = "Idempotency-Key"', True),
    ],
)
def test_a_carrier_gets_a_part_in_doubt_again_if_it_can_tell_a_repeat(
    tmp_path: Path, carrier: str, is_safe: bool
) -> None:
    file = tmp_path / "simpost.toml"
    file.write_text(BASE.format(key=Fernet.generate_key().decode()) + carrier)
    repeats = repeats_of(load(file))
    assert repeats.unsafe_carriers == (frozenset() if is_safe else {"c"})
