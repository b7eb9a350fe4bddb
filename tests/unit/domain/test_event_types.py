"""Types of events: patterns that select none are refused."""

import pytest
from pydantic import ValidationError

from simpost.api.v1.webhooks.schemas import NewWebhook
from simpost.domain.event_types import EVENT_TYPES, selects_events


@pytest.mark.parametrize("pattern", ["*", "message.*", "webhook.*", *EVENT_TYPES])
def test_a_pattern_of_known_types_selects_events(pattern):
    assert selects_events(pattern)


@pytest.mark.parametrize("pattern", ["message.deliverd", "mesage.*", "message", "a.b", "", "mess*"])
def test_a_mistyped_pattern_selects_nothing(pattern):
    assert not selects_events(pattern)


def test_an_endpoint_with_a_mistyped_type_is_refused_with_the_list():
    body = {"url": "https://example.com/", "eventTypes": ["message.deliverd"]}
    with pytest.raises(ValidationError, match=r"must be one of message\.accepted, .*webhook\.test"):
        NewWebhook.model_validate(body)
