"""Policy decides about messages of every shape as it does about all others."""

from __future__ import annotations

from typing import Any

import httpx2

from simpost.config.policy import PolicySettings
from simpost.domain.api_keys import KeyScope
from simpost.messaging.policy.rules import PolicyRules
from tests.integration.api.conftest import GOOD, Service
from tests.integration.api.test_shapes import ICCID, fly, go, key_of

SERVE = Any  # the `serve` fixture of conftest.py
PATH = "/2010-04-01/Accounts/demo/Messages.json"


async def answers_of(service: Service) -> dict[str, httpx2.Response]:
    """The responses of all shapes to one notice."""
    category = {"RT-Category": "notice"}
    key = await key_of(service, KeyScope.MESSAGES_WRITE)
    return {
        "go": await go(service, {"message": "News"}, key, **category),
        "fly": await fly(service, {"iccid": ICCID, "message": "News"}, **category),
        "twilio": await service.client.post(
            PATH,
            data={"To": ICCID, "Body": "News"},
            auth=("demo", "demo-secret"),
            headers=category,
        ),
    }


async def test_a_notice_in_quiet_hours_is_accepted_and_held(serve: SERVE) -> None:
    service = await serve(shapes=("esim_go", "esimfly", "twilio"))
    service.services.intake.policy = PolicyRules(PolicySettings(), (), service.services.stops)
    answers = await answers_of(service)
    for answer in answers.values():
        assert answer.headers["RT-Reason"] == "quiet_hours"
        assert answer.headers["RT-Held-Until"].startswith("2026-01-")
        message = await service.native("GET", f"messages/{answer.headers['RT-MessageID']}")
        assert (message.json()["state"], message.json()["category"]) == ("held", "notice")
    assert [each.status_code for each in answers.values()] == [200, 200, 201]
    assert answers["twilio"].json()["status"] == "accepted"
    again = await fly(service, {"iccid": ICCID, "message": "News"}, **{"RT-Category": "notice"})
    for name in ("RT-MessageID", "RT-Reason", "RT-Held-Until"):
        assert again.headers[name] == answers["fly"].headers[name]


async def test_an_opt_out_refuses_the_message_in_every_shape(serve: SERVE) -> None:
    service = await serve(shapes=("esim_go", "esimfly", "twilio"))
    change = {"categories": {"notice": False}}
    done = await service.native("PATCH", f"esims/{GOOD}/preferences", json=change)
    assert done.status_code == 200
    answers = await answers_of(service)
    for answer in answers.values():
        assert (answer.status_code, answer.headers["RT-Reason"]) == (400, "opted_out")
    assert answers["fly"].json()["code"] == "SMS_FAILED"
    assert answers["twilio"].json()["code"] == 21610
    assert (await service.native("GET", "messages")).json()["messages"] == []
