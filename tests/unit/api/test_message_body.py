"""Usual messages are decoded in one pass, to what the schema makes of them."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from simpost.api.v1.messages import body
from simpost.api.v1.messages.body import UsualMessage, ValidItem
from simpost.api.v1.messages.content import MessageContents
from simpost.api.v1.messages.send_schema import MessageRequest
from simpost.domain.accounts import Account

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "esimTranNo": st.from_regex(r"[!-~]{1,64}", fullmatch=True),
    "iccid": st.from_regex(r"[!-~]{1,64}\n?", fullmatch=True),
    "msisdn": st.from_regex(r"\+?[0-9]{1,15}\n?", fullmatch=True),
    "text": st.text(max_size=20),
    "category": st.sampled_from(["code", "notice", "Code", ""]),
    "validitySeconds": st.sampled_from([0, 1, 60, 60.0, "60", True, 2_592_000, 2_592_001]),
    "receipt": st.booleans(),
    "idempotencyKey": st.from_regex(r"[ -~]{1,128}\n?", fullmatch=True),
    "colour": st.text(),
}
MESSAGES = st.fixed_dictionaries(
    {}, optional={name: st.one_of(usual, ODD) for name, usual in FIELDS.items()}
)
SERVICES: Any = SimpleNamespace(templates=None, intake=None, opt_out_links=None)
CONTENTS = MessageContents(SERVICES, Account(1, "demo", "secret"))


def sent(message: Any) -> Any:
    return asyncio.run(CONTENTS.request(message, "key", b"digest"))


@given(MESSAGES)
def test_a_usual_message_is_what_the_schema_makes_of_it(document: dict[str, Any]) -> None:
    given_body = json.dumps(document).encode()
    usual = body._read_usual(given_body)
    if isinstance(usual, UsualMessage):
        checked = body._read(given_body).content
        assert isinstance(checked, MessageRequest)
        assert sent(usual) == sent(checked)


@given(st.lists(MESSAGES, min_size=1, max_size=3))
def test_the_digest_of_a_message_does_not_depend_on_how_it_was_read(
    documents: list[dict[str, Any]],
) -> None:
    given_body = json.dumps({"messages": documents}).encode()
    usual = body._read_usual(given_body)
    if isinstance(usual, list):
        for fast, slow in zip(usual, body._read(given_body).content, strict=True):
            assert isinstance(fast, ValidItem)
            assert isinstance(slow, ValidItem)
            assert fast[1:] == slow[1:]
            assert sent(fast.message) == sent(slow.message)


def test_a_plain_message_is_usual() -> None:
    document = {"esimTranNo": "1", "text": "Hi", "category": "code", "idempotencyKey": "k"}
    assert isinstance(body._read_usual(json.dumps(document).encode()), UsualMessage)
    assert isinstance(body._read_usual(json.dumps({"messages": [document]}).encode()), list)
