"""No text of a message and no secret is in the log, whatever happens."""

import json

import pytest

from bench.gateway import Gateway
from tests.integration.cluster.cluster import until
from tests.scenarios.plain_http import post

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
        post(url, json=body, headers=headers)
    post(url, content=b'{"message": "' + TEXT.encode(), headers=gateway.credentials)
    post(
        f"{gateway.url}/v1/messages",
        json={"esimTranNo": number, "text": TEXT, "category": TEXT},
        headers=gateway.credentials,
    )
    gateway.cut_off_the_carrier()
    post(url, json={"esimTranNo": number, "message": TEXT}, headers=gateway.credentials)
    gateway.process.stop()

    log = (tmp_path / "gateway.log").read_text()
    assert "store_opened" in log, "nothing was logged at all"
    assert "message_refused" in log
    number_of_the_phone = f"66{number[-10:]}"
    for secret in (TEXT, gateway.secret, gateway.password, gateway.token, number_of_the_phone):
        assert secret not in log


def test_a_message_can_be_followed_by_its_id(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMPOST_LOG__FORMAT", "json")
    with Gateway(tmp_path, log_level="debug") as gateway:
        number = gateway.fill(1)[0]
        url = f"{gateway.url}/api/v1/open/esim/sendSms"
        body = {"esimTranNo": number, "message": TEXT}
        sent = post(url, json=body, headers=gateway.credentials)
        message_id = sent.headers["rt-messageid"]
        told = until(lambda: "receipt" in (found := followed(tmp_path, message_id)) and found)
    assert told["attempt"]["outcome"] == "accepted"
    assert told["receipt"]["state"] == "delivered"
    assert told["receipt"]["carrier_message_id"] == told["attempt"]["carrier_message_id"]


def followed(folder, message_id):
    """The lines that name a message, by their event."""
    found = {}
    for line in (folder / "gateway.log").read_text().splitlines():
        if line.startswith("{") and line.endswith("}"):
            facts = json.loads(line)
            if facts.get("message_id") == message_id:
                found[facts["event"]] = facts
    return found
