"""The identity of a store, and the end of what came with a copy."""

import msgspec

from simpost.domain.automations import Automation
from simpost.domain.instance import CopySign, InstanceFile, Waiting
from simpost.domain.lifecycle import Transition
from simpost.domain.states import State
from simpost.messaging.copy_guard import CopyGuard
from tests.contract.store_facts import DAY_MS, NOW_MS, held, in_doubt, leased, message, new_id
from tests.contract.test_store_broadcasts import add, find

SINCE_MS = NOW_MS + 60_000


class Clock:
    def __init__(self, now_ms=SINCE_MS):
        self.now_ms = now_ms

    def __call__(self):
        return self.now_ms


def guard_of(store, clock, **given):
    return CopyGuard(store, new_id=lambda: new_id(clock()), clock_ms=clock, **given)


async def held_copy(store, clock):
    await store.instance.mark()
    guard = guard_of(store, clock)
    await guard.check()
    assert guard.is_held
    return guard


async def confirm(guard, waiting):
    await guard.confirm("ada", waiting)
    await guard._follow()
    assert not guard.is_held


async def test_an_original_is_recognised_at_each_start(store):
    clock = Clock()
    for _ in range(3):
        clock.now_ms += 1_000
        guard = guard_of(store, clock)
        await guard.check()
        assert (guard.is_held, guard.warning) == (False, None)
        await guard.note_reached()
    stored = await store.instance.read()
    assert stored.instance.reached_ms >= clock()
    assert stored.instance.place == (await store.instance.look_around()).place


async def test_a_mark_holds_until_it_is_confirmed_also_over_starts(store):
    clock = Clock()
    guard = await held_copy(store, clock)
    assert "`simpost confirm-copy`" in guard.warning
    clock.now_ms += 1_000
    again = guard_of(store, clock)
    await again.check()
    assert again.is_held
    assert (await again.status()).instance.hold.since_ms == SINCE_MS
    before = (await store.instance.read()).instance.id
    await confirm(guard, Waiting.SEND)
    found = (await store.instance.read()).instance
    assert found.id != before
    [given] = found.confirmations
    assert (given.by, given.sign, given.waiting) == ("ada", CopySign.MARKED, Waiting.SEND)
    await again._follow()  # another node learns it
    assert not again.is_held
    last = guard_of(store, clock)
    await last.check()
    assert not last.is_held


async def test_a_node_that_sends_ends_the_hold_of_another(store):
    clock = Clock()
    first = guard_of(store, clock)
    await first.check()
    await held_copy(store, clock)
    await first.note_reached()
    assert (await store.instance.read()).instance.hold is None


async def test_only_one_of_two_changes_of_the_identity_counts(store):
    await guard_of(store, Clock()).check()
    stored = await store.instance.read()
    changed = msgspec.structs.replace(stored.instance, reached_ms=SINCE_MS + 5)
    assert await store.instance.replace(stored, changed)
    assert not await store.instance.replace(stored, changed)


async def test_cancel_ends_what_waited_and_keeps_what_came_later(store):
    clock = Clock()
    old = message("old")
    await store.queue.accept(old)
    halves = leased("one", "two")  # the first part was with the carrier at the time of the copy
    await store.queue.accept(halves)
    due_ms = NOW_MS + 10
    await store.queue.record([in_doubt(halves, 1, due_ms=due_ms)], [])
    waits = held("later")
    await store.held.hold(waits)
    broadcast = await add(store, esims=3)
    guard = await held_copy(store, clock)
    new = message("new", at_ms=SINCE_MS + 1)
    await store.queue.accept(new)
    await confirm(guard, Waiting.CANCEL)
    states = {
        each.id: (await store.log.find_message(1, each.id)).state
        for each in (old, waits.message, new)
    }
    assert states == {
        old.id: State.CANCELLED,
        waits.message.id: State.CANCELLED,
        new.id: State.ACCEPTED,
    }
    [part] = await store.queue.claim(
        new.carrier, limit=10, now_ms=SINCE_MS + 10, owner="n", lease_ms=SINCE_MS + 99
    )
    assert part.message_id == new.id
    found = await find(store, broadcast)
    assert (found.status, found.actor, found.cancelled) == ("cancelled", "ada", 3)


async def test_cancel_ends_the_runs_of_automations(store):
    await add(store, esims=1, status="paused")
    clock = Clock()
    automation = Automation(1, "hi", Transition.INSTALLED, "hi", delay_s=3600, enabled=True)
    await store.automations.save(automation)
    await guard_of(store, clock).check()
    assert (await store.instance.count_waiting()).automation_runs == 0
    assert await store.instance.end_runs(before_ms=SINCE_MS, now_ms=SINCE_MS) == 0


async def test_the_instance_file_is_written_in_place(store):
    file = InstanceFile("a1", NOW_MS + DAY_MS)
    await store.instance.write_file(file)
    before = await store.instance.look_around()
    later = InstanceFile("a1", NOW_MS + 2 * DAY_MS)
    await store.instance.write_file(later)
    after = await store.instance.look_around()
    if before.file is None:  # PostgreSQL, with a node that keeps none
        assert before.place == after.place
    else:
        assert after.file == later
        assert after.place.inode == before.place.inode
