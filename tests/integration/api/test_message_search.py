"""GET /v1/messages: its filters, alone and together."""

from typing import Any

import pytest

from simpost.store.records import message_search
from simpost.store.sqlite import log
from tests.integration.api.conftest import GOOD

SERVED = Any  # the `service` fixture of conftest.py
LATER = {"sendAt": "2026-01-02T00:00:00Z"}


@pytest.fixture
async def sent(service: SERVED) -> list[str]:
    """Ids: an order, a later notice of an order, and a text of a template."""
    template = {"name": "welcome", "texts": {"en": "Hi"}}
    assert (await service.native("POST", "templates", json=template)).status_code == 201
    bodies = [
        {"text": "one", "reference": "order-1"},
        {"text": "two", "reference": "order-12", "category": "notice", **LATER},
        {"template": "welcome", "reference": "hello"},
    ]
    answers = [
        await service.native("POST", "messages", json={"esimTranNo": GOOD, **body})
        for body in bodies
    ]
    return [answer.json()["id"] for answer in answers]


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({}, [2, 1, 0]),
        ({"reference": "order-1"}, [0]),
        ({"referencePrefix": "order-1"}, [1, 0]),
        ({"referencePrefix": "order-1", "state": "scheduled"}, [1]),
        ({"category": "notice"}, [1]),
        ({"category": "notice", "reference": "order-1"}, []),
        ({"template": "welcome"}, [2]),
        ({"template": "gone"}, []),
        ({"reason": "scheduled"}, [1]),
        ({"reason": "scheduled", "esimTranNo": "26010100000006"}, []),
        ({"reason": "undeliverable"}, []),
        ({"msisdn": "66810000001", "category": "service"}, [2, 0]),
    ],
)
async def test_filters_find_what_matches_all_of_them(
    service: SERVED, sent: list[str], query: dict[str, str], places: list[int]
) -> None:
    found = (await service.native("GET", "messages", params=query)).json()
    assert [row["id"] for row in found["messages"]] == [sent[place] for place in places]
    assert found["next"] is None
    of_other = await service.native("GET", "messages", account="other", params=query)
    assert of_other.json() == {"messages": [], "next": None}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"category": "adverts"}, "must be 'code', 'service', 'support', 'notice' or 'promotion'"),
        ({"reason": "bad_luck"}, "must be 'esim_unknown',"),
        ({"template": "No Name"}, "must be up to 64 lowercase letters"),
        ({"reference": " x"}, "must be 1 to 128 printable ASCII characters"),
        ({"referencePrefix": "ä"}, "must be 1 to 128 printable ASCII characters"),
        ({"reference": ""}, "must be 1 to 128 printable ASCII characters"),
    ],
)
async def test_a_value_that_cannot_be_is_refused(
    service: SERVED, query: dict[str, str], reason: str
) -> None:
    answer = await service.native("GET", "messages", params=query)
    [error] = answer.json()["errors"]
    assert answer.status_code == 422
    assert error["at"] == f"query.{next(iter(query))}"
    assert error["reason"].startswith(reason)


async def test_a_page_that_stopped_early_says_where_to_continue(
    service: SERVED, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (message_search, log):
        monkeypatch.setattr(module, "CHUNK", 1)
    monkeypatch.setattr(message_search, "MOST_EXAMINED", 1)
    pages, cursor = [], None
    while True:
        query = {"category": "notice"} | ({"cursor": cursor} if cursor else {})
        page = (await service.native("GET", "messages", params=query)).json()
        pages.append([row["id"] for row in page["messages"]])
        cursor = page["next"]
        if cursor is None:
            break
    assert pages == [[], [sent[1]], [], []]
    query = {"category": "notice", "format": "jsonl"}
    exported = await service.native("GET", "messages/export", params=query)
    assert exported.text.count("\n") == 1
