import asyncio
from typing import Any

import pytest

from simpost.domain.messages import parse_id
from simpost.domain.states import State

GOOD = "26010100000001"
SERVED = Any  # the `service` fixture of conftest.py


def outcome(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.json()["errorCode"]


async def test_success_means_that_the_message_is_in_the_store(service: SERVED) -> None:
    answer = await service.send("Grüße ✓")
    assert answer.json() == {"success": True, "errorCode": None, "errorMsg": None, "obj": None}
    message_id = parse_id(answer.headers["RT-MessageID"])
    assert message_id
    message = await service.store.log.find_message(1, message_id)
    assert (message.text, message.state, message.esim_tran_no) == ("Grüße ✓", State.ACCEPTED, GOOD)


async def test_a_repeated_request_is_answered_with_the_first_message(service: SERVED) -> None:
    answers = [await service.send(RT_RequestID="r1") for _ in range(3)]
    assert len({answer.headers["RT-MessageID"] for answer in answers}) == 1
    listed = await service.native("GET", "messages")
    assert len(listed.json()["messages"]) == 1


async def test_concurrent_requests_with_one_id_are_one_message(service: SERVED) -> None:
    answers = await asyncio.gather(*(service.send(RT_RequestID="r1") for _ in range(20)))
    assert {outcome(answer) for answer in answers} == {(200, None)}
    assert len({answer.headers["RT-MessageID"] for answer in answers}) == 1
    assert len((await service.native("GET", "messages")).json()["messages"]) == 1


async def test_the_same_request_id_with_another_body_is_refused(service: SERVED) -> None:
    await service.send("one", RT_RequestID="r1")
    assert outcome(await service.send("two", RT_RequestID="r1")) == (200, "310402")


async def test_a_refusal_is_remembered_under_its_request_id(service: SERVED) -> None:
    refused = await service.send(number="26010100000003", RT_RequestID="r1")
    assert refused.headers["RT-Reason"] == "not_installed"
    again = await service.send(number="26010100000003", RT_RequestID="r1")
    assert (again.content, again.headers["RT-Reason"]) == (refused.content, "not_installed")


async def test_request_ids_belong_to_their_account(service: SERVED) -> None:
    await service.send(RT_RequestID="r1")
    answer = await service.send(number="26010100000090", account="other", RT_RequestID="r1")
    assert answer.json() == {"success": True, "errorCode": "0", "errorMsg": None, "obj": {}}


@pytest.mark.parametrize(
    ("number", "code", "reason"),
    [
        ("26010100000002", "200002", "sms_not_supported"),
        ("26010100000003", "200002", "not_installed"),
        ("26010100000004", "200002", "esim_revoked"),
        ("26010100000005", "200002", "order_pending"),
        ("26010100000099", "310403", "esim_unknown"),
        ("26010100000090", "310403", "esim_unknown"),
    ],
)
async def test_the_reason_that_forbids_a_message_is_returned(
    service: SERVED, number: str, code: str, reason: str
) -> None:
    answer = await service.send(number=number)
    assert (*outcome(answer), answer.headers["RT-Reason"]) == (200, code, reason)


async def test_another_accounts_esim_is_as_unknown_as_none(service: SERVED) -> None:
    another, none = [await service.send(number=f"260101000000{end}") for end in (90, 99)]
    assert another.content == none.content
    assert dict(another.headers) == dict(none.headers)


async def test_two_ids_must_name_the_same_esim(service: SERVED) -> None:
    same = {"esimTranNo": GOOD, "iccid": f"8988{GOOD}", "message": "x"}
    assert outcome(await service.open("esim/sendSms", same)) == (200, None)
    apart = same | {"iccid": "898826010100000006"}
    assert outcome(await service.open("esim/sendSms", apart)) == (200, "310403")


async def test_an_iccid_alone_names_the_esim(service: SERVED) -> None:
    body = {"iccid": f"8988{GOOD}F", "message": "x"}
    assert outcome(await service.open("esim/sendSms", body)) == (200, None)


async def test_a_text_of_too_many_parts_is_refused_with_the_count(service: SERVED) -> None:
    answer = await service.send("ж" * 400)
    assert answer.json()["errorMsg"] == "message needs 6 parts, 4 at most"
    assert answer.json()["errorCode"] == "000107"


async def codes(service: SERVED, **filters: Any) -> list[str]:
    answer = (await service.open("package/list", filters)).json()
    assert answer["success"] is True
    return [plan["packageCode"] for plan in answer["obj"]["packageList"]]


async def test_without_filters_all_base_plans_are_listed(service: SERVED) -> None:
    everything = ["P-AS", "P-JP", "P-TH", "P-US"]
    assert await codes(service) == everything
    blank = dict.fromkeys(("locationCode", "type", "packageCode", "slug", "iccid", "dataType"), "")
    assert await codes(service, **blank) == everything
    assert await codes(service, **dict.fromkeys(blank, None)) == everything


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"locationCode": "TH"}, ["P-AS", "P-TH"]),
        ({"locationCode": "th"}, ["P-AS", "P-TH"]),
        ({"locationCode": "!RG"}, ["P-AS"]),
        ({"locationCode": "ZZ"}, []),
        ({"slug": "TH_1_7"}, ["P-TH"]),
        ({"packageCode": "P-TH"}, ["P-TH"]),
        ({"packageCode": "TH_1_7"}, ["P-TH"]),
        ({"packageCode": "P-TH", "slug": "TH_1_7"}, ["P-TH"]),
        ({"packageCode": "P-TH", "slug": "JP_1_7"}, []),
        ({"packageCode": "P-TH", "locationCode": "JP"}, []),
        ({"packageCode": "NONE"}, []),
        ({"dataType": "1"}, ["P-AS", "P-TH", "P-US"]),
        ({"dataType": 2}, ["P-JP"]),
        ({"type": "TOPUP"}, ["TOPUP_TH", "TOPUP_US"]),
        ({"type": "TOPUP", "packageCode": "P-TH"}, ["TOPUP_TH"]),
        ({"type": "TOPUP", "packageCode": "TOPUP_TH"}, ["TOPUP_TH"]),
        ({"type": "TOPUP", "slug": "US_1_7"}, []),
        ({"type": "TOPUP", "iccid": f"8988{GOOD}"}, ["TOPUP_TH"]),
        ({"iccid": f"8988{GOOD}"}, ["TOPUP_TH"]),
        ({"iccid": f"8988{GOOD}F", "packageCode": "P-TH"}, ["TOPUP_TH"]),
        ({"iccid": f"8988{GOOD}", "type": "BASE"}, ["P-AS", "P-JP", "P-TH", "P-US"]),
    ],
)
async def test_plans_are_filtered(service: SERVED, filters: Any, found: list[str]) -> None:
    assert await codes(service, **filters) == found


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"type": "TOPUP", "packageCode": "NONE"}, "310241"),
        ({"type": "TOPUP", "iccid": "8988999"}, "310403"),
        ({"iccid": "8988999"}, "310403"),
        ({"iccid": "8988999", "packageCode": "P-TH"}, "310403"),
        ({"type": "TOPUP", "iccid": "898826010100000090"}, "310403"),
        ({"type": "OTHER"}, "400001"),
        ({"dataType": "3"}, "400001"),
        ({"slug": 5}, "000104"),
        ({"slug": "x" * 65}, "000107"),
        ({"slug": "a\x00"}, "000104"),
    ],
)
async def test_impossible_filters_are_refused(service: SERVED, filters: Any, code: str) -> None:
    assert outcome(await service.open("package/list", filters)) == (200, code)


async def test_a_plan_has_every_documented_field_in_its_type(service: SERVED) -> None:
    answer = await service.open("package/list", {"slug": "TH_1_7"})
    (plan,) = answer.json()["obj"]["packageList"]
    assert plan["price"] == 0  # the administrator's 45000 is not the account's
    assert plan["volume"] == 1_073_741_824
    assert plan["smsStatus"] == 1
    assert plan["currencyCode"] == "USD"
    assert plan["locationCode"] == "TH"
    assert plan["fupPolicy"] == ""
    assert plan["locationNetworkList"] == []
    assert len(plan) == 22


async def numbers(service: SERVED, **filters: Any) -> list[str]:
    answer = (await service.open("esim/query", filters)).json()
    assert answer["success"] is True, answer
    return [esim["esimTranNo"][-1] for esim in answer["obj"]["esimList"]]


async def test_an_empty_query_lists_the_accounts_own_esims(service: SERVED) -> None:
    answer = await service.open("esim/query")
    obj = answer.json()["obj"]
    assert obj["pager"] == {"pageSize": 20, "pageNum": 1, "total": 6}
    assert len(obj["esimList"]) == 6
    assert all(esim["esimTranNo"] < "26010100000010" for esim in obj["esimList"])


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"esimTranNo": GOOD}, ["1"]),
        ({"iccid": f"8988{GOOD}"}, ["1"]),
        ({"esimTranNo": GOOD, "iccid": f"8988{GOOD}", "orderNo": "ORD1"}, ["1"]),
        ({"orderNo": "ORD4"}, ["4"]),
        ({"startTime": "2026-02-01T00:00:00+0000"}, ["6"]),
        ({"startTime": "2026-02-01T00:00+00:00"}, ["6"]),
        ({"startTime": "2026-02-01T00:00:00Z", "endTime": "2026-02-02T00:00Z"}, []),
        ({"endTime": "2025-12-31T23:59:59Z"}, []),
        ({"orderNo": "ORD4", "startTime": "2027-01-01T00:00Z"}, []),
        ({"orderNo": "", "iccid": None, "esimTranNo": " ", "startTime": "", "pager": None},
         ["1", "2", "3", "4", "5", "6"]),
        ({"pager": {"pageNum": 2, "pageSize": 4}}, ["5", "6"]),
        ({"pager": {"pageNum": 3, "pageSize": 4, "total": None}}, []),
    ],
)  # fmt: skip
async def test_esims_are_filtered(service: SERVED, filters: Any, found: list[str]) -> None:
    assert sorted(await numbers(service, **filters)) == found


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({"orderNo": "NONE"}, "310272"),
        ({"orderNo": "ORD90"}, "310272"),
        ({"iccid": "8988999"}, "310403"),
        ({"esimTranNo": "26010100000090"}, "310403"),
        ({"esimTranNo": GOOD, "iccid": "898826010100000006"}, "310403"),
        ({"orderNo": "ORD5"}, "200010"),
        ({"esimTranNo": "26010100000005"}, "200010"),
        ({"startTime": "yesterday"}, "400001"),
        ({"pager": {"pageSize": 101}}, "000107"),
        ({"pager": {"pageSize": 0}}, "000107"),
        ({"pager": {"pageNum": 0}}, "000107"),
        ({"pager": {"pageNum": 10**30}}, "000107"),
        ({"pager": {"pageNum": "1"}}, "000104"),
        ({"pager": []}, "000104"),
        ({"orderNo": 5}, "000104"),
    ],
)
async def test_a_query_that_cannot_be_answered_says_why(
    service: SERVED, filters: Any, code: str
) -> None:
    assert outcome(await service.open("esim/query", filters)) == (200, code)


async def test_an_order_still_being_allocated_says_how_far_it_is(service: SERVED) -> None:
    answer = await service.open(
        "esim/query", {"orderNo": "ORD5", "pager": {"pageNum": 2, "pageSize": 1}}
    )
    words = "the batchOrder has been getting resource, total:[2], success:[1]"
    assert answer.json()["errorMsg"] == words


async def test_an_esim_has_every_documented_field_in_its_type(service: SERVED) -> None:
    answer = await service.open("esim/query", {"esimTranNo": "26010100000004"})
    (esim,) = answer.json()["obj"]["esimList"]
    assert esim["esimStatus"] == "REVOKE"
    assert esim["smsStatus"] == 1
    assert esim["iccid"] == "898826010100000004"
    assert esim["activateTime"] is None
    assert esim["totalVolume"] == 0
    assert esim["packageList"][0]["packageCode"] == "P-TH"
    assert esim["packageList"][0]["duration"] == 0
    assert len(esim) == 26


@pytest.mark.parametrize(
    ("filters", "code"),
    [
        ({}, "0"),
        ({"pager": None}, "0"),
        ({"pager": {"pageNum": 1}}, "0"),
        ({"pager": {"pageNum": 1, "pageSize": None}}, "0"),
        ({"pager": {"pageNum": 1, "pageSize": 1}}, "0"),
        ({"pager": {"pageNum": 1, "pageSize": 0}}, "000107"),
        ({"pager": {"pageNum": 1, "pageSize": 501}}, "000107"),
        ({"pager": {"pageNum": 10_001, "pageSize": 5}}, "000107"),
        ({"pager": {"pageNum": 1, "pageSize": 500}}, "0"),
        ({"pager": {"pageNum": 10_000, "pageSize": 5}}, "0"),
    ],
)
async def test_the_other_dialect_bounds_its_pager_and_needs_none(
    service: SERVED, filters: Any, code: str
) -> None:
    assert outcome(await service.open("esim/query", filters, account="other")) == (200, code)


@pytest.mark.parametrize("name", ["esim/realtimeBalance/query", "esim/order", "balance/query"])
async def test_endpoints_of_the_provider_only_say_so(service: SERVED, name: str) -> None:
    answer = await service.open(name)
    assert outcome(answer) == (200, "200002")
    assert answer.json()["errorMsg"] == (
        f"simpost does not offer {name}: send it to your eSIM provider"
    )
