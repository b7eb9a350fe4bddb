"""Signatures of webhooks, compared with the library of Standard Webhooks."""

import base64
import json
from datetime import UTC, datetime

import pytest
import standardwebhooks

from simpost_client import InvalidWebhook, StaleWebhook, Webhook

OLD, NEW = (f"whsec_{base64.b64encode(bytes([n]) * 24).decode()}" for n in (1, 2))
AT = 1_795_367_049
EVENT = {
    "id": "evt_1",
    "type": "message.delivered",
    "timestamp": "2026-11-22T17:24:09.120Z",
    "sequence": 7,
    "subject": "019a4c7e-6f1f-7c2a-9d53-0c8f2f9a7b11",
    "data": {"reason": None},
}
BODY = json.dumps(EVENT, ensure_ascii=False).encode()


def headers(*secrets, body=BODY, at=AT, identifier="evt_1"):
    signatures = [
        standardwebhooks.Webhook(each).sign(
            identifier, datetime.fromtimestamp(at, UTC), body.decode()
        )
        for each in secrets
    ]
    names = ("Webhook-Id", "Webhook-Timestamp", "Webhook-Signature")
    return dict(zip(names, (identifier, str(at), " ".join(signatures)), strict=True))


def test_what_the_library_signs_is_verified():
    (event,) = Webhook(NEW).verify(BODY, headers(NEW), now=AT + 299)
    assert (event.type, event.sequence, event.id) == ("message.delivered", 7, "evt_1")


@pytest.mark.parametrize("known", [[OLD], [NEW], [OLD, NEW]])
def test_both_secrets_are_good_in_a_rotation(known):
    assert Webhook(*known).verify(BODY, headers(OLD, NEW), now=AT)


def test_a_batch_has_all_its_events():
    body = json.dumps({"id": "bat_1", "type": "events", "events": [EVENT, EVENT]}).encode()
    signed = headers(NEW, body=body, identifier="bat_1")
    assert len(Webhook(NEW).verify(body, signed, now=AT)) == 2


@pytest.mark.parametrize("now", [AT + 301, AT - 301])
def test_an_old_request_is_stale(now):
    with pytest.raises(StaleWebhook):
        Webhook(NEW).verify(BODY, headers(NEW), now=now)
    assert Webhook(NEW, tolerance_s=400).verify(BODY, headers(NEW), now=now)


@pytest.mark.parametrize(
    "change",
    [
        {"Webhook-Signature": ""},
        {"Webhook-Signature": "v1,%%%"},
        {"Webhook-Signature": "v1a,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="},
        {"Webhook-Id": "evt_2"},
        {"Webhook-Id": ""},
        {"Webhook-Timestamp": str(AT + 1)},
        {"Webhook-Timestamp": "soon"},
        {"Webhook-Timestamp": "9" * 400},
    ],
    ids=str,
)
def test_a_request_that_was_changed_is_invalid(change):
    with pytest.raises(InvalidWebhook) as caught:
        Webhook(NEW).verify(BODY, {**headers(NEW), **change}, now=AT)
    assert type(caught.value) is InvalidWebhook


def test_another_body_or_secret_is_invalid():
    with pytest.raises(InvalidWebhook):
        Webhook(NEW).verify(BODY + b" ", headers(NEW), now=AT)
    with pytest.raises(InvalidWebhook):
        Webhook(OLD).verify(BODY, headers(NEW), now=AT)


@pytest.mark.parametrize("secret", ["whsec_%", "whsec_", "whsec_YWJj"])
def test_a_secret_that_cannot_be_one_is_refused(secret):
    with pytest.raises(ValueError, match="secret of a webhook"):
        Webhook(secret)


def test_no_secret_is_in_a_repr():
    assert NEW not in repr(Webhook(NEW))
