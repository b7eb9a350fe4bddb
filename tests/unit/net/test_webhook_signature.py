"""Signatures of webhooks, against `hmac` of the standard library."""

import base64
import hmac

from hypothesis import given
from hypothesis import strategies as st

from simpost.net.webhook_signature import signed_headers


@given(keys=st.lists(st.binary(min_size=1, max_size=130), min_size=1, max_size=2), body=st.binary())
def test_every_secret_signs_id_time_and_body(keys: list[bytes], body: bytes) -> None:
    """Also secrets of 64 octets and more, which HMAC shortens to their hash."""
    secrets = [f"whsec_{base64.b64encode(key).decode()}" for key in keys]
    right = [hmac.digest(key, b"evt_1.1764460000." + body, "sha256") for key in keys]
    signatures = " ".join(f"v1,{base64.b64encode(each).decode()}" for each in right)
    assert signed_headers("evt_1", 1764460000, body, secrets).decode() == (
        f"webhook-id: evt_1\r\nwebhook-timestamp: 1764460000\r\nwebhook-signature: {signatures}\r\n"
    )
