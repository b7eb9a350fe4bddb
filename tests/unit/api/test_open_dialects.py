import json

import pytest

from simpost.api.open.dialects import RULES
from simpost.api.open.envelope import ApiError, Code
from simpost.domain.accounts import Dialect

HIROAMING = RULES[Dialect.HIROAMING]
ESIM_ACCESS = RULES[Dialect.ESIM_ACCESS]


def test_a_hiroaming_success_is_the_documented_body() -> None:
    body = b'{"success":true,"errorCode":null,"errorMsg":null,"obj":null}'
    assert HIROAMING.done.body == body


def test_an_esim_access_success_is_the_documented_body() -> None:
    assert ESIM_ACCESS.done.body == b'{"success":true,"errorCode":"0","errorMsg":null,"obj":{}}'


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("200002", "This operation is not allowed"),
        ("310403", "The eSIM transaction number does not exist"),
    ],
)
def test_both_documented_hiroaming_errors_are_literal(code: str, text: str) -> None:
    reply = HIROAMING.error(ApiError(Code(code)))
    written = f'{{"success":false,"errorCode":"{code}","errorMsg":"{text}","obj":null}}'
    assert reply.body == written.encode()
    assert reply.status == 200


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("200002", "This operation is not allowed due to the order status."),
        ("310403", "The ICCID does not exist in the order."),
    ],
)
def test_esim_access_words_the_same_errors_its_own_way(code: str, text: str) -> None:
    answer = json.loads(ESIM_ACCESS.error(ApiError(Code(code))).body)
    assert answer == {"success": False, "errorCode": code, "errorMsg": text, "obj": None}


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("code", Code)
def test_every_code_is_six_digits_and_has_a_message_in_every_dialect(
    dialect: Dialect, code: Code
) -> None:
    answer = json.loads(RULES[dialect].error(ApiError(code)).body)
    assert answer["errorCode"] == str(code)
    assert len(answer["errorCode"]) == 6
    assert answer["errorCode"].isdigit()
    assert answer["errorMsg"]
    assert answer["obj"] is None


def test_pages_are_bounded_as_each_dialect_documents() -> None:
    one, other = HIROAMING.paging, ESIM_ACCESS.paging
    assert (one.default_size, one.most_size) == (20, 100)
    assert (other.default_size, other.most_size) == (20, 500)
    assert other.most_number == 10_000
