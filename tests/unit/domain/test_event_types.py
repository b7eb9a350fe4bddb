"""Types of events: patterns that select none are refused, and every type is documented."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from simpost.api.v1.webhooks.schemas import NewWebhook
from simpost.domain.event_types import EVENT_TYPES, selects_events

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("pattern", ["*", "message.*", "webhook.*", *EVENT_TYPES])
def test_a_pattern_of_known_types_selects_events(pattern):
    assert selects_events(pattern)


@pytest.mark.parametrize("pattern", ["message.deliverd", "mesage.*", "message", "a.b", "", "mess*"])
def test_a_mistyped_pattern_selects_nothing(pattern):
    assert not selects_events(pattern)


def test_every_type_is_documented():
    pages = [ROOT / "docs/api.md", ROOT / "docs/webhooks.md"]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    for each in EVENT_TYPES:
        kind, _, name = each.partition(".")
        assert f"`{name if kind == 'message' else each}`" in text, each


def test_an_endpoint_with_a_mistyped_type_is_refused_with_the_list():
    body = {"url": "https://example.com/", "eventTypes": ["message.deliverd"]}
    with pytest.raises(ValidationError, match=r"must be one of message\.accepted, .*webhook\.test"):
        NewWebhook.model_validate(body)
