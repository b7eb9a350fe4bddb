"""The category of a text that comes through the compatible API."""

from typing import Any

import pytest

SERVED = Any  # the `service` fixture of conftest.py
CODE, PLAIN = "Your code is 123456", "Your order code is 123456"


async def category_of(service: SERVED, text: str, **headers: str) -> str:
    answer = await service.send(text, **headers)
    shown = await service.native("GET", f"messages/{answer.headers['rt-messageid']}")
    category: str = shown.json()["category"]
    return category


async def detect(service: SERVED) -> None:
    answer = await service.operate("PATCH", "accounts/demo", json={"detectCodes": True})
    assert (answer.status_code, answer.json()["detectCodes"]) == (200, True)


async def test_a_text_that_looks_like_a_code_is_one_if_the_account_says_so(
    service: SERVED,
) -> None:
    assert await category_of(service, CODE) == "service"
    await detect(service)
    assert await category_of(service, CODE) == "code"
    assert await category_of(service, PLAIN) == "service"


@pytest.mark.parametrize("category", ["code", "service", "support"])
async def test_a_given_category_decides(service: SERVED, category: str) -> None:
    await detect(service)
    for text in (CODE, PLAIN):
        assert await category_of(service, text, RT_Category=category) == category


async def test_the_native_api_detects_nothing(service: SERVED) -> None:
    await detect(service)
    body = {"esimTranNo": "26010100000001", "text": CODE}
    sent = (await service.native("POST", "messages", json=body)).json()
    shown = await service.native("GET", f"messages/{sent['id']}")
    assert shown.json()["category"] == "service"
