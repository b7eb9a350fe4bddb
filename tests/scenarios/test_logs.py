"""No text of a message and no secret reaches what the service writes, whatever happens."""

import httpx2
import pytest

from bench.gateway import Gateway

TEXT = "kumquat marmalade 4711"


@pytest.fixture
def gateway(tmp_path):
    with Gateway(tmp_path, log_level="debug") as running:
        yield running


def test_texts_and_secrets_stay_out_of_the_log(gateway, tmp_path):
    number = gateway.fill(1)[0]
    url = f"{gateway.url}/api/v1/open/esim/sendSms"
    wrong = gateway.credentials | {"RT-SecretKey": "wrong-" + gateway.secret}
    for headers, body in [
        (gateway.credentials, {"esimTranNo": number, "message": TEXT}),
        (wrong, {"esimTranNo": number, "message": TEXT}),
        (gateway.credentials, {"esimTranNo": "1", "message": TEXT}),
        (gateway.credentials, {"esimTranNo": number, "message": TEXT * 40}),
        (gateway.credentials, {"esimTranNo": number, "message": [TEXT]}),
    ]:
        httpx2.post(url, json=body, headers=headers)
    httpx2.post(url, content=b'{"message": "' + TEXT.encode(), headers=gateway.credentials)
    httpx2.post(
        f"{gateway.url}/v1/messages",
        json={"esimTranNo": number, "text": TEXT, "category": TEXT},
        headers=gateway.credentials,
    )
    gateway.cut_off_the_operator()
    httpx2.post(url, json={"esimTranNo": number, "message": TEXT}, headers=gateway.credentials)
    gateway.process.stop()

    log = (tmp_path / "gateway.log").read_text()
    assert "store_opened" in log, "nothing was logged at all"
    for secret in (TEXT, gateway.secret, gateway.password, gateway.token):
        assert secret not in log
