"""All upstream APIs of HTTP carriers at real sockets: one table, see `upstream_cases.py`."""

from __future__ import annotations

import base64
import hmac
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest

from simpost.config.sources import EsimAccessSourceSettings
from simpost.domain.options import Concatenation, Options
from simpost.ports.carrier import ConnectionState
from simpost.text import CallLimit
from tests.contract.carrier_peers import part, unused_port
from tests.integration.carriers import example_cases
from tests.integration.carriers.example_cases import FOLDER
from tests.integration.carriers.upstream_api import (
    SECRET,
    TEXT,
    Reply,
    running_api,
    running_carrier,
    settings_of,
    shown,
)
from tests.integration.carriers.upstream_case import Case
from tests.integration.carriers.upstream_cases import CASES
from tests.turns import until

NUMBER = "447700900001"
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture
async def api():
    async with running_api() as found:
        yield found


def prepared(api, case, *replies):
    api.script(*replies)
    if case.log_in:
        path, reply = case.log_in
        api.script(reply, path=path)


def sent(api, case):
    return [each for each in api.requests if not case.log_in or each.path != case.log_in[0]]


@each_case
async def test_a_part_is_requested_as_documented(api, case: Case) -> None:
    prepared(api, case, case.accepted)
    async with running_carrier(case.settings, api.url) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(NUMBER, TEXT))
    assert outcome.kind.value == "accepted"
    (request,) = sent(api, case)
    case.check(request)


@each_case
async def test_each_response_has_its_outcome(api, case: Case) -> None:
    for reply, *expected in case.outcomes:
        api.forget()
        prepared(api, case, reply)
        async with running_carrier(case.settings, api.url) as (carrier, recorder):
            outcome = await recorder.outcome(carrier, part(NUMBER, TEXT))
        assert shown(outcome) == tuple(expected), reply


@each_case
async def test_what_left_without_a_response_is_in_doubt_and_sent_once(api, case, capsys) -> None:
    """Neither a key nor a text is in the log."""
    for act in ("cut", "hang"):
        api.forget()
        prepared(api, case, Reply(act=act))
        async with running_carrier(case.settings, api.url) as (carrier, recorder):
            outcome = await recorder.outcome(carrier, part(NUMBER, TEXT))
            assert outcome.kind.value == "in_doubt"
            assert SECRET not in str(carrier.connections())
        assert len(sent(api, case)) == 1
    logged = capsys.readouterr().out
    assert "no_response" in logged
    assert SECRET not in logged
    assert TEXT not in logged


@each_case
async def test_a_refused_connection_is_not_in_doubt(case: Case, capsys) -> None:
    url = f"http://127.0.0.1:{unused_port()}"
    async with running_carrier(case.settings, url) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(NUMBER, TEXT))
        assert shown(outcome) == ("unreachable", "carrier_unreachable", None)
        assert carrier.state is ConnectionState.LOST
        (connection,) = carrier.connections()
    logged = capsys.readouterr().out
    assert "carrier_unreachable" in logged
    assert SECRET not in logged + connection.problem
    assert TEXT not in logged + connection.problem


LOG_IN = {
    "type": "http",
    "url": "URL/send",
    "body": {"to": "{destination}", "text": "{text}"},
    "auth": {
        "type": "log_in",
        "url": "URL/auth",
        "body": {"user": "me", "password": SECRET},
        "headers": {"Authorization": "Bearer {token}", "apikey": "{customer.id}"},
        "expires_path": "life",
    },
}
OAUTH = {
    **LOG_IN,
    "auth": {
        "type": "oauth2",
        "token_url": "URL/auth",
        "client_id": "a:b",
        "client_secret": SECRET,
        "scope": "sms",
    },
}
TOKEN = {"token": "t-1", "customer": {"id": 7}}


async def test_a_log_in_gives_the_headers_of_all_requests(api) -> None:
    api.script(Reply(200))
    api.script(Reply(200, TOKEN), path="/auth")
    async with running_carrier(LOG_IN, api.url) as (carrier, recorder):
        for number in range(5):
            assert carrier.send(part(NUMBER, number=number), 0) is None
        await recorder.until(lambda: len(recorder.outcomes) == 5)
    first, *rest = api.requests
    assert (first.path, first.json) == ("/auth", {"user": "me", "password": SECRET})
    assert {each.path for each in rest} == {"/send"}
    assert {(each.headers["authorization"], each.headers["apikey"]) for each in rest} == {
        ("Bearer t-1", "7")
    }


async def test_client_credentials_give_a_token(api) -> None:
    api.script(Reply(200))
    api.script(Reply(200, {"access_token": "t-2", "expires_in": 3600}), path="/auth")
    async with running_carrier(OAUTH, api.url) as (carrier, recorder):
        await recorder.outcome(carrier, part(NUMBER))
        await recorder.outcome(carrier, part(NUMBER))
    log_in, *rest = api.requests
    assert log_in.headers["authorization"] == "Basic YSUzQWI6aHVzaC1odXNoLWtleQ=="  # a%3Ab
    assert log_in.form == [("grant_type", "client_credentials"), ("scope", "sms")]
    assert [each.headers["authorization"] for each in rest] == ["Bearer t-2"] * 2


async def test_a_refused_token_is_replaced_once_for_all_requests(api) -> None:
    first = {"authorization": "Bearer t-1"}.items()
    api.script(lambda request: Reply(401 if first <= request.headers.items() else 200))
    api.script(Reply(200, TOKEN), Reply(200, {**TOKEN, "token": "t-2"}), path="/auth")
    async with running_carrier(LOG_IN, api.url) as (carrier, recorder):
        for number in range(3):
            assert carrier.send(part(NUMBER, number=number), 0) is None
        await recorder.until(lambda: len(recorder.outcomes) == 3)
    assert {outcome.kind.value for _, outcome in recorder.outcomes} == {"accepted"}
    paths = [each.path for each in api.requests]
    assert paths.count("/auth") == 2
    given = [each.headers["authorization"] for each in api.requests if each.path == "/send"]
    assert given.count("Bearer t-2") == 3


async def test_a_token_that_is_always_refused_pauses_the_carrier(api) -> None:
    api.script(Reply(401))
    api.script(Reply(200, TOKEN), path="/auth")
    async with running_carrier(LOG_IN, api.url) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(NUMBER))
        assert shown(outcome) == ("unreachable", "carrier_unreachable", "HTTP 401")
        assert carrier.capacity == 0
        assert "credentials" in carrier.connections()[0].problem
    assert [each.path for each in api.requests] == ["/auth", "/send", "/auth", "/send"]


async def test_a_life_of_a_token_without_measure_is_the_longest_one(api) -> None:
    api.script(Reply(200))
    api.script(
        Reply(200, b'{"token":"t","customer":{"id":7},"life":%b}' % (b"9" * 400)), path="/auth"
    )
    async with running_carrier(LOG_IN, api.url) as (carrier, recorder):
        assert (await recorder.outcome(carrier, part(NUMBER))).kind.value == "accepted"


async def test_a_busy_log_in_is_tried_again_at_the_time_it_names(api) -> None:
    """The date is compared with the present: a carrier is not closed for the hour of the limit."""
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    api.script(Reply(200))
    api.script(Reply(503, headers={"Retry-After": date}), Reply(200, TOKEN), path="/auth")
    async with running_carrier(LOG_IN, api.url) as (carrier, recorder):
        assert (await recorder.outcome(carrier, part(NUMBER))).kind.value == "unreachable"
        assert carrier.is_open


async def test_a_refused_log_in_is_not_repeated_for_minutes(api, capsys) -> None:
    """emnify locks out after three of them; failover begins, because the carrier is closed."""
    api.script(Reply(200))
    api.script(Reply(401, {"message": SECRET}), path="/auth")
    async with running_carrier(LOG_IN, api.url) as (carrier, recorder):
        for number in range(5):
            assert carrier.send(part(NUMBER, number=number), 0) is None
        await recorder.until(lambda: len(recorder.outcomes) == 5)
        assert {shown(outcome) for _, outcome in recorder.outcomes} == {
            ("unreachable", "carrier_unreachable", None)
        }
        assert (carrier.is_open, carrier.capacity) == (False, 0)
        assert carrier.state is ConnectionState.LOST
        assert carrier.ownership.unreachable_for_s == 0  # of no use at another node
        assert shown(await recorder.outcome(carrier, part(NUMBER)))[0] == "unreachable"
        assert "refused the log-in (HTTP 401)" in carrier.problem
        # New settings are tried at once.
        api.script(Reply(200, TOKEN), path="/auth")
        await carrier.reconfigure(carrier._settings)
        assert (await recorder.outcome(carrier, part(NUMBER))).kind.value == "accepted"
    assert [each.path for each in api.requests] == ["/auth", "/auth", "/send"]
    assert SECRET not in capsys.readouterr().out


async def test_a_token_is_renewed_before_it_ends(api, monkeypatch) -> None:
    api.script(Reply(200))
    api.script(Reply(200, {**TOKEN, "life": 60}), path="/auth")
    now_s = [1_000.0]
    async with running_carrier(LOG_IN, api.url) as (carrier, recorder):
        monkeypatch.setattr(carrier._token, "_clock_s", lambda: now_s[0])
        for at_s in (0, 29, 31):
            now_s[0] = 1_000.0 + at_s
            await recorder.outcome(carrier, part(NUMBER))
    paths = [each.path for each in api.requests]
    assert paths == ["/auth", "/send", "/send", "/auth", "/send"]


async def test_a_response_without_the_token_sends_nothing(api) -> None:
    api.script(Reply(200))
    for body in ({}, {"token": "a\r\nX: b", "customer": {"id": 7}}, b"", {"token": ["x"]}):
        api.script(Reply(200, body), path="/auth")
        async with running_carrier(LOG_IN, api.url) as (carrier, recorder):
            outcome = await recorder.outcome(carrier, part(NUMBER))
            assert shown(outcome) == ("unreachable", "carrier_unreachable", None)
    assert {each.path for each in api.requests} == {"/auth"}


@pytest.mark.parametrize("secret", ["a\r\nX-Evil: 1", "ä"])
def test_a_secret_that_is_no_header_is_refused(secret) -> None:
    from simpost.config.http_auth import BearerAuth

    with pytest.raises(ValueError, match="printable ASCII"):
        BearerAuth.model_validate({"type": "bearer", "token": secret}, strict=False)


SETTINGS = {case.name: case.settings for case in CASES}
ESIM_ACCESS = SETTINGS["esim_access"]


async def test_an_attempt_after_a_doubt_has_the_same_request_id(api) -> None:
    """HiRoaming describes it as "for idempotency"."""
    api.script(Reply(act="cut"), Reply(200, {"success": False, "errorCode": "900001"}))
    first = part(NUMBER)
    again = msgspec.structs.replace(first, attempt=2, unclear=1, repeat=True)
    later = msgspec.structs.replace(first, attempt=3, unclear=1)
    async with running_carrier(ESIM_ACCESS, api.url) as (carrier, recorder):
        for each in (first, again, later):
            await recorder.outcome(carrier, each)
    ids = [each.headers["rt-requestid"] for each in api.requests]
    assert ids[0] == ids[1] != ids[2]


async def test_throttled_responses_lower_the_rate_that_others_share(api) -> None:
    """8 a second are for all calls of the account, so fewer may be left for texts."""
    api.script(Reply(429))
    settings = {**ESIM_ACCESS, "rate_per_s": 200}
    async with running_carrier(settings, api.url) as (carrier, recorder):
        source = EsimAccessSourceSettings.model_fields["rate_per_s"].default
        assert settings_of(ESIM_ACCESS, api.url).rate_per_s + source == 8
        while carrier.connections()[0].allowed_per_s == 200:
            await recorder.until(lambda: carrier.capacity > 0)
            await recorder.outcome(carrier, part(NUMBER))
        assert carrier.connections()[0].allowed_per_s < 100


async def test_nothing_is_sent_until_retry_after_has_passed(api) -> None:
    api.script(Reply(429, headers={"Retry-After": "60"}))
    async with running_carrier(ESIM_ACCESS, api.url) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(NUMBER))
        assert (outcome.kind.value, outcome.retry_after_s) == ("throttled", 60.0)
        assert carrier.capacity == 0
        assert carrier.state is ConnectionState.THROTTLED


async def test_numbered_texts_begin_with_their_number(api) -> None:
    api.script(Reply(200, {"success": True}))
    options = Options(Concatenation.NUMBERED)
    async with running_carrier(ESIM_ACCESS, api.url) as (carrier, recorder):
        for number, total in ((1, 2), (2, 2), (1, 1)):
            one = msgspec.structs.replace(
                part(NUMBER, "abc"), number=number, total=total, options=options
            )
            await recorder.outcome(carrier, one)
    assert [each.json["message"] for each in api.requests] == ["1/2 abc", "2/2 abc", "abc"]


@pytest.mark.parametrize(("numbered", "way"), [("whole", "payload"), ("numbered", "numbered")])
async def test_the_limit_of_a_request_is_counted_as_the_api_counts(api, numbered, way) -> None:
    settings = {**ESIM_ACCESS, "long_texts": numbered}
    async with running_carrier(settings, api.url) as (carrier, _):
        found = carrier.capabilities
    assert (found.concatenation, found.call_limit) == (way, CallLimit(500, "utf16"))
    assert (found.receipts, found.sender, found.senders) == (False, "", frozenset())


async def test_a_limit_of_the_hour_is_waited_for(api) -> None:
    reset = int(time.time()) + 600
    api.script(Reply(429, headers={"X-RateLimit-Reset": str(reset)}))
    async with running_carrier(SETTINGS["esimfly"], api.url) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(NUMBER))
        assert outcome.retry_after_s == pytest.approx(600, abs=10)
        assert carrier.capacity == 0


@pytest.mark.parametrize(
    ("sender", "expected"),
    [("447700900000", "+447700900000"), ("60601", "60601"), ("Shop", "Shop"), ("", None)],
)
async def test_twilio_gets_senders_as_it_wants_them(api, sender, expected) -> None:
    api.script(Reply(201))
    settings = {**SETTINGS["twilio"], "messaging_service_sid": "MG1"}
    async with running_carrier(settings, api.url) as (carrier, recorder):
        await recorder.outcome(carrier, msgspec.structs.replace(part(NUMBER), sender=sender))
    form = dict(api.requests[0].form)
    assert form.get("From") == expected
    assert form.get("MessagingServiceSid") == (None if sender else "MG1")


def test_each_example_is_tested_and_listed() -> None:
    names = {path.stem for path in FOLDER.glob("*.toml")}
    assert names == {case.name for case in example_cases.CASES}
    page = (FOLDER.parents[1] / "docs" / "carriers.md").read_text("utf-8")
    assert all(f"../examples/carriers/{name}.toml" in page for name in names)


@pytest.mark.parametrize(("encoding", "number"), [("gsm7", 1), ("ucs2", 2)])
async def test_soracom_is_always_told_the_encoding(api, encoding, number) -> None:
    """Without it a text of 160 characters would be one of UCS-2, which has 70."""
    api.script(Reply(202, {"messageId": "1"}))
    api.script(Reply(200, {"apiKey": "k", "token": "t"}), path="/v1/auth")
    async with running_carrier(SETTINGS["soracom"], api.url) as (carrier, recorder):
        await recorder.outcome(carrier, msgspec.structs.replace(part(NUMBER), encoding=encoding))
    assert api.requests[-1].json["encodingType"] == number


HMAC = {
    "type": "http",
    "url": "URL/send",
    "body": {"to": "{destination}", "text": "{text}", "ref": "{request_id}"},
    "request_id_header": "Idempotency-Key",
    "auth": {
        "type": "hmac",
        "secret": SECRET,
        "header": "X-Signature",
        "digest": "sha512",
        "encoding": "base64",
        "prefix": "v1=",
        "signed": "{timestamp}.{request_id}.{body}",
        "timestamp_header": "X-Time",
        "request_id_header": "X-Id",
    },
}


async def test_a_body_is_signed_as_it_is_sent_and_a_repeat_has_the_same_key(api) -> None:
    api.script(Reply(act="cut"), Reply(503), Reply(200))
    first = part(NUMBER, TEXT)
    again = msgspec.structs.replace(first, attempt=2, unclear=1)
    later = msgspec.structs.replace(first, attempt=3, unclear=1)
    async with running_carrier(HMAC, api.url) as (carrier, recorder):
        for each in (first, again, later):
            await recorder.outcome(carrier, each)
    for request in api.requests:
        given = request.headers
        signed = f"{given['x-time']}.{given['x-id']}.".encode() + request.body
        mac = hmac.new(SECRET.encode(), signed, "sha512").digest()
        assert given["x-signature"] == "v1=" + base64.b64encode(mac).decode()
        assert given["idempotency-key"] == given["x-id"] == request.json["ref"]
    keys = [each.headers["idempotency-key"] for each in api.requests]
    assert keys[0] == keys[1] != keys[2]


async def test_a_text_that_makes_the_url_too_long_is_refused_alone(api) -> None:
    """It does not stop the carrier: the next text is sent."""
    api.script(Reply(200))
    given = {"type": "http", "method": "GET", "url": "URL/send?to={destination}&text={text}"}
    async with running_carrier(given, api.url) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part(NUMBER, "\u0416" * 400))
        assert shown(outcome) == ("refused", "text_too_long", None)
        assert carrier.state is ConnectionState.READY
        assert (await recorder.outcome(carrier, part(NUMBER, TEXT))).kind.value == "accepted"


async def test_what_waits_for_a_token_when_the_carrier_closes_was_not_sent(api) -> None:
    api.script(Reply(act="hang"), path="/auth")
    given = {**LOG_IN, "response_timeout_s": 600}
    async with running_carrier(given, api.url) as (carrier, recorder):
        assert carrier.send(part(NUMBER), 0) is None
        await until(lambda: api.requests, "the log-in is asked for")
        await carrier.set_owned_connections((), 0)
        [(_, outcome)] = recorder.outcomes
    assert shown(outcome) == ("unreachable", "carrier_unreachable", None)


@pytest.mark.parametrize("case", ["emnify", "esim_go", "path"])
async def test_a_number_never_changes_the_path_of_a_request(api, case) -> None:
    """Servers take `..` as the folder above: the keys of the carrier would call another path."""
    cases = {each.name: each for each in CASES}
    given = {"type": "http", "method": "GET", "url": "URL/to/{destination}/{text}"}
    if case != "path":
        given = cases[case].settings
        prepared(api, cases[case], cases[case].accepted)
    async with running_carrier(given, api.url) as (carrier, recorder):
        outcome = await recorder.outcome(carrier, part("..", TEXT))
        assert shown(outcome) == ("refused", "undeliverable", None)
        assert carrier.state is ConnectionState.READY
    assert not [each for each in api.requests if ".." in each.path]


async def test_a_text_in_the_query_may_be_dots(api) -> None:
    api.script(Reply(200))
    given = {"type": "http", "method": "GET", "url": "URL/{destination}?text={text}"}
    async with running_carrier(given, api.url) as (carrier, recorder):
        assert (await recorder.outcome(carrier, part(NUMBER, ".."))).kind.value == "accepted"
    assert api.requests[0].query == {"text": ".."}
