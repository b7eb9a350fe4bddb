from typing import Any

import pytest
from uuid_utils import uuid7

from simpost.domain.inbound import NO_ACCOUNT, InboundState, RawPart
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from tests.contract.inbound_facts import NUMBER, PHONE, alone, new
from tests.integration.api.conftest import GOOD

SERVED = Any  # the `service` fixture of conftest.py
DEMO, OTHER = 1, 2


async def came(service: SERVED, text: str, *, account_id: int = DEMO, **facts: Any) -> None:
    row = {"id": uuid7().bytes, "account_id": account_id, "esim_tran_no": GOOD, "text": text}
    await service.store.inbound.save(new(alone(text), **(row | facts)))


async def texts(service: SERVED, path: str, name: str = "inbound", **who: Any) -> list[str]:
    return [row["text"] for row in (await service.native("GET", path, **who)).json()[name]]


async def test_an_account_lists_inbound_messages_newest_first_with_every_field(
    service: SERVED,
) -> None:
    await came(service, "first")
    await came(service, "second", missing=(2,), part_count=3)
    page = (await service.native("GET", "inbound")).json()
    assert [row["text"] for row in page["inbound"]] == ["second", "first"]
    assert page["next"] is None
    row = page["inbound"][0]
    assert (row["from"], row["to"], row["esimTranNo"]) == (PHONE, NUMBER, GOOD)
    assert (row["state"], row["reason"], row["missingParts"], row["partCount"]) == (
        "received",
        None,
        [2],
        3,
    )
    assert row["receivedAt"] == "2026-01-01T00:00:00.000Z"


async def test_other_accounts_see_no_inbound_message_of_it(service: SERVED) -> None:
    await came(service, "mine")
    await came(service, "nobody's", account_id=NO_ACCOUNT, esim_tran_no=None)
    assert await texts(service, "inbound", account="other") == []
    assert await texts(service, f"inbound?esimTranNo={GOOD}", account="other") == []
    answer = await service.native("GET", f"esims/{GOOD}/conversation", account="other")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    unknown = await service.native("GET", "esims/nosuch/conversation", account="other")
    assert unknown.json() == answer.json()


async def test_the_admin_lists_inbound_messages_of_no_account_or_of_one(service: SERVED) -> None:
    await came(service, "mine")
    await came(service, "nobody's", account_id=NO_ACCOUNT, esim_tran_no=None)
    for path, expected in [
        ("inbound", ["nobody's"]),
        ("inbound?account=demo", ["mine"]),
        ("inbound?account=other", []),
    ]:
        answer = await service.operate("GET", path)
        assert [row["text"] for row in answer.json()["inbound"]] == expected
    assert (await service.operate("GET", "inbound?account=nosuch")).status_code == 404
    assert (await service.native("GET", "admin/inbound")).status_code == 401


async def test_pages_follow_each_other_without_gap_or_overlap(service: SERVED) -> None:
    for number in range(5):
        await came(service, f"text {number}")
    seen: list[str] = []
    path = "inbound?limit=2"
    while path:
        page = (await service.native("GET", path)).json()
        seen += [row["text"] for row in page["inbound"]]
        assert len(page["inbound"]) <= 2
        path = page["next"] and f"inbound?limit=2&cursor={page['next']}"
    assert seen == [f"text {number}" for number in (4, 3, 2, 1, 0)]


async def test_a_conversation_has_both_directions_in_order_and_nothing_twice(
    service: SERVED,
) -> None:
    await service.send("Your 1 GB is used up. Top up?")
    await came(service, "Yes please")
    await service.send("Done.")
    refused = {"state": InboundState.REFUSED, "reason": Reason.SMS_API_ONLY}
    await came(service, "", **refused)
    carried = {"state": InboundState.FORWARDED, "message_id": uuid7().bytes}
    await came(service, "shown as the message it became", **carried)
    page = (await service.native("GET", f"esims/{GOOD}/conversation")).json()
    assert [(row["direction"], row["state"], row["text"]) for row in page["entries"]] == [
        ("toEsim", "refused", None),
        ("toEsim", "accepted", "Done."),
        ("fromEsim", "received", "Yes please"),
        ("toEsim", "accepted", "Your 1 GB is used up. Top up?"),
    ]
    assert page["entries"][0]["reason"]["code"] == "sms_api_only"


async def test_a_conversation_comes_in_pages(service: SERVED) -> None:
    for number in range(3):
        await service.send(f"out {number}")
        await came(service, f"in {number}")
    seen: list[str] = []
    path = f"esims/{GOOD}/conversation?limit=2"
    while path:
        page = (await service.native("GET", path)).json()
        seen += [row["text"] for row in page["entries"]]
        cursor = page["next"]
        path = cursor and f"esims/{GOOD}/conversation?limit=2&cursor={cursor}"
    assert seen == ["in 2", "out 2", "in 1", "out 1", "in 0", "out 0"]


async def test_octets_are_shown_as_binary(service: SERVED) -> None:
    await came(service, "cafe", encoding="binary")
    for path, name in (("inbound", "inbound"), (f"esims/{GOOD}/conversation", "entries")):
        [row] = (await service.native("GET", path)).json()[name]
        assert (row["text"], row["binary"]) == (None, "cafe")


async def test_one_message_is_shown_with_its_octets_as_they_came(service: SERVED) -> None:
    raw = (RawPart(1, 0x08, 0x40, b"\x7f broken", 8),)
    row = new(
        alone(), id=uuid7().bytes, account_id=DEMO, encoding="undecodable", text="7f", raw=raw
    )
    await service.store.inbound.save(row)
    path = f"inbound/{format_id(row.inbound.id)}"
    for found in (
        await service.native("GET", path),
        await service.operate("GET", f"{path}?account=demo"),
    ):
        shown = found.json()
        assert (shown["text"], shown["binary"], shown["encoding"]) == (None, "7f", "undecodable")
        assert shown["parts"] == [
            {
                "number": 1,
                "dataCoding": 8,
                "esmClass": 0x40,
                "octets": b"\x7f broken".hex(),
                "size": 8,
            }
        ]
    for answer in (
        await service.native("GET", path, account="other"),
        await service.native("GET", "inbound/no-id"),
        await service.operate("GET", path),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "cursor=x", "cursor=" + "A" * 21 + "B", "who=me"]
)
@pytest.mark.parametrize("path", ["inbound", f"esims/{GOOD}/conversation"])
async def test_an_impossible_query_is_refused(service: SERVED, path: str, query: str) -> None:
    answer = await service.native("GET", f"{path}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
