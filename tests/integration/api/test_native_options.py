"""The options of a message, and how the log shows them."""

from __future__ import annotations

from typing import Any

import pytest

from simpost.domain.options import Concatenation, Options, Ports
from simpost.messaging.routes import Route, Routing
from simpost.ports.carrier import CarrierCapabilities

GOOD = "26010100000001"
NOW_MS = 1_767_225_600_000
SERVED = Any  # the `service` fixture of conftest.py
ABLE = CarrierCapabilities(
    name="down",
    max_parts=4,
    sender="Shop",
    senders=frozenset({"Bank", "12345", "+447700900001"}),
    class_alphabets=frozenset({"gsm7", "ucs2", "binary"}),
    binary=True,
)


@pytest.fixture
def able(service: SERVED) -> SERVED:
    """The service, with a carrier that can do everything."""
    return with_carrier(service, ABLE)


def with_carrier(service: SERVED, capabilities: CarrierCapabilities) -> SERVED:
    service.services.intake.routing = Routing((Route(("down",)),), {"down": capabilities})
    return service


async def send(service: SERVED, **fields: Any) -> Any:
    content = {} if "binary" in fields else {"text": "Hello"}
    body = {"esimTranNo": GOOD} | content | fields
    return await service.native("POST", "messages", json=body)


async def shown(service: SERVED, answer: Any) -> Any:
    assert answer.status_code == 202, answer.text
    return (await service.native("GET", f"messages/{answer.json()['id']}")).json()


async def submitted(service: SERVED) -> Any:
    return await service.store.queue.claim(
        "down", limit=10, now_ms=NOW_MS, owner="x", lease_ms=NOW_MS + 1
    )


async def test_a_plain_message_shows_the_default_options(able: SERVED) -> None:
    found = await shown(able, await send(able))
    asked = {key: found[key] for key in ("from", "class", "receipt", "binary", "ports")}
    assert asked == {
        "from": "Shop",
        "class": None,
        "receipt": True,
        "binary": None,
        "ports": None,
    }


@pytest.mark.parametrize("sender", ["Shop", "Bank", "12345", "+447700900001"])
async def test_the_sender_asked_for_is_shown(able: SERVED, sender: str) -> None:
    found = await shown(able, await send(able, **{"from": sender}))
    assert found["from"] == sender


async def test_flash_without_a_receipt_is_kept_and_shown(able: SERVED) -> None:
    """Class not reachable through the API: jasmin#525."""
    found = await shown(able, await send(able, receipt=False, **{"class": 0}))
    assert (found["class"], found["receipt"], found["encoding"]) == (0, False, "gsm7")


async def test_binary_with_ports_is_shown_in_hex_and_counted_in_octets(able: SERVED) -> None:
    octets = bytes(range(200)).hex()
    answer = await send(able, binary=octets.upper(), ports={"destination": 2948, "source": 9200})
    assert (answer.json()["encoding"], answer.json()["partCount"]) == ("binary", 2)
    found = await shown(able, answer)
    assert (found["text"], found["binary"]) == (None, octets)
    assert found["ports"] == {"destination": 2948, "source": 9200, "bits": 16}


async def test_every_part_is_committed_with_all_that_was_asked(able: SERVED) -> None:
    await send(
        able,
        binary="ab" * 300,
        ports={"destination": 250, "bits": 8},
        receipt=False,
        **{"from": "Bank", "class": 1},
    )
    with_ports = Options(Concatenation.UDH8, 1, receipt=False, ports=Ports(250, 0, 8))
    found = [(part.sender, part.encoding, part.options) for part in await submitted(able)]
    assert found == [("Bank", "binary", with_ports)] * 3


async def test_a_text_given_whole_is_counted_as_the_handset_gets_it(service: SERVED) -> None:
    whole = CarrierCapabilities(name="down", concatenation="payload", max_parts=4)
    answer = await send(with_carrier(service, whole), text="x" * 400)
    assert answer.json()["partCount"] == 3
    found = await shown(service, answer)
    assert (found["partCount"], len(found["parts"])) == (3, 1)
    preview = (await send(service, text="x" * 400, dryRun=True)).json()
    assert preview["partCount"] == 3
    assert [len(each) for each in preview["segments"]] == [153, 153, 94]


async def test_a_preview_is_cut_as_the_carrier_would_get_it(service: SERVED) -> None:
    latin1 = CarrierCapabilities(name="down", alphabet="latin1")
    preview = (await send(with_carrier(service, latin1), text="é€", dryRun=True)).json()
    assert preview["encoding"] == "ucs2"
    assert [each["character"] for each in preview["ucs2Triggers"]] == ["€"]
    preview = (await send(service, text="é[", dryRun=True)).json()
    assert (preview["encoding"], preview["ucs2Triggers"]) == ("latin1", [])


async def test_a_preview_of_binary_shows_its_segments(able: SERVED) -> None:
    preview = (await send(able, binary="00" * 141, dryRun=True, **{"from": "Bank"})).json()
    assert (preview["from"], preview["encoding"], preview["ucs2Triggers"]) == ("Bank", "binary", [])
    assert preview["segments"] == ["00" * 134, "00" * 7]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"from": "Bank"}, 409, "sender_not_allowed"),
        ({"class": 0}, 409, "class_not_supported"),
        ({"binary": "00"}, 409, "binary_not_supported"),
    ],
)
async def test_an_option_the_carrier_lacks_is_refused_by_name(
    service: SERVED, fields: Any, status: int, code: str
) -> None:
    answer = await send(service, **fields)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["remedy"]
    preview = (await send(service, dryRun=True, **fields)).json()
    assert (preview["decision"], preview["reason"]["code"]) == ("refuse", code)


async def test_ports_that_need_one_part_are_refused_in_two(service: SERVED) -> None:
    sar = CarrierCapabilities(name="down", concatenation="sar", binary=True)
    fields = {"binary": "00" * 134, "ports": {"destination": 2948}}
    answer = await send(with_carrier(service, sar), **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "ports_need_one_part")
    assert "2 parts" in answer.json()["detail"]


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "hush", "binary": "00"},
        {"text": None, "binary": None},
        {"binary": ""},
        {"binary": "0"},
        {"binary": "hush"},
        {"binary": "00" * 5001},
        {"text": "hush", "ports": {"destination": 1}},
        {"binary": "00", "ports": {"destination": 65_536}},
        {"binary": "00", "ports": {"destination": 256, "bits": 8}},
        {"binary": "00", "ports": {"destination": 1, "bits": 7}},
        {"binary": "00", "ports": {}},
        {"from": ""},
        {"from": "a name too long"},
        {"from": "1234567890123456"},
        {"from": 12345},
        {"class": 4},
        {"class": True},
        {"class": "0"},
        {"receipt": 1},
    ],
)
async def test_undocumented_values_are_refused_without_being_quoted(
    able: SERVED, fields: Any
) -> None:
    answer = await send(able, **fields)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"]
    assert "hush" not in answer.text


async def test_the_compatible_api_takes_text_only(able: SERVED) -> None:
    body = {"esimTranNo": GOOD, "message": "Hello", "class": 0, "from": "Bank", "receipt": False}
    answer = await able.open("esim/sendSms", body)
    assert answer.json()["success"] is True
    [part] = await submitted(able)
    assert (part.sender, part.options) == ("Shop", Options())


async def test_the_document_names_every_field(able: SERVED) -> None:
    document = (await able.client.get("/openapi.json")).json()
    fields = document["components"]["schemas"]["MessageRequest"]["properties"]
    assert {"text", "binary", "ports", "from", "class", "receipt"} <= fields.keys()
    log = document["components"]["schemas"]["MessageDetail"]["properties"]
    assert {"from", "class", "receipt", "binary", "ports"} <= log.keys()


CURLY = "It’s “" + "a" * 90 + "”"
STRAIGHT = "It's \"" + "a" * 90 + '"'
REPLACED = [
    {"character": "’", "codePoint": "U+2019", "replacement": "'", "count": 1},
    {"character": "“", "codePoint": "U+201C", "replacement": '"', "count": 1},
    {"character": "”", "codePoint": "U+201D", "replacement": '"', "count": 1},
]


async def use_look_alikes(service: SERVED) -> None:
    answer = await service.operate("PATCH", "accounts/demo", json={"lookAlikes": True})
    assert answer.json()["lookAlikes"] is True


async def test_a_text_goes_as_it_is_unless_look_alikes_are_asked_for(able: SERVED) -> None:
    found = await shown(able, await send(able, text=CURLY))
    assert (found["text"], found["partCount"], found["replaced"]) == (CURLY, 2, [])


async def test_a_request_may_ask_for_look_alikes_and_is_told_of_each(able: SERVED) -> None:
    answer = await send(able, text=CURLY, lookAlikes=True)
    assert answer.json()["replaced"] == REPLACED
    found = await shown(able, answer)
    assert (found["text"], found["partCount"], found["replaced"]) == (STRAIGHT, 1, REPLACED)
    [part] = await submitted(able)
    assert (part.text, part.encoding) == (STRAIGHT, "gsm7")


async def test_a_dry_run_shows_what_would_be_replaced(able: SERVED) -> None:
    preview = (await send(able, text=CURLY, lookAlikes=True, dryRun=True)).json()
    assert (preview["segments"], preview["replaced"]) == ([STRAIGHT], REPLACED)
    assert preview["ucs2Triggers"] == []


async def test_an_account_may_ask_for_look_alikes_in_all_its_texts(able: SERVED) -> None:
    await use_look_alikes(able)
    found = await shown(able, await send(able, text=CURLY))
    assert (found["text"], found["replaced"]) == (STRAIGHT, REPLACED)
    found = await shown(able, await send(able, text=CURLY, lookAlikes=False))
    assert (found["text"], found["replaced"]) == (CURLY, [])


async def test_a_repeated_request_is_told_of_look_alikes_again(able: SERVED) -> None:
    body = {"esimTranNo": GOOD, "text": CURLY, "lookAlikes": True}
    key = {"Idempotency-Key": "once"}
    first = await able.native("POST", "messages", json=body, headers=key)
    again = await able.native("POST", "messages", json=body, headers=key)
    assert again.json() == first.json()


async def test_decomposed_accents_arrive_composed_in_gsm_7_bit(able: SERVED) -> None:
    found = await shown(able, await send(able, text="cafe\u0301"))
    assert (found["text"], found["encoding"]) == ("café", "gsm7")
    assert [each["codePoint"] for each in found["replaced"]] == ["U+0065 U+0301"]


async def test_the_documented_endpoint_sends_as_its_account_says(able: SERVED) -> None:
    await use_look_alikes(able)
    answer = await able.send(CURLY)
    found = (await able.native("GET", f"messages/{answer.headers['rt-messageid']}")).json()
    assert (found["text"], found["replaced"]) == (STRAIGHT, REPLACED)
    assert answer.headers["rt-replaced"] == "3"
    assert "rt-replaced" not in (await able.send("It's plain")).headers
