"""The compatible client reads what both public dialects answer, and signs as they document."""

import json

import httpx2
import pytest

from simpost_client import (
    AuthenticationFailed,
    Conflict,
    InvalidRequest,
    KeyReused,
    NotFound,
    PermissionDenied,
    RateLimited,
    Refused,
    ServerFailed,
    SmsNotSupported,
    UnexpectedResponse,
)
from simpost_client.envelope import signature
from simpost_client.error_table import ENVELOPE_CODES
from tests.clients.scripted import ScriptedHost, answer

HIROAMING = {"success": True, "errorCode": None, "errorMsg": None, "obj": None}
ESIM_ACCESS = {"success": True, "errorCode": "0", "errorMsg": None, "obj": {}}
PLAN = {
    "packageCode": "PKG-TH-01", "slug": "TH_1_7", "name": "Thailand 1GB 7 Days", "price": 45000,
    "retailPrice": 60000, "currencyCode": "USD", "volume": 1073741824, "smsStatus": 1,
    "dataType": 1, "unusedValidTime": 180, "duration": 7, "durationUnit": "DAY",
    "location": "TH", "description": "Thailand 1GB 7 Days", "activeType": 2, "favorite": False,
    "speed": "4G/5G", "ipExport": "SG", "supportTopUpType": 2, "fupPolicy": "",
    "locationNetworkList": [{"locationName": "Thailand", "locationLogo": "/img/th.png",
                             "operatorList": [{"operatorName": "Example", "networkType": "5G"}]}],
}  # fmt: skip
ESIM = {
    "esimTranNo": "23072017992029", "orderNo": "B23072017992029", "iccid": "8966000000000000012",
    "msisdn": "", "smsStatus": 1, "esimStatus": "GOT_RESOURCE", "smdpStatus": "ENABLED",
    "expiredTime": "2026-12-01T00:00:00+0000", "activateTime": None,
    "packageList": [{"packageName": "Thailand", "packageCode": "PKG-TH-01", "slug": "TH_1_7"}],
}  # fmt: skip


def with_obj(obj, envelope=HIROAMING):
    return answer(200, {**envelope, "obj": obj})


def esims(*rows, total=None):
    pager = {"pageSize": 5, "pageNum": 1, "total": len(rows) if total is None else total}
    return with_obj({"pager": pager, "esimList": list(rows)})


def error(code, status=200, **headers):
    body = {"success": False, "errorCode": code, "errorMsg": "No.", "obj": None}
    return answer(status, body, **headers)


@pytest.mark.parametrize("envelope", [HIROAMING, ESIM_ACCESS, {**ESIM_ACCESS, "errorCode": None}])
def test_a_success_of_either_dialect_is_read(envelope):
    host = ScriptedHost(answer(200, envelope))
    with host.compatible() as client:
        sent = client.send_sms("23072017992029", "Hello", check=False)
    assert (sent.message_id, sent.held_until, sent.replaced) == (None, None, 0)
    assert host.bodies() == [{"esimTranNo": "23072017992029", "message": "Hello"}]


def test_what_simpost_adds_is_read():
    headers = {
        "RT_MessageID": "m1",
        "RT_Held_Until": "2026-11-29T08:00:00.000Z",
        "RT_Replaced": "2",
    }
    host = ScriptedHost(answer(200, HIROAMING, RT_Reason="quiet_hours", **headers))
    with host.compatible() as client:
        sent = client.send_sms("1", "Hello", check=False)
    assert (sent.message_id, sent.reason, sent.replaced) == ("m1", "quiet_hours", 2)
    assert sent.held_until.hour == 8


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("000001", ServerFailed), ("000101", AuthenticationFailed), ("000104", InvalidRequest),
        ("101002", PermissionDenied), ("101003", AuthenticationFailed), ("200002", Refused),
        ("200010", Conflict), ("310241", NotFound), ("310402", KeyReused), ("310403", NotFound),
        ("401001", AuthenticationFailed),
    ],
)  # fmt: skip
def test_a_code_is_an_error_of_its_kind(code, kind):
    host = ScriptedHost(error(code))
    with host.compatible() as client, pytest.raises(kind) as caught:
        client.send_sms("1", "Hello", check=False)
    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.status) == (code, 200)


def test_documented_codes_are_listed_in_the_table():
    documented = "000001 000101 000102 000103 000104 000105 000106 000107 101001 101002 101003 "
    documented += "200002 200010 310201 310211 310241 310243 310272 310403 900001"
    assert set(documented.split()) <= set(ENVELOPE_CODES)


def test_the_seed_refusals_are_read_literally():
    refused = '{"success":false,"errorCode":"200002",'
    refused += '"errorMsg":"This operation is not allowed","obj":null}'
    host = ScriptedHost(httpx2.Response(200, content=refused.encode()))
    with host.compatible() as client, pytest.raises(Refused) as caught:
        client.send_sms("1", "Hello", check=False)
    assert (caught.value.detail, caught.value.reason) == ("This operation is not allowed", None)


def test_a_reason_of_simpost_makes_the_refusal_exact():
    host = ScriptedHost(error("200002", RT_Reason="sms_not_supported"))
    with host.compatible() as client, pytest.raises(SmsNotSupported):
        client.send_sms("1", "Hello", check=False)


def test_a_limit_is_told_with_its_wait():
    host = ScriptedHost(error("900001", 429, Retry_After="3600"))
    with host.compatible() as client, pytest.raises(RateLimited) as caught:
        client.send_sms("1", "Hello", check=False)
    assert caught.value.retry_after_s == 3600


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b"\xff"])
def test_another_host_is_no_success(body):
    host = ScriptedHost(httpx2.Response(200, content=body))
    with host.compatible() as client, pytest.raises(UnexpectedResponse):
        client.send_sms("1", "Hello", check=False)


def test_an_esim_without_sms_gets_no_request_to_send():
    host = ScriptedHost(esims({**ESIM, "smsStatus": 0}))
    with host.compatible() as client, pytest.raises(SmsNotSupported) as caught:
        client.send_sms(ESIM["esimTranNo"], "Hello")
    assert [request.url.path for request in host.requests] == ["/api/v1/open/esim/query"]
    assert caught.value.reason == "sms_not_supported"


def test_an_esim_is_asked_for_once_in_ten_minutes():
    host = ScriptedHost(esims(ESIM), *[answer(200, HIROAMING)] * 2)
    with host.compatible() as client:
        client.send_sms(ESIM["esimTranNo"], "One")
        client.send_sms(ESIM["esimTranNo"], "Two")
    assert [request.url.path.rpartition("/")[2] for request in host.requests] == [
        "query",
        "sendSms",
        "sendSms",
    ]


def test_the_plan_decides_if_the_esim_does_not_say():
    row = {key: value for key, value in ESIM.items() if key != "smsStatus"}
    plan = {**PLAN, "smsStatus": 0}
    host = ScriptedHost(esims(row), with_obj({"packageList": [plan]}))
    with host.compatible() as client, pytest.raises(SmsNotSupported):
        client.send_sms(ESIM["esimTranNo"], "Hello")


def test_a_plan_is_found_by_its_slug_or_its_code():
    everything = [{**PLAN, "packageCode": "OTHER", "slug": "XX"}, PLAN]
    host = ScriptedHost(*[with_obj({"packageList": everything}, ESIM_ACCESS)] * 2)
    with host.compatible() as client:
        by_slug, by_code = client.get_package("TH_1_7"), client.get_package("PKG-TH-01")
    assert by_slug == by_code
    assert (by_slug.price, by_slug.locations, by_slug.sms_status) == (45000, ("TH",), 1)
    assert host.bodies() == [{"slug": "TH_1_7"}, {"packageCode": "PKG-TH-01"}]


def test_odd_types_of_fields_that_nobody_needs_are_no_error():
    odd = {**PLAN, "price": "45000", "location": None, "name": 7}
    host = ScriptedHost(with_obj({"packageList": [odd]}))
    with host.compatible() as client:
        found = client.get_package("TH_1_7")
    assert (found.price, found.locations, found.name) == (None, (), None)
    assert found.raw["price"] == "45000"


def test_esims_are_read_page_by_page():
    host = ScriptedHost(esims(ESIM, ESIM, total=3), esims(ESIM, total=3))
    with host.compatible() as client:
        found = list(client.list_esims(order_no="B1"))
    assert len(found) == 3
    assert found[0].expires_at.isoformat() == "2026-12-01T00:00:00+00:00"
    assert [body["pager"]["pageNum"] for body in host.bodies()] == [1, 2]


def test_the_secret_is_sent_or_signs():
    host = ScriptedHost(*[answer(200, HIROAMING)] * 3)
    for options in ({}, {"dialect": "esim_access"}, {"dialect": "esim_access", "secret": None}):
        with host.compatible(**options) as client:
            client.send_sms("1", "Grüße", check=False)
    in_clear, signed, by_code = (request.headers for request in host.requests)
    assert in_clear["RT-SecretKey"] == "demo-secret"
    assert "RT-SecretKey" not in signed
    parts = (signed["RT-Timestamp"], signed["RT-RequestID"], "demo")
    assert signed["RT-Signature"] == signature("demo-secret", *parts, host.requests[1].content)
    assert not {"RT-SecretKey", "RT-Signature"} & set(by_code)


@pytest.mark.parametrize(
    ("secret", "timestamp", "request_id", "code", "body", "expected"),
    [
        ("1111", "1628670421", "4ce9d9cdac9e4e17b3a2c66c358c1ce2", "11111",
         '{"imsi":"326543826"}',
         "7eb765e27df5373dea2dbc8c41a7d9557743e46c8054750f3d851b3fd01d0835"),
        ("demo-secret", "1767225600000", "3f2b8c1e-5a47-4d0b-9e66-0d1c2b3a4f50", "demo-access",
         '{"esimTranNo":"26010100000001","message":"Grüße ✓"}',
         "c332acb8a6167d2f4e8b09eba18e34e92ab128b8e9a8c8c8d454a9aec8314e79"),
        ("demo-secret", "1767225600000", "3f2b8c1e-5a47-4d0b-9e66-0d1c2b3a4f50", "demo-access",
         "", "0e22e0759a54eabd28b2da83409a9805b961481344f26889a4eac27ccb38e686"),
    ],
)  # fmt: skip
def test_signatures_are_those_of_the_documents(secret, timestamp, request_id, code, body, expected):
    assert signature(secret, timestamp, request_id, code, body.encode()) == expected


def test_usage_and_balance_of_both_dialects_pass_through():
    rows = [{"esimTranNo": "1", "totalVolume": 2, "usedVolume": 1, "remainVolume": 1}]
    host = ScriptedHost(with_obj(rows), with_obj({"balance": 10000}, ESIM_ACCESS))
    with host.compatible() as client:
        assert client.call("esim/usage/query", {"esimTranNoList": ["1"]}) == rows
        assert client.call("balance/query") == {"balance": 10000}
    assert json.loads(host.requests[1].content) == {}


def test_no_secret_is_in_a_repr():
    with ScriptedHost().compatible() as client:
        assert "demo-secret" not in repr(client._credentials)
