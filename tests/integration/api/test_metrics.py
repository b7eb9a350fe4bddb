"""/metrics shows what happened, to who may see it, and nothing that names a person."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simpost.errors import StoreError

from .conftest import GOOD

METRICS_TOKEN = "only-for-the-metrics"
TEXT = "kumquat marmalade"


@pytest.fixture
def settings():
    return {"metrics_token": METRICS_TOKEN}


async def scraped(service, token=METRICS_TOKEN):
    """Values by the name of the sample and its label values, in the order of their names."""
    answer = await service.client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize("token", ["", "wrong", METRICS_TOKEN + "x"])
async def test_metrics_need_a_token(service, token):
    answer = await service.client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_without_a_metrics_token_the_admin_token_is_accepted(serve):
    service = await serve()
    empty = await service.client.get("/metrics", headers={"Authorization": "Bearer "})
    assert empty.status_code == 401
    assert ("simpost_build_info", "0") in await scraped(service, "admin-token")


async def test_the_metrics_token_opens_nothing_else(service):
    headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
    answer = await service.client.get("/v1/admin/carriers", headers=headers)
    assert answer.status_code == 401


async def test_what_was_accepted_and_refused_is_counted(service):
    for _ in range(3):
        await service.send(TEXT)
    await service.send(TEXT, number="26010100000002")
    await service.send(TEXT, number="99")
    await service.send("")
    await service.native("POST", "messages", json={"esimTranNo": GOOD, "text": TEXT})
    await service.native("GET", "nowhere")
    found = await scraped(service)
    assert found["simpost_messages_accepted_total", "down", "service"] == 4
    assert found["simpost_messages_refused_total", "sms_not_supported"] == 1
    assert found["simpost_messages_refused_total", "esim_unknown"] == 1
    assert found["simpost_http_responses_total", "open", "0", "200"] == 3
    assert found["simpost_http_responses_total", "open", "200002", "200"] == 1
    assert found["simpost_http_responses_total", "open", "000106", "200"] == 1
    assert found["simpost_http_responses_total", "native", "", "202"] == 1
    assert found["simpost_http_responses_total", "native", "", "404"] == 1
    assert found["simpost_http_response_seconds_count", "open"] == 6


async def test_a_repeated_request_is_not_counted_twice(service):
    for _ in range(2):
        await service.send(TEXT, RT_RequestID="same")
    found = await scraped(service)
    assert found["simpost_messages_accepted_total", "down", "service"] == 1


async def test_queued_parts_are_shown_by_carrier(service):
    empty = await scraped(service)
    assert empty["simpost_parts_queued", "down"] == 0
    assert empty["simpost_oldest_queued_part_age_seconds", "down"] == 0
    await service.send(TEXT * 12)
    found = await scraped(service)
    assert found["simpost_parts_queued", "down"] == 2


async def test_a_carrier_and_its_binds_are_shown(service):
    found = await scraped(service)
    bind = ("down", "1", "transceiver")
    assert found["simpost_carrier_available", "down"] == 0
    assert found["simpost_connection_state", *bind, "lost"] == 1
    assert found["simpost_connection_state", *bind, "ready"] == 0
    assert found["simpost_connection_max_unanswered_parts", *bind] == 10
    assert found["simpost_connection_unanswered_parts", *bind] == 0


async def test_other_metrics_are_shown_while_the_store_does_not_answer(service, monkeypatch):
    async def fail():
        raise StoreError

    monkeypatch.setattr(service.store.health, "queues", fail)
    found = await scraped(service)
    assert ("simpost_parts_queued", "down") not in found
    assert found["simpost_parts_leased", "down"] == 0


async def test_no_text_number_or_id_is_shown(service):
    sent = await service.send(TEXT, RT_RequestID="request-4711")
    answer = await service.client.get(
        "/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}
    )
    private = (TEXT, GOOD, f"8988{GOOD}", "66810000001", "request-4711", "demo")
    for each in (*private, sent.headers["rt-messageid"]):
        assert each not in answer.text
