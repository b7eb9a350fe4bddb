"""The events about endpoints are as docs/events.md describes them."""

from types import SimpleNamespace
from typing import Any

from simpost.domain.event_types import EVENT_TYPES
from simpost.domain.webhooks import EndpointState
from tests.event_reference import check
from tests.integration.webhooks.receiver import OK, answer

HOOKS = Any  # the `hooks` fixture of conftest.py
RECEIVER = Any


async def test_every_event_about_an_endpoint_has_the_fields_of_the_reference(
    hooks: HOOKS, receiver: RECEIVER
):
    endpoint = await hooks.add(receiver.url, types=("message.*",))
    receiver.answer = answer("500 Oops")
    await hooks.accept(20)
    for _ in range(4):
        await hooks.deliver()
        hooks.now_ms = (await hooks.endpoint(endpoint)).next_ms
    receiver.answer = OK
    for _ in range(4):
        await hooks.deliver()
        hooks.now_ms += 3_600_000
    await hooks.service.test(hooks.account, endpoint.id)
    tested = receiver.documents[-1]
    receiver.answer = answer("410 Gone")
    await hooks.accept()
    await hooks.deliver()
    assert (await hooks.endpoint(endpoint)).state is EndpointState.GONE
    page = await hooks.store.events.events_after(1, None, limit=1_000)
    kept = [each for each in page.events if each.type.startswith("webhook.")]
    assert "webhook.test" not in {each.type for each in kept}
    sent = SimpleNamespace(type=tested["type"], subject=tested["subject"], data=tested["data"])
    found = check([*kept, sent])
    assert found == {each for each in EVENT_TYPES if each.startswith("webhook.")}
