"""What becomes of parts that an API has to be asked for: emnify and 1NCE at real sockets."""

from __future__ import annotations

import datetime as dt
import time

import msgspec
import pytest

from simpost.carriers.http import HttpCarrier, receipt_polls
from simpost.domain.options import Concatenation, Options
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import StoreError
from simpost.ports.carrier import AcceptedPart
from simpost.text import concat_header
from tests.contract.carrier_peers import Recorder, part
from tests.integration.carriers.emnify_cases import (
    CASES,
    check_log_in_of_emnify,
    check_log_in_of_once,
)
from tests.integration.carriers.upstream_api import (
    Reply,
    running_api,
    running_carrier,
    settings_of,
)

NUMBER = "447700900001"
EMNIFY, ONCE = CASES
LIST = "/api/v1/endpoint/447700900001/sms"
ONE = f"{LIST}/589"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(receipt_polls, "FIRST_S", 0.01)


@pytest.fixture
async def api():
    async with running_api() as found:
        yield found


def prepared(api, case, **changed):
    path, reply = case.log_in
    api.script(reply, path=path)
    return {**case.settings, "receipts": "poll", **changed}


def state(number, **others):
    return Reply(200, {"id": 589, "status": {"id": number, "status": "..."}, **others})


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (4, (State.DELIVERED, None, None)),
        (5, (State.FAILED, Reason.UNDELIVERABLE, "27")),
        (6, (State.EXPIRED, Reason.EXPIRED_AT_CARRIER, None)),
        (7, (State.FAILED, Reason.DELETED_AT_CARRIER, None)),
    ],
)
async def test_a_state_is_asked_for_until_it_is_final(api, number, expected) -> None:
    settings = prepared(api, EMNIFY)
    api.script(Reply(201, {"id": 589}), path=LIST)
    error = {"gsm_map_error": "27"} if number == 5 else {}
    api.script(state(1), Reply(503), state(3), state(3), state(number, **error), path=ONE)
    async with running_carrier(settings, api.url) as (carrier, recorder):
        assert carrier.capabilities.receipts
        outcome = await recorder.outcome(carrier, part(NUMBER))
        assert outcome.carrier_message_id == "589"
        await recorder.until(lambda: len(recorder.receipts) == 2)
        asked = [each.method for each in api.requests if each.path == ONE]
    waiting, final = recorder.receipts
    assert (waiting.state, waiting.reason) == (State.SENT, Reason.HANDSET_UNREACHABLE)
    assert (final.state, final.reason, final.carrier_code) == expected
    assert (final.carrier, final.carrier_message_id) == ("up", "589")
    assert final.numbers == (NUMBER,)
    assert asked == ["GET"] * 5


async def test_a_response_that_is_no_utf8_says_nothing_and_asking_goes_on(api) -> None:
    settings = prepared(api, EMNIFY)
    api.script(Reply(201, {"id": 589}), path=LIST)
    api.script(Reply(200, b'{"status": {"id": "\xff"}}'), state(4), path=ONE)
    async with running_carrier(settings, api.url) as (carrier, recorder):
        await recorder.outcome(carrier, part(NUMBER))
        await recorder.until(lambda: recorder.receipts)
        api.script(Reply(400, b'{"error_token": "\xff"}'), path=LIST)
        refused = await recorder.outcome(carrier, part(NUMBER))
    assert [each.state for each in recorder.receipts] == [State.DELIVERED]
    assert (refused.kind.value, refused.carrier_code) == ("refused", "HTTP 400")


async def test_a_part_that_is_gone_is_not_asked_for_again(api) -> None:
    settings = prepared(api, EMNIFY)
    api.script(Reply(201, {"id": 589}), Reply(201, {"id": 590}), path=LIST)
    api.script(Reply(404), path=ONE)
    api.script(state(4), path=f"{LIST}/590")
    async with running_carrier(settings, api.url) as (carrier, recorder):
        await recorder.outcome(carrier, part(NUMBER))
        await recorder.outcome(carrier, part(NUMBER, "other"))
        await recorder.until(lambda: len(recorder.receipts) == 1)
    assert recorder.receipts[0].carrier_message_id == "590"
    assert [each.path for each in api.requests].count(ONE) == 1


def listed(number, text, *, seconds=0, udh="", payload=None):
    when = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)
    submitted = when.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    return {"id": number, "payload": payload or text, "udh": udh, "submit_date": submitted}


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        (lambda: [listed(7, "hello")], "7"),
        (lambda: [listed(7, "hello"), listed(6, "hello", seconds=-600), listed(5, "other")], "7"),
        (lambda: [listed(7, "hello"), listed(8, "hello")], ""),  # which of them is not known
        (lambda: [listed(7, "hello", payload="***")], ""),
        (list, ""),
        (lambda: {"error": 1}, ""),
    ],
    ids=["one", "newest", "two", "masked", "none", "error"],
)
async def test_a_201_without_a_body_gets_its_id_from_the_list(api, entries, found) -> None:
    settings = prepared(api, EMNIFY)
    api.script(
        lambda request: Reply(201) if request.method == "POST" else Reply(200, entries()), path=LIST
    )
    async with running_carrier(settings, api.url) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(NUMBER))
    assert (outcome.kind.value, outcome.carrier_message_id) == ("accepted", found)


async def test_a_list_that_cannot_be_read_leaves_the_part_accepted(api) -> None:
    settings = prepared(api, EMNIFY)
    api.script(
        lambda request: Reply(201) if request.method == "POST" else Reply(act="cut"), path=LIST
    )
    async with running_carrier(settings, api.url) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(NUMBER))
    assert (outcome.kind.value, outcome.carrier_message_id) == ("accepted", "")


async def test_nothing_is_asked_without_a_request_for_a_receipt(api) -> None:
    settings = prepared(api, EMNIFY)
    api.script(Reply(201), path=LIST)
    async with running_carrier(settings, api.url) as (carrier, recorder):
        quiet = msgspec.structs.replace(part(NUMBER), options=Options(receipt=False))
        await recorder.outcome(carrier, quiet)
    assert [each.method for each in api.requests if each.path == LIST] == ["POST"]


@pytest.mark.parametrize(
    ("case", "check"), [(EMNIFY, check_log_in_of_emnify), (ONCE, check_log_in_of_once)]
)
async def test_a_log_in_is_as_documented_and_shared(api, case, check) -> None:
    settings = prepared(api, case, receipts="off")
    api.script(Reply(201))
    async with running_carrier(settings, api.url) as (carrier, recorder):
        for number in range(3):
            assert carrier.send(part(NUMBER, number=number), 0) is None
        await recorder.until(lambda: len(recorder.outcomes) == 3)
    log_ins = [each for each in api.requests if each.path == case.log_in[0]]
    assert len(log_ins) == 1
    check(log_ins[0])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_parts_have_a_header_of_our_own(api, case) -> None:
    settings = prepared(api, case, receipts="off")
    api.script(Reply(201))
    options = Options(Concatenation.UDH8)
    async with running_carrier(settings, api.url) as (carrier, recorder):
        assert carrier.capabilities.concatenation == "udh"
        for number, encoding in ((1, "gsm7"), (2, "ucs2")):
            one = msgspec.structs.replace(
                part(NUMBER, "abc"),
                number=number,
                total=2,
                reference=0x1CC,
                encoding=encoding,
                options=options,
                sender="447700900000" if number == 1 else "60601",
            )
            await recorder.outcome(carrier, one)
    bodies = [each.json for each in api.requests if each.path != case.log_in[0]]
    assert [each["udh"] for each in bodies] == ["050003CC0201", "050003CC0202"]  # as documented
    assert [each["payload"] for each in bodies] == ["abc", "abc"]
    assert [each["dcs"] for each in bodies] == [0, 8]
    assert [each.get("source_address_type") for each in bodies] == [{"id": 145}, None]
    assert bytes.fromhex(bodies[0]["udh"]) == concat_header(0xCC, 2, 1, 8)


def stored(number):
    until_ms = time.time_ns() // 1_000_000 + 60_000
    return AcceptedPart(str(number), NUMBER, until_ms)


async def test_parts_of_other_processes_are_asked_for_in_steps(api, monkeypatch) -> None:
    """There is room for two at a time; the store fails once."""
    monkeypatch.setattr(receipt_polls, "MOST_OPEN", 2)
    monkeypatch.setattr(receipt_polls, "_AGAIN_S", 0.01)
    settings = prepared(api, EMNIFY)
    api.script(state(4), path=LIST)
    left = {str(number) for number in range(5)}

    class Stored(Recorder):
        failures = 1

        async def list_open(self, after):
            if self.failures:
                self.failures -= 1
                raise StoreError("the store is not there")
            numbers = sorted(each for each in left if each > after)[:2]
            return [stored(each) for each in numbers], numbers[-1] if len(numbers) == 2 else ""

        def on_receipt(self, receipt, committed):
            left.discard(receipt.carrier_message_id)
            super().on_receipt(receipt, committed)

    carrier, recorder = HttpCarrier(settings_of(settings, api.url)), Stored()
    await carrier.start(recorder)
    try:
        await recorder.until(lambda: len(recorder.receipts) == 5)
    finally:
        await carrier.close()
    assert sorted(each.carrier_message_id for each in recorder.receipts) == list("01234")
    assert {each.state for each in recorder.receipts} == {State.DELIVERED}


async def test_a_part_whose_time_is_over_is_not_asked_for(api) -> None:
    settings = prepared(api, EMNIFY)
    api.script(state(4), path=LIST)
    late = AcceptedPart("7", NUMBER, time.time_ns() // 1_000_000 - 3_600_000)
    carrier, recorder = HttpCarrier(settings_of(settings, api.url)), Recorder()
    recorder.steps = {"": ([late, stored(8)], "")}
    await carrier.start(recorder)
    try:
        await recorder.until(lambda: recorder.receipts)
    finally:
        await carrier.close()
    assert [each.carrier_message_id for each in recorder.receipts] == ["8"]
