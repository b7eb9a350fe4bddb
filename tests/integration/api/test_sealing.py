"""The administrator counts texts by key and seals them again."""

from base64 import b64encode

import pytest

from simpost.config.text_keys import parse_text_keys
from tests.integration.api.conftest import GOOD

pytestmark = pytest.mark.asyncio

OLD, NEW = (f"{name}:{b64encode(name[:1].encode() * 32).decode()}" for name in ("old", "new"))


async def seal(service, **body):
    """The sum of all steps."""
    total, cursor = {}, None
    while True:
        answer = await service.operate("POST", "texts/seal", json={**body, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        step = answer.json()
        for name in ("sealed", "unreadable", "inClear"):
            total[name] = total.get(name, 0) + step[name]
        for key, count in step["rows"].items():
            total[key] = total.get(key, 0) + count
        cursor = step["next"]
        if cursor is None:
            return total


async def test_texts_are_counted_and_sealed_again(service, store):
    for keys in ("", OLD):
        store.use_text_keys(parse_text_keys(keys))
        await service.native("POST", "messages", json={"esimTranNo": GOOD, "text": "words"})
    store.use_text_keys(parse_text_keys(f"{NEW}, {OLD}"))
    nothing = {"sealed": 0, "unreadable": 0}
    assert await seal(service) == {**nothing, "inClear": 1, "old": 1}
    assert await seal(service, again=True) == {**nothing, "sealed": 1, "inClear": 1, "new": 1}
    assert await seal(service, clear=True) == {**nothing, "sealed": 1, "inClear": 0, "new": 2}


async def test_a_cursor_that_is_not_one_is_refused(service):
    answer = await service.operate("POST", "texts/seal", json={"cursor": "1.9."})
    assert answer.status_code == 422
