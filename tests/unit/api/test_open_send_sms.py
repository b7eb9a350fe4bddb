from typing import Any

import pytest

from simpost.domain.accounts import Account
from simpost.domain.messages import format_id
from simpost.domain.reasons import Reason
from simpost.errors import StoreFull
from simpost.messaging.send_request import SendResult

from .api_doubles import DEMO, MESSAGE_ID, OTHER, SEND, build_api

ESIM = "23072017992029"
GOOD = {"esimTranNo": ESIM, "message": "Hello"}


async def test_an_accepted_message_is_the_documented_success_with_its_id_in_a_header() -> None:
    api = await build_api()
    answer = await api.ask(GOOD)
    assert answer.status == 200
    assert answer.body == b'{"success":true,"errorCode":null,"errorMsg":null,"obj":null}'
    assert answer.headers["rt-messageid"] == format_id(MESSAGE_ID)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(answer.body))


async def test_the_other_dialect_answers_its_own_success() -> None:
    api = await build_api()
    answer = await api.ask(GOOD, account=OTHER)
    assert answer.body == b'{"success":true,"errorCode":"0","errorMsg":null,"obj":{}}'


async def test_the_text_and_the_ids_reach_the_intake_as_they_were_written() -> None:
    api = await build_api()
    await api.ask({"esimTranNo": ESIM, "iccid": "8944538532008160222", "message": " Grüße ✓\n"})
    account, ask = api.intake.asked[0]
    assert account == DEMO
    assert (ask.esim_tran_no, ask.iccid) == (ESIM, "8944538532008160222")
    assert ask.text == " Grüße ✓\n"
    assert ask.request_id is None


@pytest.mark.parametrize("blank", ["", None, "  "])
async def test_a_blank_id_beside_a_good_one_means_not_given(blank: str | None) -> None:
    api = await build_api()
    answer = await api.ask({"esimTranNo": blank, "iccid": "8944538532008160222", "message": "x"})
    assert answer.json["success"] is True
    assert api.intake.asked[0][1].esim_tran_no is None


async def test_the_filler_of_an_iccid_is_not_part_of_it() -> None:
    api = await build_api()
    await api.ask({"iccid": "8944538532008160222F", "message": "x"})
    assert api.intake.asked[0][1].iccid == "8944538532008160222"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "000105"),
        ("{}", "000105"),
        ({"message": "x"}, "000105"),
        ({"esimTranNo": ESIM}, "000105"),
        ({"message": None}, "000105"),
        ({"content": "x", "esimTranNo": ESIM}, "000105"),
        ({"message": None, "esimTranNo": ESIM}, "000106"),
        ({"message": "", "esimTranNo": ESIM}, "000106"),
        ({"message": " \n\t", "esimTranNo": ESIM}, "000106"),
        ({"message": "x", "esimTranNo": ""}, "000106"),
        ({"message": "x", "esimTranNo": None, "iccid": " "}, "000106"),
        ({"message": "x" * 501, "esimTranNo": ""}, "000106"),
        ({"message": "x" * 501, "esimTranNo": ESIM}, "000107"),
        ({"message": "😀" * 501, "esimTranNo": ESIM}, "000107"),
        ({"message": "x", "esimTranNo": "1" * 65}, "000107"),
        ({"message": 5, "esimTranNo": ESIM}, "000104"),
        ({"message": ["x"], "esimTranNo": ESIM}, "000104"),
        ({"message": True, "esimTranNo": ESIM}, "000104"),
        ({"message": {"text": "x"}, "esimTranNo": ESIM}, "000104"),
        ({"message": "x", "esimTranNo": 23072017992029}, "000104"),
        ({"message": "x", "iccid": 8944538532008160222}, "000104"),
        ({"message": "a\x00b", "esimTranNo": ESIM}, "000104"),
        ({"message": "x", "esimTranNo": "1\x002"}, "000104"),
        ("[]", "000104"),
        ('"text"', "000104"),
        ("null", "000104"),
        ("1", "000104"),
        ("{", "000104"),
        ('{"message":"x"} trailing', "000104"),
        ('{"message":NaN,"esimTranNo":"1"}', "000104"),
        ('{"message":"\\ud800","esimTranNo":"1"}', "000104"),
        ('{"message":"\\ude00\\ud83d","esimTranNo":"1"}', "000104"),
        (b'{"message":"\xff","esimTranNo":"1"}', "000104"),
        (b'{"message":"\xed\xa0\x80","esimTranNo":"1"}', "000104"),
        (b'{"message":"x","esimTranNo":"1","more":"\xff"}', "000104"),
        (b"\x00\x01\x02", "000104"),
        ("[" * 10_000, "000104"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "000104"),
        ('{"message":"x","esimTranNo":"1","more":' + "[" * 10_000 + "]" * 10_000 + "}", "000104"),
        ("message=x&esimTranNo=1", "000104"),
    ],
)
async def test_a_body_that_cannot_be_sent_is_refused_with_its_code(
    body: bytes | str | dict[str, Any], code: str
) -> None:
    api = await build_api()
    answer = await api.ask(body)
    assert (answer.status, answer.code) == (200, code)
    assert answer.json.keys() == {"success", "errorCode", "errorMsg", "obj"}
    assert answer.json["success"] is False
    assert answer.json["errorMsg"]
    assert answer.json["obj"] is None
    assert not api.intake.asked


@pytest.mark.parametrize("character", ["x", "é", "✓", "😀"])
async def test_500_code_points_are_taken_whatever_the_characters(character: str) -> None:
    api = await build_api()
    assert (await api.ask({"message": character * 500, "esimTranNo": ESIM})).json["success"]
    assert len(api.intake.asked[0][1].text) == 500


async def test_a_text_too_long_is_refused_with_the_exact_count() -> None:
    api = await build_api()
    answer = await api.ask({"message": "x" * 513, "esimTranNo": ESIM})
    assert answer.json["errorMsg"] == "message has 513 characters, 500 at most"


async def test_unknown_fields_are_ignored() -> None:
    api = await build_api()
    assert (await api.ask(GOOD | {"transactionId": "t", "more": [1, {}]})).json["success"]


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain", ""])
async def test_the_content_type_does_not_matter(media_type: str) -> None:
    api = await build_api()
    answer = await api.ask(GOOD, headers=[("Content-Type", media_type)])
    assert answer.json["success"]


CODES = [
    (Reason.ESIM_UNKNOWN, "310403", "The eSIM transaction number does not exist"),
    (Reason.SMS_NOT_SUPPORTED, "200002", "This operation is not allowed"),
    (Reason.NOT_INSTALLED, "200002", "This operation is not allowed"),
    (Reason.ORDER_PENDING, "200002", "This operation is not allowed"),
    (Reason.ESIM_SUSPENDED, "200002", "This operation is not allowed"),
    (Reason.NO_ROUTE, "200002", "This operation is not allowed"),
]


@pytest.mark.parametrize(("reason", "code", "words"), CODES)
async def test_a_refusal_is_the_documented_body_and_names_its_reason_in_a_header(
    reason: Reason, code: str, words: str
) -> None:
    api = await build_api()
    api.intake.answer = SendResult(reason=reason)
    answer = await api.ask(GOOD)
    written = f'{{"success":false,"errorCode":"{code}","errorMsg":"{words}","obj":null}}'
    assert (answer.status, answer.body) == (200, written.encode())
    assert answer.headers["rt-reason"] == reason
    assert "rt-messageid" not in answer.headers


@pytest.mark.parametrize(
    ("reason", "code"),
    [(Reason.TOO_MANY_PARTS, "000107"), (Reason.REQUEST_ID_REUSED, "310402")],
)
async def test_other_refusals_have_codes_of_their_own(reason: Reason, code: str) -> None:
    api = await build_api()
    api.intake.answer = SendResult(reason=reason)
    assert (await api.ask(GOOD)).code == code


async def test_the_request_id_goes_along_with_a_digest_of_what_was_asked() -> None:
    api = await build_api()
    headers = [("RT-RequestID", "one")]
    for body in (GOOD, GOOD, GOOD | {"message": "Other"}):
        await api.ask(body, headers=headers)
    first, again, other = (ask for _account, ask in api.intake.asked)
    assert first.request_id == again.request_id == other.request_id == "one"
    assert first.fingerprint == again.fingerprint
    assert first.fingerprint != other.fingerprint
    assert len(first.fingerprint) == 32


async def test_over_its_rate_limit_an_account_gets_retry_after() -> None:
    api = await build_api(Account(1, "demo", "demo-secret", requests_per_s=2))
    for _ in range(2):
        assert (await api.ask(GOOD)).status == 200
    answer = await api.ask(GOOD)
    assert (answer.status, answer.code) == (429, "900001")
    assert answer.headers["retry-after"] == "1"
    assert len(api.intake.asked) == 2


async def test_unauthenticated_requests_do_not_use_the_rate_limit() -> None:
    account = Account(1, "demo", "demo-secret", requests_per_s=1)
    api = await build_api(account)
    for _ in range(3):
        stranger = Account(1, "demo", "guess")
        assert (await api.ask(GOOD, account=stranger)).code == "101003"
    assert (await api.ask(GOOD, account=account)).status == 200


async def test_a_failed_commit_is_a_server_error_in_an_envelope() -> None:
    api = await build_api()
    api.intake.answer = StoreFull()
    answer = await api.ask(GOOD)
    assert (answer.status, answer.code) == (503, "000001")


async def test_a_crash_is_an_envelope_without_details(
    capsys: pytest.CaptureFixture[str],
) -> None:
    api = await build_api()
    api.intake.answer = RuntimeError("the text was: Hello")
    answer = await api.ask(GOOD)
    assert (answer.status, answer.code) == (500, "000001")
    written = capsys.readouterr()
    assert b"Hello" not in answer.body
    assert "RuntimeError" in written.out + written.err
    assert "Hello" not in written.out + written.err


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"])
async def test_any_other_method_is_000103(method: str) -> None:
    api = await build_api()
    answer = await api.ask(GOOD, method=method)
    assert (answer.status, answer.code) == (200, "000103")


@pytest.mark.parametrize("path", [f"{SEND}/", "/api/v1/open/", "/api/v1/open/nothing"])
async def test_an_unknown_path_is_404_in_an_envelope(path: str) -> None:
    api = await build_api()
    answer = await api.ask(GOOD, path=path)
    assert (answer.status, answer.code) == (404, "000103")


@pytest.mark.parametrize("name", ["esim/order", "balance/query", "location/list"])
async def test_an_endpoint_of_the_provider_names_the_provider(name: str) -> None:
    api = await build_api()
    answer = await api.ask(path=f"/api/v1/open/{name}")
    assert (answer.status, answer.code) == (200, "200002")
    assert f"simpost does not offer {name}" in answer.json["errorMsg"]


async def test_a_body_over_the_limit_is_413_in_an_envelope() -> None:
    api = await build_api(max_body_octets=100)
    assert (await api.ask(b" " * 100)).code == "000104"
    answer = await api.ask(b" " * 101)
    assert (answer.status, answer.code) == (413, "000107")


async def test_a_body_in_chunks_is_put_together_and_bounded_too() -> None:
    api = await build_api(max_body_octets=100)
    chunks = [b'{"esimTranNo":"1",', b'"message":', b'"Hello"}']
    assert (await api.ask(chunks)).json["success"]
    assert (await api.ask([b" " * 60, b" " * 60])).status == 413
    endless = await api.ask([b" " * 60_000] * 100)
    assert endless.status == 413
    assert endless.headers["connection"] == "close"


async def test_headers_are_checked_before_the_body() -> None:
    api = await build_api()
    assert (await api.ask("not json", account=None)).code == "000101"
    assert (await api.ask("not json", account=Account(1, "demo", "guess"))).code == "101003"


@pytest.mark.parametrize("headers", [[("RT-AccessCode", "demo")], [("RT-RequestID", "x" * 129)]])
async def test_a_doubled_or_huge_header_is_000102(headers: list[tuple[str, str]]) -> None:
    api = await build_api()
    assert (await api.ask(GOOD, headers=headers)).code == "000102"
