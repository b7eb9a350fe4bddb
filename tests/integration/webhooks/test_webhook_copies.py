"""What came with a copy is not delivered when it is cancelled; later events are."""

from typing import Any

from simpost.domain.instance import Waiting
from simpost.domain.messages import format_id
from simpost.messaging.copy_guard import CopyGuard
from tests.contract.store_facts import NOW_MS, new_id
from tests.integration.webhooks.receiver import answer

HOOKS = Any  # the `hooks` fixture of conftest.py
RECEIVER = Any


async def found_as_copy(hooks: HOOKS) -> CopyGuard:
    """The guard of a store that is found to be a copy a minute later."""
    hooks.now_ms = NOW_MS + 60_000
    await hooks.store.instance.mark()
    guard = CopyGuard(
        hooks.store, new_id=lambda: new_id(hooks.now_ms), clock_ms=lambda: hooks.now_ms
    )
    await guard.check()
    assert not guard.may_send()
    hooks.now_ms += 1_000
    return guard


async def confirm(guard: CopyGuard, waiting: Waiting) -> None:
    await guard.confirm("ada", waiting)
    await guard._follow()
    assert guard.may_send()


async def test_older_events_are_skipped_and_later_ones_delivered(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    await hooks.accept(3)
    guard = await found_as_copy(hooks)
    [new] = await hooks.accept(at_ms=hooks.now_ms)
    await confirm(guard, Waiting.CANCEL)
    await hooks.deliver()
    got = [(each["type"], each["subject"]) for each in receiver.documents]
    assert ("message.accepted", format_id(new)) in got
    assert [kind for kind, _ in got].count("message.accepted") == 1
    assert [kind for kind, _ in got].count("message.cancelled") == 3
    assert (await hooks.endpoint(endpoint)).skipped == 3


async def test_a_delivery_that_waited_ends_and_can_be_replayed(hooks: HOOKS, receiver: RECEIVER):
    endpoint = await hooks.add(receiver.url)
    await hooks.accept()
    receiver.answer = answer("500 Broken")
    await hooks.deliver()
    assert len(receiver.got) == 1
    guard = await found_as_copy(hooks)
    await confirm(guard, Waiting.CANCEL)
    [waited] = [each for each in await hooks.deliveries(endpoint) if each.sequence == 1]
    assert waited.state == "exhausted"


async def test_older_events_are_delivered_when_what_waited_is_sent(
    hooks: HOOKS, receiver: RECEIVER
):
    await hooks.add(receiver.url)
    ids = await hooks.accept(3)
    guard = await found_as_copy(hooks)
    await confirm(guard, Waiting.SEND)
    await hooks.deliver()
    assert [each["subject"] for each in receiver.documents] == [format_id(each) for each in ids]
