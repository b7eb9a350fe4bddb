"""What upstream APIs report by calling: their documented shapes, signatures and repetitions."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace
from pydantic import ValidationError

from simpost.carriers.http import HttpCarrier, callback_endpoint, parts_without_ids
from simpost.carriers.http.twilio_callbacks import TwilioCallbacks
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import StoreError
from simpost.ports.carrier import AcceptedPart
from simpost.ports.carrier_callbacks import (
    Callback,
    CallbackCarrier,
    CallbacksBusy,
    WrongCallbackSignature,
)
from tests.contract.carrier_peers import Recorder, part
from tests.integration.carriers.esim_go_cases import CASES as ESIM_GO
from tests.integration.carriers.example_cases import settings_in
from tests.integration.carriers.twilio_cases import SID
from tests.integration.carriers.upstream_api import (
    SECRET,
    Reply,
    running_api,
    running_carrier,
    settings_of,
)
from tests.integration.carriers.upstream_cases import CASES

TOKEN = "a-token-of-a-carrier-for-tests"
ICCID = "8988280666000000000"
SETTINGS = {case.name: {**case.settings, "callback_token": TOKEN} for case in CASES}
TWILIO = {**SETTINGS["twilio"], "callback_url": "https://sms.example.com"}
TWILIO_URL = f"https://sms.example.com/carriers/up/{TOKEN}"
ONCE = {**SETTINGS["once"], "receipts": "callback"}
GENERIC = {
    "type": "http",
    "url": "URL/",
    "body": {"to": "{destination}", "text": "{text}"},
    "callback_token": TOKEN,
    "callback": {
        "list_path": "results",
        "id_path": "messageId",
        "state_path": "status.groupName",
        "code_path": "error.name",
        "states": {
            "DELIVERED": "delivered",
            "UNDELIVERABLE": "failed",
            "EXPIRED": "expired",
            "REJECTED": "rejected",
            "PENDING": "waiting",
        },
    },
}


class Inbox(Recorder):
    """Keeps inbound parts, too; commits nothing while it `is_stuck`, but `waiting` later."""

    def __init__(self):
        super().__init__()
        self.parts = []
        self.is_stuck = False
        self.waiting = []

    def on_receipt(self, receipt, committed):
        if self.is_stuck:
            self.waiting.append((receipt, committed))
            self.changed.set()
        else:
            super().on_receipt(receipt, committed)

    def on_inbound(self, part):
        self.parts.append(part)
        future = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future


@pytest.fixture
async def started():
    found = []

    async def start(given):
        carrier, inbox = HttpCarrier(settings_of(given, "http://127.0.0.1:9")), Inbox()
        await carrier.start(inbox)
        found.append(carrier)
        return carrier, inbox

    yield start
    for carrier in found:
        await carrier.close()


def twilio_call(fields, *, method="POST", token=SECRET, url=TWILIO_URL):
    query = urlencode(fields) if method == "GET" else ""
    signed = f"{url}?{query}" if query else url + "".join(k + v for k, v in sorted(fields.items()))
    mac = hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()
    headers = {"x-twilio-signature": base64.b64encode(mac).decode()}
    return Callback(method, query, headers, b"" if query else urlencode(fields).encode())


def json_call(document, method="POST", **headers):
    return Callback(method, "", headers, json.dumps(document).encode())


def twilio_status(status, **others):
    return twilio_call({"MessageSid": SID, "MessageStatus": status, "To": "+44770", **others})


def once_status(number, **others):
    entry = {"id": "589", "endpoint": {"id": "1", "name": ICCID}, "status": {"id": number}}
    return {**entry, **others}


def infobip(group, error="NO_ERROR"):
    status = {"groupName": group, "name": "..."}
    return {"results": [{"messageId": "m-1", "status": status, "error": {"name": error}}]}


FAILED = (State.FAILED, Reason.UNDELIVERABLE)
ROWS = [
    (TWILIO, twilio_status("delivered"), [(SID, State.DELIVERED, None, None)]),
    (TWILIO, twilio_status("undelivered", ErrorCode="30003"), [(SID, *FAILED, "30003")]),
    (TWILIO, twilio_status("failed", ErrorCode="30007"), [(SID, *FAILED, "30007")]),
    (TWILIO, twilio_status("sent"), []),
    (TWILIO, twilio_status("a-new-status"), []),
    (
        TWILIO,
        twilio_call({"MessageSid": SID, "MessageStatus": "delivered"}, method="GET"),
        [(SID, State.DELIVERED, None, None)],
    ),
    (ONCE, json_call(once_status(4), "PATCH"), [("589", State.DELIVERED, None, None)]),
    (ONCE, json_call(once_status("5"), "PATCH"), [("589", *FAILED, None)]),
    (ONCE, json_call(once_status(2), "PATCH"), []),
    (
        ONCE,  # of the Data Streamer, which sends lists
        json_call([once_status(6, id="1", detail={"sms": {"id": 590}})]),
        [("590", State.EXPIRED, Reason.EXPIRED_AT_CARRIER, None)],
    ),
    (GENERIC, json_call(infobip("DELIVERED")), [("m-1", State.DELIVERED, None, "NO_ERROR")]),
    (GENERIC, json_call(infobip("UNDELIVERABLE", "EC_1")), [("m-1", *FAILED, "EC_1")]),
    (
        GENERIC,
        json_call(infobip("REJECTED")),
        [("m-1", State.REJECTED, Reason.REJECTED_BY_CARRIER, "NO_ERROR")],
    ),
    (
        GENERIC,
        json_call(infobip("PENDING")),
        [("m-1", State.SENT, Reason.HANDSET_UNREACHABLE, "NO_ERROR")],
    ),
    (GENERIC, json_call(infobip("NEW")), []),
    (SETTINGS["esim_go"], json_call({"alertType": "Utilisation", "iccid": ICCID}), []),
    # Of no known part: stored as unmatched.
    (
        SETTINGS["esim_go"],
        json_call({"alertType": "SMSFailed", "iccid": ICCID, "timestamp": "..."}),
        [("", *FAILED, "SMSFailed")],
    ),
]


EXAMPLES = [
    ("infobip", json_call(infobip("EXPIRED")), ("m-1", State.EXPIRED, "NO_ERROR")),
    (
        "vonage",
        Callback("GET", "messageId=v-1&status=delivered&err-code=0&msisdn=4477", {}, b""),
        ("v-1", State.DELIVERED, "0"),
    ),
    (
        "sinch",
        json_call(
            {
                "type": "recipient_delivery_report_sms",
                "batch_id": "01FC66621",
                "recipient": "447700900001",
                "code": 401,
                "status": "Failed",
            }
        ),
        ("01FC66621", State.FAILED, "401"),
    ),
    (
        "plivo",
        Callback("POST", "", {}, b"MessageUUID=p-1&Status=undelivered&ErrorCode=30"),
        ("p-1", State.FAILED, "30"),
    ),
]


@pytest.mark.parametrize(("name", "callback", "expected"), EXAMPLES)
async def test_an_example_reads_the_reports_of_its_api(started, name, callback, expected):
    carrier, inbox = await started(settings_in(name))
    assert callback.method in carrier.callback_methods
    await carrier.receive_callback(callback)
    (found,) = inbox.receipts
    assert (found.carrier_message_id, found.state, found.carrier_code) == expected


@pytest.mark.parametrize(("given", "callback", "expected"), ROWS)
async def test_a_report_is_a_receipt(started, given, callback, expected):
    carrier, inbox = await started(given)
    assert isinstance(carrier, CallbackCarrier)
    assert callback.method in carrier.callback_methods
    assert carrier.is_callback_token(TOKEN)
    for _ in range(2):  # repeated for hours: dispatch tells a repetition by its id and state
        answer = await carrier.receive_callback(callback)
        assert answer.body in (b"{}", b"<Response/>")
    found = [(r.carrier_message_id, r.state, r.reason, r.carrier_code) for r in inbox.receipts]
    assert found == expected * 2


@pytest.mark.parametrize(
    ("given", "callback"),
    [
        (
            GENERIC,
            json_call(
                {
                    "results": [
                        {"messageId": "1", "status": {"groupName": "DELIVERED"}},
                        {"event": "other"},
                        {"messageId": "2", "status": {"groupName": "DELIVERED"}},
                    ]
                }
            ),
        ),
        (
            ONCE,
            json_call([{"id": "1", "status": {"id": 4}}, 7, {"id": "2", "status": {"id": 4}}]),
        ),
    ],
)
async def test_a_report_that_is_not_understood_does_not_lose_the_others(
    started, given, callback, capsys
):
    carrier, inbox = await started(given)
    await carrier.receive_callback(callback)
    assert [receipt.carrier_message_id for receipt in inbox.receipts] == ["1", "2"]
    assert "callback_not_understood" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "callback"),
    [
        (TWILIO, twilio_call({"MessageStatus": "delivered"})),
        (TWILIO, twilio_call({})),
        (TWILIO, twilio_call({"MessageSid": SID, "SmsStatus": "received", "From": "+1\0"})),
        (ONCE, json_call({"id": "7", "payload": "hi", "source_address": "1\0"})),
        (ONCE, json_call({"status": {"id": 4}}, "PATCH")),
        (ONCE, Callback("POST", "", {}, b"<html>")),
        (ONCE, json_call({"payload": 1, "id": 2, "source_address": "1"})),
        (ONCE, json_call([1])),
        (GENERIC, json_call({})),
        (GENERIC, json_call({"results": ["x"]})),
        (GENERIC, json_call({"results": [{}] * 1_001})),
        (SETTINGS["esim_go"], json_call({"alertType": "SMSFailed"})),
        (SETTINGS["esim_go"], Callback("POST", "", {}, b"")),
    ],
)
async def test_what_is_not_understood_is_logged_and_not_sent_again(
    started, given, callback, capsys
):
    carrier, inbox = await started(given)
    await carrier.receive_callback(callback)
    assert inbox.receipts == []
    assert "callback_not_understood" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "callback"),
    [
        (TWILIO, twilio_call({"MessageSid": SID, "MessageStatus": "delivered"}, token="other")),
        (TWILIO, twilio_status("delivered")._replace(headers={})),
        (TWILIO, twilio_status("delivered")._replace(body=b"MessageSid=SM1&MessageStatus=failed")),
        (
            TWILIO,
            twilio_call({"MessageSid": SID, "MessageStatus": "read"}, url="https://x.example"),
        ),
        (SETTINGS["esim_go"], json_call({"alertType": "x"}, **{"x-signature-sha256": "00" * 32})),
        (
            {
                **GENERIC,
                "callback": {
                    **GENERIC["callback"],
                    "signature_header": "X-Sig",
                    "signature_secret": SECRET,
                },
            },
            json_call(infobip("DELIVERED"), **{"x-sig": "00" * 32}),
        ),
    ],
)
async def test_a_wrong_signature_changes_nothing(started, given, callback):
    carrier, inbox = await started(given)
    with pytest.raises(WrongCallbackSignature):
        await carrier.receive_callback(callback)
    assert (inbox.receipts, inbox.parts) == ([], [])


async def test_a_signed_body_of_the_generic_carrier_is_accepted(started):
    signed = {"signature_header": "X-Sig", "signature_secret": SECRET}
    carrier, inbox = await started({**GENERIC, "callback": {**GENERIC["callback"], **signed}})
    body = json.dumps(infobip("DELIVERED")).encode()
    mac = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
    await carrier.receive_callback(Callback("POST", "", {"x-sig": f"sha256={mac}"}, body))
    assert len(inbox.receipts) == 1


@pytest.mark.parametrize(
    ("pairs", "signature"),
    [
        (
            [
                ("CallSid", "CA1234567890ABCDE"),
                ("Caller", "+14158675309"),
                ("Digits", "1234"),
                ("From", "+14158675309"),
                ("To", "+18005551212"),
            ],
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
        (
            [
                ("Sid", "CA123"),
                ("SidAccount", "AC123"),
                ("Digits", "5678"),
                ("Digits", "1234"),
                ("Digits", "1234"),
            ],
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
    ],
)
def test_the_signature_is_that_of_twilios_published_vectors(pairs, signature):
    """Vectors of Twilio's own libraries (`RequestValidatorTest`), with the token 12345."""
    reader = TwilioCallbacks("https://mycompany.com/myapp.php", "12345")
    headers = {"x-twilio-signature": signature}
    callback = Callback("POST", "foo=1&bar=2", headers, urlencode(pairs).encode())
    assert reader._signed_fields(callback)["Digits"] == "1234"
    with pytest.raises(WrongCallbackSignature):
        reader._signed_fields(callback._replace(query="foo=1&bar=3"))


MO_ONCE = {
    "id": "77",
    "payload": "Grüße \U0001f600",
    "submit_date": "2026-11-29 10:00:00",
    "source_address": "882285100000001",
    "dest_address": "4455",
    "dcs": "8",
    "endpoint": {"id": "1", "name": ICCID},
}
MO_TWILIO = {
    "MessageSid": "SM" + "b" * 32,
    "SmsStatus": "received",
    "From": "+447700900001",
    "To": "+447700900000",
    "Body": "Grüße \U0001f600",
}


@pytest.mark.parametrize(
    ("given", "callback", "source", "destination"),
    [
        (ONCE, json_call(MO_ONCE), "882285100000001", "4455"),
        (TWILIO, twilio_call(MO_TWILIO), "447700900001", "447700900000"),
    ],
)
async def test_a_reply_of_a_handset_is_inbound_once(started, given, callback, source, destination):
    carrier, inbox = await started(given)
    for _ in range(3):
        await carrier.receive_callback(callback)
    (found,) = inbox.parts
    assert (found.source, found.destination, found.carrier) == (source, destination, "up")
    assert found.octets.decode("utf-16-be") == "Grüße \U0001f600"
    assert found.place.is_alone
    # An equal text with another id is another text.
    other = twilio_call({**MO_TWILIO, "MessageSid": "SM" + "c" * 32})
    await carrier.receive_callback(other if given is TWILIO else json_call({**MO_ONCE, "id": 78}))
    assert len({each.place.reference for each in inbox.parts}) == 2


async def test_parts_of_a_reply_have_their_place(started):
    carrier, inbox = await started(ONCE)
    info = {"identifier": "300", "partno": "2", "total": "2"}
    await carrier.receive_callback(json_call({**MO_ONCE, "multi_part_info": info}))
    place = inbox.parts[0].place
    assert (place.kind, place.reference, place.total, place.number) == ("udh16", 300, 2, 2)


async def test_what_is_not_committed_is_to_be_sent_again(started, monkeypatch):
    monkeypatch.setattr(callback_endpoint, "_COMMIT_S", 0.05)
    carrier, inbox = await started(GENERIC)
    inbox.is_stuck = True
    with pytest.raises(CallbacksBusy):
        await carrier.receive_callback(json_call(infobip("DELIVERED")))
    inbox.is_stuck = False
    await carrier.receive_callback(json_call(infobip("DELIVERED")))
    assert len(inbox.receipts) == 1


async def test_reports_of_one_call_are_committed_together(started):
    carrier, inbox = await started(GENERIC)
    inbox.is_stuck = True
    many = {"results": infobip("DELIVERED")["results"] * 300}
    call = asyncio.create_task(carrier.receive_callback(json_call(many)))
    await inbox.until(lambda: len(inbox.waiting) == 300)
    assert not call.done()
    for _, committed in inbox.waiting:
        committed()
    await call


async def test_what_waits_for_the_store_has_a_bound(started, monkeypatch):
    monkeypatch.setattr(callback_endpoint, "_COMMIT_S", 0.01)
    carrier, inbox = await started(GENERIC)
    inbox.is_stuck = True
    many = json_call({"results": infobip("DELIVERED")["results"] * 400})
    for _ in range(5):
        with pytest.raises(CallbacksBusy):
            await carrier.receive_callback(many)
    assert len(inbox.waiting) == 800  # of 1,000; the next 400 do not fit
    inbox.is_stuck = False
    for _, committed in inbox.waiting:
        committed()
    await carrier.receive_callback(many)
    assert len(inbox.receipts) == 400


@pytest.mark.parametrize("token", ["", TOKEN[:-1], f"{TOKEN}x", "\udcff"])
async def test_another_token_is_wrong(started, token):
    carrier, _ = await started(GENERIC)
    assert not carrier.is_callback_token(token)
    without, _ = await started({**GENERIC, "callback_token": "", "callback": None})
    assert not without.is_callback_token("")
    assert without.callback_methods == frozenset()


async def test_twilio_is_told_where_to_report(started):
    async with running_api() as api:
        api.script(Reply(201, {"sid": SID, "status": "queued"}))
        async with running_carrier(TWILIO, api.url) as (carrier, recorder):
            assert carrier.capabilities.receipts
            await recorder.outcome(carrier, part("447700900001"))
        assert dict(api.requests[0].form)["StatusCallback"] == TWILIO_URL


async def test_a_failure_without_an_id_is_of_the_only_part_that_fits():
    """eSIM Go names the ICCID only: with two parts to it, neither of them has failed for sure."""
    settings = {**ESIM_GO[0].settings, "callback_token": TOKEN}
    async with running_api() as api:
        api.script(Reply(200, {"status": "sent"}))
        async with running_carrier(settings, api.url) as (carrier, recorder):
            first = await recorder.outcome(carrier, part(ICCID, number=1))
            await recorder.outcome(carrier, part("8988280666000000001", number=2))
            assert first.carrier_message_id
            failed = json_call({"alertType": "SMSFailed", "iccid": ICCID})
            await carrier.receive_callback(failed)
            second = await recorder.outcome(carrier, part(ICCID, number=3))
            assert second.carrier_message_id != first.carrier_message_id
            await carrier.receive_callback(failed)
    ids = [receipt.carrier_message_id for receipt in recorder.receipts]
    assert ids == [first.carrier_message_id, ""]
    assert recorder.receipts[1].numbers == (ICCID,)


async def test_a_failure_without_an_id_may_be_of_a_part_in_doubt():
    settings = {**ESIM_GO[0].settings, "callback_token": TOKEN}
    failed = json_call({"alertType": "SMSFailed", "iccid": ICCID})
    async with running_api() as api:
        api.script(Reply(act="cut"), Reply(200, {"status": "sent"}))
        async with running_carrier(settings, api.url) as (carrier, recorder):
            doubtful = part(ICCID, number=1)
            assert (await recorder.outcome(carrier, doubtful)).kind.value == "in_doubt"
            await carrier.receive_callback(failed)  # its number finds it
            await recorder.outcome(carrier, part(ICCID, number=2))
            await carrier.receive_callback(failed)  # of either
    assert [receipt.carrier_message_id for receipt in recorder.receipts] == ["", ""]


async def test_a_repeat_of_a_part_in_doubt_is_the_same_part():
    settings = {**ESIM_GO[0].settings, "callback_token": TOKEN}
    async with running_api() as api:
        api.script(Reply(act="cut"), Reply(200, {"status": "sent"}))
        async with running_carrier(settings, api.url) as (carrier, recorder):
            first = part(ICCID, number=1)
            await recorder.outcome(carrier, first)
            again = replace(first, attempt=first.attempt + 1, unclear=first.unclear + 1)
            accepted = await recorder.outcome(carrier, again)
            failed = json_call({"alertType": "SMSFailed", "iccid": ICCID})
            await carrier.receive_callback(failed)
    assert [one.carrier_message_id for one in recorder.receipts] == [accepted.carrier_message_id]


async def test_a_failure_without_an_id_is_of_none_while_a_forgotten_part_may_be_open(monkeypatch):
    monkeypatch.setattr(parts_without_ids, "MOST_PARTS", 1)
    settings = {**ESIM_GO[0].settings, "callback_token": TOKEN}
    async with running_api() as api:
        api.script(Reply(200, {"status": "sent"}))
        async with running_carrier(settings, api.url) as (carrier, recorder):
            for number, to in enumerate((ICCID, "8988280666000000001", ICCID), 1):
                await recorder.outcome(carrier, part(to, number=number))
            await carrier.receive_callback(json_call({"alertType": "SMSFailed", "iccid": ICCID}))
    assert [receipt.carrier_message_id for receipt in recorder.receipts] == [""]


@pytest.mark.parametrize(
    ("ids", "expected"), [(["own"], "own"), (["own", "other"], ""), (["own", None], ""), ([], "")]
)
async def test_a_failure_without_an_id_is_of_a_part_in_the_store(started, ids, expected):
    carrier, inbox = await started(SETTINGS["esim_go"])
    inbox.stored = [AcceptedPart(each, ICCID, 0) for each in ids]
    inbox.stored.append(AcceptedPart("of another", "8988280666000000001", 0))
    await carrier.receive_callback(json_call({"alertType": "SMSFailed", "iccid": ICCID}))
    assert [receipt.carrier_message_id for receipt in inbox.receipts] == [expected]


async def test_a_failure_is_sent_again_while_the_store_cannot_be_read(started, monkeypatch):
    carrier, inbox = await started(SETTINGS["esim_go"])

    async def fail(iccid):
        raise StoreError("the store is not there")

    monkeypatch.setattr(inbox, "list_sent_to", fail)
    with pytest.raises(CallbacksBusy):
        await carrier.receive_callback(json_call({"alertType": "SMSFailed", "iccid": ICCID}))
    assert inbox.receipts == []


TELNYX_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FINALIZED = {
    "data": {
        "event_type": "message.finalized",
        "payload": {"id": "4031", "to": [{"status": "delivered"}], "errors": []},
    }
}


def telnyx_call(at_s):
    """Signed as documented: base64, of the time, a bar and the raw body."""
    plain = json_call(FINALIZED)
    signature = TELNYX_KEY.sign(f"{at_s}|".encode() + plain.body)
    headers = {
        "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        "telnyx-timestamp": str(at_s),
    }
    return plain._replace(headers=headers)


async def test_telnyx_is_believed_with_its_signature_and_not_after_five_minutes(started):
    settings = settings_in("telnyx")
    public = TELNYX_KEY.public_key().public_bytes_raw()
    settings["callback"]["signature_public_key"] = base64.b64encode(public).decode()
    carrier, inbox = await started(settings)
    now_s = time.time_ns() // 10**9
    for wrong in (
        json_call(FINALIZED),
        telnyx_call(now_s - 301),
        telnyx_call(now_s)._replace(body=b"{}"),
        telnyx_call(now_s)._replace(headers={"telnyx-timestamp": str(now_s)}),
    ):
        with pytest.raises(WrongCallbackSignature):
            await carrier.receive_callback(wrong)
    assert inbox.receipts == []
    for _ in range(2):  # within its time a replay is a repeated report
        await carrier.receive_callback(telnyx_call(now_s - 200))
    found = {(each.carrier_message_id, each.state) for each in inbox.receipts}
    assert found == {("4031", State.DELIVERED)}


@pytest.mark.parametrize(
    "changes",
    [
        {"signature_public_key": "AAAA", "signature_header": "X"},
        {"signature_public_key": "not base64", "signature_header": "X"},
        {"signature_public_key": "A" * 43 + "="},
        {"signature_public_key": "A" * 43 + "=", "signature_header": "X", "signature_secret": "s"},
        {"signature_time_header": "X"},
    ],
)
async def test_settings_of_a_signature_that_contradict_each_other_are_refused(changes):
    with pytest.raises(ValidationError):
        settings_of({**GENERIC, "callback": GENERIC["callback"] | changes}, "http://127.0.0.1:9")


REPLIES = [
    (
        "infobip",
        json_call(
            {
                "results": [
                    {
                        "messageId": "817790313235066447",
                        "from": "447700900001",
                        "to": "447700900000",
                        "text": "STOP please",
                        "cleanText": "please",
                        "keyword": "STOP",
                        "receivedAt": "2026-11-29T10:00:00.000+0000",
                        "smsCount": 1,
                    }
                ],
                "messageCount": 1,
                "pendingMessageCount": 0,
            }
        ),
    ),
    (
        "vonage",
        Callback(
            "GET",
            "msisdn=447700900001&to=447700900000&messageId=0A0000000123ABCD1&text=STOP+please"
            "&type=text&keyword=STOP&api-key=abcd1234&message-timestamp=2026-11-29+10%3A00%3A00",
            {},
            b"",
        ),
    ),
    (
        "sinch",
        json_call(
            {
                "type": "mo_text",
                "id": "01XXXXX21XXXXX119Z8P1XXXXX",
                "from": "447700900001",
                "to": "447700900000",
                "body": "STOP please",
                "received_at": "2026-11-29T10:00:00.000Z",
            }
        ),
    ),
    (
        "plivo",
        Callback(
            "POST",
            "",
            {},
            b"From=447700900001&To=447700900000&Text=STOP+please&Type=sms&MessageUUID=p-9",
        ),
    ),
]


@pytest.mark.parametrize(("name", "callback"), REPLIES)
async def test_an_example_reads_the_replies_of_its_api(started, name, callback):
    carrier, inbox = await started(settings_in(name))
    for _ in range(2):
        await carrier.receive_callback(callback)
    [found] = inbox.parts
    assert found.octets.decode("utf-16-be") == "STOP please"
    assert (found.source, found.destination) == ("447700900001", "447700900000")
    assert inbox.receipts == []


@pytest.mark.parametrize("reference", ["1", "A9F3", "3a2b8c1e-0000"])
async def test_vonage_passes_the_parts_of_a_reply_on_one_by_one(started, reference):
    """developer.vonage.com, "Inbound SMS": parts have concat, concat-ref, -total and -part."""
    carrier, inbox = await started(settings_in("vonage"))
    for number, text in ((2, "world"), (1, "Hello ")):
        query = {
            "msisdn": "447700900001",
            "to": "447700900000",
            "messageId": f"0A000000{number}",
            "text": text,
            "type": "text",
            "concat": "true",
            "concat-ref": reference,
            "concat-total": "2",
            "concat-part": str(number),
        }
        for _ in range(2):  # repeated for a day
            await carrier.receive_callback(Callback("GET", urlencode(query), {}, b""))
    places = [(each.place.total, each.place.number) for each in inbox.parts]
    assert places == [(2, 2), (2, 1)]
    assert len({each.place.reference for each in inbox.parts}) == 1


async def test_telnyx_says_by_the_type_of_an_event_that_it_is_a_reply(started):
    """A report of a message of ours has a text and numbers, too."""
    settings = settings_in("telnyx")
    for name in ("signature_header", "signature_time_header", "signature_public_key"):
        del settings["callback"][name]
    carrier, inbox = await started(settings)
    payload = {
        "id": "84cca175",
        "from": {"phone_number": "+447700900001"},
        "to": [{"phone_number": "+447700900000", "status": "webhook_delivered"}],
        "text": "hello",
    }
    received = {"data": {"event_type": "message.received", "payload": payload}}
    await carrier.receive_callback(json_call(received))
    ours = payload | {"to": [{"phone_number": "+447700900001", "status": "delivered"}]}
    finalized = {"data": {"event_type": "message.finalized", "payload": ours}}
    await carrier.receive_callback(json_call(finalized))
    [found] = inbox.parts
    assert (found.source, found.destination) == ("447700900001", "447700900000")
    assert [each.state for each in inbox.receipts] == [State.DELIVERED]


REPLY = {"id_path": "id", "source_path": "from", "destination_path": "to", "text_path": "text"}


@pytest.mark.parametrize(
    "body",
    [
        {"id": "1", "from": "", "to": "2", "text": "x"},
        {"id": "", "from": "1", "to": "2", "text": "x"},
        {"id": "1", "from": "1\0", "to": "2", "text": "x"},
    ],
)
async def test_a_reply_without_its_fields_is_not_understood(started, capsys, body):
    carrier, inbox = await started({**GENERIC, "reply": REPLY})
    await carrier.receive_callback(json_call(body))
    assert (inbox.parts, inbox.receipts) == ([], [])
    assert "callback_not_understood" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changes",
    [
        {"reply": REPLY, "callback": None},
        {"reply": REPLY | {"when_path": "type"}},
        {"reply": REPLY | {"part_total_path": "total", "part_number_path": "number"}},
    ],
)
async def test_settings_of_replies_that_lack_something_are_refused(changes):
    with pytest.raises(ValidationError):
        settings_of({**GENERIC, **changes}, "http://127.0.0.1:9")
