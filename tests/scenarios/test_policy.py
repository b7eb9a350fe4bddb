"""Policy through the compatible API of a running process, and the texts on the handset."""

import json
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from bench.gateway import Gateway

PATIENCE_S = 90


@pytest.fixture
def gateway(tmp_path):
    """Notices may arrive all day, promotions during one hour that is 12 hours away."""
    opens = datetime.now(UTC).replace(minute=0) + timedelta(hours=12)
    local = opens + timedelta(hours=7)  # the eSIM is one of Thailand
    hours = f"{local:%H}:00-{local:%H}:59"
    more = (
        '[[open_hours]]\ncountries = ["TH"]\ncategories = ["notice"]\nhours = ["00:00-24:00"]\n'
        f'[[open_hours]]\ncountries = ["TH"]\ncategories = ["promotion"]\nhours = ["{hours}"]\n'
    )
    with Gateway(tmp_path, more=more) as running:
        running.opens = opens.replace(second=0, microsecond=0)
        yield running


def send(gateway, esim, text, category):
    request = urllib.request.Request(
        f"{gateway.url}/api/v1/open/esim/sendSms",
        data=json.dumps({"esimTranNo": esim, "message": text}).encode(),
        headers={**gateway.credentials, "RT-Category": category},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer), answer.headers


def texts(gateway, count):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        shown = [
            message["text"]
            for handset in gateway.smsc("handsets?limit=1000")
            for message in gateway.smsc(f"handsets/{handset['number']}")["messages"]
        ]
        if len(shown) >= count:
            return shown
        assert time.monotonic() < deadline, shown
        time.sleep(0.1)


def test_a_promotion_at_night_is_held_and_a_notice_too_many_is_refused(gateway):
    (esim,) = gateway.fill(1)

    answer, headers = send(gateway, esim, "an offer", "promotion")
    assert answer["success"]
    assert headers["RT-Reason"] == "quiet_hours"
    until = datetime.fromisoformat(headers["RT-Held-Until"])
    assert timedelta() <= until - gateway.opens <= timedelta(minutes=10)
    held = gateway.ask(f"/v1/messages/{headers['RT-MessageID']}")
    assert (held["state"], held["reason"]["code"]) == ("held", "quiet_hours")
    assert held["parts"] == []

    for number in range(5):
        answer, headers = send(gateway, esim, f"notice {number}", "notice")
        assert answer["success"], answer
        assert "RT-Held-Until" not in headers
    answer, headers = send(gateway, esim, "notice 5", "notice")
    assert (answer["success"], answer["errorCode"]) == (False, "200002")
    assert headers["RT-Reason"] == "cap_reached"

    answer, _ = send(gateway, esim, "your code is 123456", "code")
    assert answer["success"]
    assert sorted(texts(gateway, 6)) == [
        *(f"notice {number}" for number in range(5)),
        "your code is 123456",
    ]


def test_an_unknown_category_is_refused_and_names_the_known_ones(gateway):
    (esim,) = gateway.fill(1)
    answer, _ = send(gateway, esim, "hello", "advert")
    assert not answer["success"]
    assert answer["errorMsg"].endswith("code, service, support, notice, promotion")
