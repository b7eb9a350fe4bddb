"""Errors in plain words: no Python type, no regular expression, nothing of pydantic or msgspec."""

import re
from typing import Any

import pytest

from tests.integration.api.conftest import GOOD

SERVED = Any  # the `service` fixture of conftest.py
PYTHON = re.compile(
    r"`|\bstr\b|\bint\b|\bbool\b|\bdict|NoneType|\bNone\b|Value error|Input should|pattern|\^|\\|"
    r"pydantic|msgspec|Struct"
)
GOOD_SEND = {"esimTranNo": GOOD, "text": "Hello"}


@pytest.mark.parametrize(
    ("body", "at", "words"),
    [
        ({**GOOD_SEND, "esimTranNo": 5}, "body.esimTranNo", "must be a string"),
        ({**GOOD_SEND, "esimTranNo": "a b"}, "body.esimTranNo", "visible ASCII"),
        ({**GOOD_SEND, "text": None}, "body", "give one of text, binary and template"),
        ({"esimTranNo": GOOD, "binary": "0"}, "body.binary", "hex digits"),
        ({**GOOD_SEND, "colour": 1}, "body.colour", "is not a field"),
        ({**GOOD_SEND, "class": 9}, "body.class", "must be at most 3"),
        ({**GOOD_SEND, "receipt": "yes"}, "body.receipt", "must be true or false"),
        ({**GOOD_SEND, "category": "spam"}, "body.category", "must be 'code', 'service'"),
        ({**GOOD_SEND, "validitySeconds": 0.5}, "body.validitySeconds", "whole number"),
        ({**GOOD_SEND, "from": "not a sender!"}, "body.from", "15 digits"),
        ({**GOOD_SEND, "text": "x" * 5001}, "body.text", "at most 5000 characters"),
        ([], "body", "must be an object"),
        ("text", "body", "must be an object"),
    ],
)
async def test_a_mistake_in_a_body_is_described_in_words(
    service: SERVED, body: Any, at: str, words: str
) -> None:
    answer = await service.native("POST", "messages", json=body)
    assert answer.status_code == 422
    errors = answer.json()["errors"]
    assert (at, True) in [(each["at"], words in each["reason"]) for each in errors]
    assert not PYTHON.search(answer.text.replace("'", ""))


@pytest.mark.parametrize(
    "query",
    ["limit=x", "limit=0", "cursor=x", "from=yesterday", "from=1", "state=lost", "hue=1"],
)
async def test_a_mistake_in_a_query_is_described_in_words(service: SERVED, query: str) -> None:
    answer = await service.native("GET", f"messages?{query}")
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["at"].removeprefix("query.") == query.partition("=")[0]
    assert error["reason"] != "is not as documented"
    assert not PYTHON.search(error["reason"].replace("`next`", ""))


async def test_a_body_that_is_not_json_says_so(service: SERVED) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await service.native("POST", "messages", content=b'{"text":', headers=headers)
    assert answer.json()["errors"][0]["reason"] == "is not valid JSON"


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
async def test_a_body_of_another_content_type_says_what_to_send(service: SERVED, kind: str) -> None:
    """`curl -d` sends the first of them."""
    body = b'{"esimTranNo":"26010100000001","text":"Hello"}'
    answer = await service.native("POST", "messages", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert "Content-Type: application/json" in answer.json()["detail"]
    assert kind in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"esimTranNo": 5, "message": "x"}, "Expected a string or null, got a whole number"),
        ({"esimTranNo": GOOD, "message": ["x"]}, "got an array, at message"),
        ([], "Expected an object, got an array"),
    ],
)
async def test_errors_of_the_compatible_api_name_json_types_not_python_ones(
    service: SERVED, body: Any, words: str
) -> None:
    answer = (await service.open("esim/sendSms", body)).json()
    assert answer["errorCode"] == "000104"
    assert words in answer["errorMsg"]
    assert not PYTHON.search(answer["errorMsg"])


async def test_an_account_over_its_rate_limit_gets_the_limit_in_the_error(service: SERVED) -> None:
    await service.operate("PATCH", "accounts/demo", json={"requestsPerSecond": 1})
    words = "This account may send 1 requests per second."
    assert (await service.send()).json()["success"] is True
    opened = await service.send()
    assert (opened.status_code, opened.json()["errorCode"]) == (429, "900001")
    assert words in opened.json()["errorMsg"]
    assert opened.headers["RT-Reason"] == "rate_limited"
    assert int(opened.headers["Retry-After"]) >= 1
    native = await service.native("GET", "messages")
    assert (native.status_code, native.json()["code"]) == (429, "too_many_requests")
    assert words in native.json()["detail"]
