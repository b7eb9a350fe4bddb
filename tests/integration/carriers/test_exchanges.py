"""The exchange that a carrier shows is the one that was on the wire, without its secrets."""

from __future__ import annotations

import pytest
from msgspec import json, structs

from simpost.config.masked import secrets_of
from simpost.domain.exchanges import FieldPrivacy
from simpost.domain.messages import Attempt
from simpost.smpp import Status, SubmitSmResp, Tag, encode
from tests.contract.carrier_peers import part
from tests.integration.carriers import centre
from tests.integration.carriers.upstream_api import (
    SECRET,
    TEXT,
    Reply,
    running_api,
    running_carrier,
)
from tests.integration.carriers.upstream_case import Case
from tests.integration.carriers.upstream_cases import CASES

NUMBER = "447700900001"


def attempt_of(outcome, given, started_ms):
    return Attempt(
        part=given.number,
        number=given.attempt,
        carrier="up",
        outcome=outcome.kind,
        reason=outcome.reason,
        carrier_code=outcome.carrier_code,
        started_ms=started_ms,
        ended_ms=started_ms + 5,
        repeat=given.repeat,
        carrier_message_id=outcome.carrier_message_id,
    )


@pytest.mark.parametrize("changed", [{}, {"gsm7": "packed"}, {"validity": "absolute"}])
async def test_a_submit_is_shown_with_the_octets_that_were_sent(changed):
    given = centre.part("grüße €", number=2, total=3)
    async with centre.linked(**changed) as (carrier, peer, _):
        response = SubmitSmResp(message_id="x1", tlvs=((int(Tag.CONGESTION_STATE), b"\x05"),))
        peer.script = [response]
        outcome = await centre.send(carrier, given)
        sent = await peer.submits.get()
        tried = attempt_of(outcome, given, given.created_ms)
        shown = carrier.show_exchange(given, tried, has_text=True)
        carrier._recent._newest.clear()  # as after 512 more
        later = carrier.show_exchange(given, tried, has_text=True)
    assert shown.request.octets == encode(sent).hex()
    assert shown.response.octets == encode(response).hex()
    assert shown.connection == "transceiver 1"
    sent.sequence_number = 0
    assert later.request.octets == encode(sent).hex()
    assert {field.name: field.value for field in later.response.fields}["message_id"] == "x1"
    assert later.connection == ""


async def test_a_refusal_is_shown_with_its_status():
    given = centre.part("hello")
    async with centre.linked() as (carrier, peer, _):
        peer.script = [Status.ESME_RINVDSTADR]
        outcome = await centre.send(carrier, given)
        tried = attempt_of(outcome, given, given.created_ms)
        found = carrier.show_exchange(given, tried, has_text=True).response
        carrier._recent._newest.clear()
        stored = carrier.show_exchange(given, tried, has_text=True).response
    for shown in (found, stored):
        [status] = [field for field in shown.fields if field.name == "command_status"]
        assert status.value == "0x0000000B"
        assert status.meaning.startswith("ESME_RINVDSTADR")


@pytest.fixture
async def api():
    async with running_api() as found:
        yield found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_request_is_shown_as_it_was_sent_without_secrets(api, case: Case) -> None:
    given = part(NUMBER, TEXT)
    leak = {"error": f"{SECRET} is not for {NUMBER}: {TEXT}"}
    api.script(Reply(400, leak))
    if case.log_in:
        path, reply = case.log_in
        api.script(reply, path=path)
    async with running_carrier(case.settings, api.url) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, given)
        tried = attempt_of(outcome, given, given.created_ms)
        shown = carrier.show_exchange(given, tried, has_text=True)
        unread = structs.replace(given, text="")
        without_text = carrier.show_exchange(unread, tried, has_text=False)
        secrets = set(secrets_of(carrier._settings))
    request = next(
        each for each in reversed(api.requests) if not case.log_in or each.path != case.log_in[0]
    )
    fields = {field.name: field for field in shown.request.fields}
    assert shown.request.name == request.method
    assert request.path in fields["URL"].value
    sent = {name.removeprefix("header ").lower() for name in fields if name.startswith("header ")}
    assert sent <= request.headers.keys()
    texts = [field for field in shown.request.fields if field.privacy is FieldPrivacy.TEXT]
    assert all(field.value and TEXT[:4] in field.value for field in texts)
    assert texts or TEXT[:4] in fields["URL"].value or TEXT[:4].encode() not in request.body
    for each in (shown, without_text):
        values = [field.value or "" for field in (*each.request.fields, *each.response.fields)]
        assert not [secret for secret in secrets for value in values if secret in value]
    assert TEXT not in json.encode(without_text).decode()
    [status] = [field.value for field in shown.response.fields if field.name == "status"]
    assert status == "400"
    [body] = [field for field in shown.response.fields if field.name == "body"]
    assert body.privacy is FieldPrivacy.ADMIN
    assert TEXT not in body.value
    assert NUMBER not in body.value
