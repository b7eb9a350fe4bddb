"""Lifecycle events by API and from suppliers: committed, then answered; nothing twice, or lost."""

import asyncio
import hashlib
import hmac
import json

import pytest

from tests.integration.api.conftest import GOOD, NOW_MS, esim

ICCID = f"8988{GOOD}"
UNKNOWN = "8944538532008160222"
EVENTS = f"esims/{GOOD}/events"


async def report(service, path=EVENTS, *, account="demo", **body):
    return await service.native("POST", path, account=account, json=body)


async def history(service, **query):
    answer = await service.native("GET", EVENTS, params=query)
    assert answer.status_code == 200
    return answer.json()


async def add_source(service, **fields):
    answer = await report(service, "lifecycle/sources", **{"kind": "esimgo"} | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def deliver(service, url, body, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await service.client.post(url, content=content, headers=headers)


def attached(iccid=ICCID):
    return {"alertType": "FirstAttachment", "iccid": iccid}


async def errors(service):
    return (await service.native("GET", "lifecycle/errors")).json()["errors"]


async def parked(service):
    return (await service.native("GET", "lifecycle/sources")).json()["parkedEvents"]


async def test_an_event_of_the_account_is_in_facts_and_history(service):
    answer = await report(service, kind="country_changed", country="FR", at="2025-12-31T10:00:00Z")
    assert answer.json() == {
        "esimTranNo": GOOD,
        "outcome": "applied",
        "transitions": ["country_changed"],
    }
    facts = (await service.native("GET", f"esims/{GOOD}")).json()
    assert (facts["country"], facts["countryAt"]) == ("FR", "2025-12-31T10:00:00.000Z")
    assert facts["installedAt"] is None
    [shown] = (await history(service))["events"]
    assert (shown["kind"], shown["source"], shown["outcome"]) == (
        "country_changed",
        "api",
        "applied",
    )


async def test_the_same_event_again_is_a_duplicate(service):
    for outcome in ("applied", "duplicate"):
        assert (await report(service, kind="installed")).json()["outcome"] == outcome
    for outcome in ("applied", "duplicate"):
        answer = await report(service, kind="enabled", id="e-1", at="2026-01-01T00:00:09Z")
        assert answer.json()["outcome"] == outcome


async def test_the_history_is_read_in_pages(service):
    for percent in (10, 20, 30):
        await report(service, kind="usage_threshold", usedPercent=percent)
    first = await history(service, limit=2)
    assert [each["usedPercent"] for each in first["events"]] == [30, 20]
    rest = await history(service, limit=2, cursor=first["next"])
    assert [each["usedPercent"] for each in rest["events"]] == [10]
    assert rest["next"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "unheard"},
        {"kind": "country_changed"},
        {"kind": "country_changed", "country": "France"},
        {"kind": "test"},
        {"kind": "installed", "at": 1},
        {"kind": "usage_threshold", "usedPercent": 101},
    ],
)
async def test_an_event_that_is_none_is_refused(service, body):
    assert (await report(service, **body)).status_code == 422
    assert (await history(service))["events"] == []


async def test_an_event_of_an_unknown_esim_is_404(service):
    assert (await report(service, "esims/none/events", kind="installed")).status_code == 404


async def test_many_events_are_reported_at_once(service):
    rows = [
        {"esimTranNo": GOOD, "kind": "installed"},
        {"iccid": ICCID, "kind": "enabled"},
        {"iccid": UNKNOWN, "kind": "installed"},
        {"orderNo": "ORD5", "kind": "order_ready"},
    ]
    results = (await report(service, "lifecycle/events", rows=rows)).json()["results"]
    assert [each["outcome"] for each in results] == [
        "applied",
        "applied",
        "parked",
        "applied",
        "applied",
    ]
    nameless = await report(service, "lifecycle/events", rows=[{"kind": "installed"}])
    assert nameless.status_code == 422


async def test_a_delivery_is_committed_and_answered(service):
    url = (await add_source(service))["url"]
    answer = await deliver(service, url, attached())
    assert (answer.status_code, answer.json()) == (200, {"events": 1, "new": 1})
    assert (await deliver(service, url, attached())).json() == {"events": 1, "new": 0}
    facts = (await service.native("GET", f"esims/{GOOD}")).json()
    assert facts["attachedAt"] is not None
    [source] = (await service.native("GET", "lifecycle/sources")).json()["sources"]
    assert source["lastEventAt"] is not None
    assert "url" not in source


async def test_ten_deliveries_at_once_change_once(service):
    url = (await add_source(service))["url"]
    answers = await asyncio.gather(*(deliver(service, url, attached()) for _ in range(10)))
    assert sorted(each.json()["new"] for each in answers) == [0] * 9 + [1]
    assert len((await history(service))["events"]) == 1


async def test_only_a_signed_delivery_is_read_where_a_secret_is_set(service):
    url = (await add_source(service, secret="key"))["url"]
    body = json.dumps(attached()).encode()
    right = hmac.new(b"key", body, hashlib.sha256).hexdigest()
    wrong = hmac.new(b"other", body, hashlib.sha256).hexdigest()
    for given in ({}, {"X-Signature-SHA256": wrong}, {"X-Signature-SHA256": "?"}):
        answer = await deliver(service, url, body, **given)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert (await history(service))["events"] == []
    signed = await deliver(service, url, body, **{"X-Signature-SHA256": right.upper()})
    assert signed.json() == {"events": 1, "new": 1}
    changed = await deliver(service, url, body + b" ", **{"X-Signature-SHA256": right})
    assert changed.status_code == 401


async def test_an_unknown_token_and_a_deleted_source_are_404(service):
    source = await add_source(service)
    url = source["url"]
    for wrong in (
        url[:-1],
        url + "/",
        url.replace("esimgo", "esimfly"),
        "/lifecycle/",
        "/lifecycle",
    ):
        assert (await deliver(service, wrong, attached())).status_code == 404, wrong
    assert (
        await service.native("DELETE", f"lifecycle/sources/{source['id']}", account="other")
    ).status_code == 404
    await service.native("DELETE", f"lifecycle/sources/{source['id']}")
    assert (await deliver(service, url, attached())).status_code == 404


async def test_a_disabled_accounts_source_is_unknown(service):
    url = (await add_source(service))["url"]
    await service.operate("PATCH", "accounts/demo", json={"enabled": False})
    assert (await deliver(service, url, attached())).status_code == 404


async def test_a_source_may_have_a_list_of_addresses(service):
    far = (await add_source(service, allowedIps=["192.0.2.0/24"]))["url"]
    near = (await add_source(service, allowedIps=["127.0.0.0/8"]))["url"]
    assert (await deliver(service, far, attached())).status_code == 403
    assert (await deliver(service, near, attached())).status_code == 200


async def test_a_url_may_be_tried_with_head(service):
    url = (await add_source(service, kind="airalo"))["url"]
    assert (await service.client.head(url)).status_code == 200
    assert (await service.client.get(url)).status_code == 405


async def test_a_test_post_stores_nothing_but_its_time(service):
    url = (await add_source(service, kind="esimaccess"))["url"]
    body = {"notifyType": "CHECK_HEALTH", "content": {"orderNo": "1234567890"}}
    assert (await deliver(service, url, body)).json() == {"events": 0, "new": 0}
    [source] = (await service.native("GET", "lifecycle/sources")).json()["sources"]
    assert source["lastTestAt"] is not None
    assert source["lastEventAt"] is None
    assert await parked(service) == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"[" * 40 + b"]" * 40, "more than 32 levels"),
        (b'{"alertType":"FirstAttachment"}', "names no eSIM"),
        (b'{"alertType":"FirstUse","iccid":8944538532008160000}', "cannot have all its digits"),
        (b'{"alertType":"FirstUse","iccid":8.94453853200816e18}', "cannot have all its digits"),
        (b'{"alertType":"FirstUse","iccid":"8.94453853200816E+18"}', "cannot have all its digits"),
        (b'{"alertType":"FirstUse","iccid":"123"}', "18 to 20 digits"),
    ],
)
async def test_what_cannot_be_read_is_refused_and_kept(service, body, reason):
    url = (await add_source(service))["url"]
    for _ in range(2):
        answer = await deliver(service, url, body)
        assert answer.status_code == 422
        assert answer.json()["code"] == "not_understood"
        assert reason in answer.json()["detail"]
    [kept] = await errors(service)
    assert reason in kept["reason"]
    assert kept["body"] == body.decode()


async def test_an_unknown_type_is_accepted_and_kept(service):
    url = (await add_source(service))["url"]
    answer = await deliver(service, url, {"alertType": "Unheard", "iccid": ICCID})
    assert answer.status_code == 200
    assert "notUnderstood" in answer.json()
    assert len(await errors(service)) == 1


async def test_a_body_that_is_too_large_is_refused(service):
    url = (await add_source(service))["url"]
    answer = await deliver(service, url, b" " * 70_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_an_import_applies_the_events_that_waited_for_it(service):
    url = (await add_source(service))["url"]
    await deliver(service, url, attached(UNKNOWN[:-1]))
    assert await parked(service) == 1
    rows = [esim("26010100000099", iccid=UNKNOWN, smdpStatus="RELEASED", esimStatus="GOT_RESOURCE")]
    await service.operate("PUT", "accounts/demo/esims", json=rows)
    assert await parked(service) == 0
    facts = (await service.native("GET", "esims/26010100000099")).json()
    assert facts["smdpStatus"] == "ENABLED"


async def test_an_event_from_the_future_happened_when_it_came(service):
    await report(service, kind="disabled", at="2999-01-01T00:00:00Z")
    facts = (await service.native("GET", f"esims/{GOOD}")).json()
    assert facts["smdpStatusAt"] == "2026-01-01T00:00:00.000Z"
    assert NOW_MS == 1_767_225_600_000
    assert (await report(service, kind="enabled")).json()["outcome"] == "late"


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "unheard"},
        {"kind": "dtone", "secret": "x"},
        {"kind": "mapping"},
        {"kind": "esimgo", "mapping": {}},
        {"kind": "esimgo", "allowedIps": ["everywhere"]},
        {"kind": "mapping", "mapping": {"kind": "$.x", "kinds": {"a": "installed"}}},
        {"kind": "mapping", "mapping": {"kind": "$..x", "kinds": {}, "iccid": "$.i"}},
        {"kind": "mapping", "mapping": {"kind": "$.x", "kinds": {"a": "none"}, "iccid": "$.i"}},
        {
            "kind": "mapping",
            "mapping": {
                "kind": "$.x",
                "kinds": {"a": "installed"},
                "iccid": "$.i",
                "signatureHeader": "X-Sign",
            },
        },
    ],
)
async def test_a_source_that_cannot_work_is_refused(service, body):
    answer = await report(service, "lifecycle/sources", **body)
    assert answer.status_code == 422
    assert (await service.native("GET", "lifecycle/sources")).json()["sources"] == []


async def test_a_mapping_reads_an_unknown_supplier(service):
    mapping = {
        "kind": "$.type",
        "kinds": {"SIM_ON": "enabled"},
        "iccid": "$.sims[0]['iccid']",
        "at": "$.when",
        "signatureHeader": "X-Sign",
    }
    url = (await add_source(service, kind="mapping", mapping=mapping, secret="k"))["url"]
    body = json.dumps(
        {"type": "SIM_ON", "sims": [{"iccid": ICCID}], "when": 1_767_225_600}
    ).encode()
    sign = hmac.new(b"k", body, hashlib.sha256).hexdigest()
    answer = await deliver(service, url, body, **{"X-Sign": sign})
    assert answer.json() == {"events": 1, "new": 1}
    assert (await history(service))["events"][0]["kind"] == "enabled"


async def test_a_key_needs_the_scope_lifecycle(service):
    made = await report(service, "keys", name="k", scopes=["lifecycle"])
    headers = {"Authorization": f"Bearer {made.json()['key']}"}
    allowed = await service.client.get(f"/v1/esims/{GOOD}", headers=headers)
    assert allowed.status_code == 200
    refused = await service.client.get("/v1/templates", headers=headers)
    assert refused.status_code == 403


async def test_a_token_is_in_no_log_line(service, capfd):
    url = (await add_source(service))["url"]
    await deliver(service, url, b"{")
    await deliver(service, url, attached())
    await service.store.close()
    assert (await deliver(service, url, attached())).status_code == 503
    written = "".join(capfd.readouterr())
    assert "lifecycle_source_added" in written
    assert url.rpartition("/")[2] not in written
