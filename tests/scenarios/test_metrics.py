"""The metrics of a real process are exactly what happened."""

import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bench.gateway import Gateway
from simpost.observe.metrics import METRICS
from tests.scenarios.plain_http import get, post

PATIENCE_S = 90
MESSAGES = 30
TOKEN = "only-for-the-metrics"


@pytest.fixture
def gateway(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMPOST_SERVER__METRICS_TOKEN", TOKEN)
    with Gateway(tmp_path, log_level="info") as running:
        yield running


def scrape(gateway):
    answer = get(f"{gateway.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    return list(text_string_to_metric_families(answer.text))


def values(gateway):
    """By the name of the sample and its label values, in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in scrape(gateway)
        for sample in family.samples
    }


def wait_for(gateway, *name, count):
    ends = time.monotonic() + PATIENCE_S
    while (found := values(gateway)).get(name) != count:
        assert time.monotonic() < ends, (name, found.get(name))
        time.sleep(0.1)
    return found


def send(gateway, number, text="hello"):
    return post(
        f"{gateway.url}/api/v1/open/esim/sendSms",
        json={"esimTranNo": number, "message": text},
        headers=gateway.credentials,
    ).json()


def test_messages_are_counted_from_the_api_to_the_receipt(gateway):
    number = gateway.fill(1)[0]
    wait_for(gateway, "simpost_connection_state", "simulator", "1", "transceiver", "ready", count=1)
    for _ in range(MESSAGES):
        assert send(gateway, number)["success"]
    assert not send(gateway, "1")["success"]
    ended = ("simpost_parts_final_total", "simulator", "", "delivered")
    found = wait_for(gateway, *ended, count=MESSAGES)
    assert found["simpost_messages_accepted_total", "simulator", "service"] == MESSAGES
    assert found["simpost_messages_refused_total", "esim_unknown"] == 1
    assert found["simpost_attempts_total", "simulator", "accepted", ""] == MESSAGES
    assert found["simpost_receipts_total", "simulator", "delivered"] == MESSAGES
    assert found["simpost_carrier_response_seconds_count", "simulator"] == MESSAGES
    assert found["simpost_http_responses_total", "open", "0", "200"] == MESSAGES
    assert found["simpost_http_responses_total", "open", "310403", "200"] == 1
    assert found["simpost_parts_queued", "simulator"] == 0
    assert found["simpost_parts_leased", "simulator"] == 0
    assert found["simpost_store_commit_failures_total",] == 0
    assert found["simpost_store_commit_seconds_count",] >= 3
    ends = time.monotonic() + PATIENCE_S
    while not values(gateway)["simpost_event_loop_lag_seconds_count",]:  # measured by a timer
        assert time.monotonic() < ends
        time.sleep(0.1)


def test_without_a_carrier_queued_messages_and_the_reason_are_shown(gateway):
    number = gateway.fill(1)[0]
    gateway.cut_off_the_carrier()
    wait_for(gateway, "simpost_carrier_available", "simulator", count=0)
    for _ in range(MESSAGES):
        assert send(gateway, number)["success"]
    found = wait_for(gateway, "simpost_parts_queued", "simulator", count=MESSAGES)
    assert found["simpost_connection_state", "simulator", "1", "transceiver", "ready"] == 0
    older = values(gateway)["simpost_oldest_queued_part_age_seconds", "simulator"]
    assert 0 <= older < 600


def test_every_metric_is_on_the_page_with_its_type(gateway):
    shown = {family.name: family.type for family in scrape(gateway)}
    assert {metric.name.removesuffix("_total") for metric in METRICS} <= shown.keys()
    assert all(shown[each.name.removesuffix("_total")] == each.kind for each in METRICS)
    assert "process_cpu_seconds" in shown
