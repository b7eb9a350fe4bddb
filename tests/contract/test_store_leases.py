import asyncio

from simpost.domain.messages import Category, Priority
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.ports.carrier import OutboundPart
from tests.contract.store_facts import (
    CARRIER,
    DAY_MS,
    LEASE_MS,
    NOW_MS,
    OWNER,
    in_doubt,
    leased,
    message,
    refused,
    settlement,
    turned_back,
)


async def claim(store, *, limit=10, now_ms=NOW_MS, carrier=CARRIER, owner=OWNER):
    return await store.queue.claim(
        carrier, limit=limit, now_ms=now_ms, owner=owner, lease_ms=now_ms + LEASE_MS
    )


async def state_of(store, one):
    return (await store.log.find_message(one.account_id, one.id)).state


async def test_a_claimed_part_has_everything_a_carrier_needs(store):
    one = message("first, ", "second", sender="Shop", priority=Priority.BULK)
    accepted = await store.queue.accept(one)
    parts = await claim(store)
    assert parts == [
        OutboundPart(
            account_id=1,
            message_id=one.id,
            number=number,
            total=2,
            text=text,
            encoding="gsm7",
            reference=accepted.reference,
            destination="66812345678",
            sender="Shop",
            category="service",
            priority=2,
            created_ms=NOW_MS,
            expires_ms=NOW_MS + DAY_MS,
            attempt=1,
            repeat=False,
        )
        for number, text in ((1, "first, "), (2, "second"))
    ]


async def test_a_message_of_one_part_is_claimed_with_its_text(store):
    await store.queue.accept(message("whole"))
    assert [part.text for part in await claim(store)] == ["whole"]


async def test_a_part_is_leased_to_one_node_only(store):
    await store.queue.accept(message())
    assert len(await claim(store)) == 1
    assert await claim(store) == []
    assert await claim(store, owner="other", now_ms=NOW_MS + LEASE_MS + 1) == []


async def test_parts_that_a_lane_took_from_memory_are_not_claimed(store):
    await store.queue.accept(leased())
    assert await claim(store) == []
    assert await store.routing.count_queued(CARRIER) == 0


async def test_parts_of_other_carriers_are_not_claimed(store):
    await store.queue.accept(message(carrier="other"))
    assert await claim(store) == []
    assert await store.routing.count_queued("other") == 1


async def test_the_most_urgent_go_first_and_then_the_longest_due(store):
    bulk, talk, code, later = (
        message("bulk", priority=Priority.BULK, at_ms=NOW_MS - 3),
        message("talk", priority=Priority.CONVERSATION, at_ms=NOW_MS - 1),
        message("code", priority=Priority.CODE),
        message("talk later", priority=Priority.CONVERSATION),
    )
    for one in (bulk, later, talk, code):
        await store.queue.accept(one)
    assert [part.text for part in await claim(store, limit=3)] == ["code", "talk", "talk later"]
    assert [part.text for part in await claim(store)] == ["bulk"]


async def test_a_claim_takes_no_more_than_its_limit(store):
    for _ in range(5):
        await store.queue.accept(message())
    assert len(await claim(store, limit=3)) == 3
    assert await store.routing.count_queued(CARRIER) == 2


async def test_a_requeued_part_waits_until_it_is_due(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([turned_back(one, due_ms=NOW_MS + 1_000)])
    assert await claim(store, now_ms=NOW_MS + 999) == []
    again = await claim(store, now_ms=NOW_MS + 1_000)
    assert [(part.attempt, part.repeat) for part in again] == [(2, False)]


async def test_a_code_that_is_not_due_does_not_delay_other_parts(store):
    code, bulk = leased("code", priority=Priority.CODE), message("bulk", priority=Priority.BULK)
    await store.queue.accept(code)
    await store.queue.accept(bulk)
    await store.queue.record([turned_back(code, due_ms=NOW_MS + 60_000)])
    assert [part.text for part in await claim(store)] == ["bulk"]


async def test_a_part_with_a_final_result_is_never_claimed_again(store):
    sent, ended = leased(), leased()
    await store.queue.accept(sent)
    await store.queue.accept(ended)
    await store.queue.record([settlement(sent), refused(ended)])
    assert await claim(store, now_ms=NOW_MS + DAY_MS - 1) == []


async def test_a_part_past_its_validity_expires_instead_of_being_claimed(store):
    old, young = message("old", expires_ms=NOW_MS + 10), message("young")
    await store.queue.accept(old)
    await store.queue.accept(young)
    assert [part.text for part in await claim(store, now_ms=NOW_MS + 10)] == ["young"]
    found = await store.log.find_message(1, old.id)
    assert (found.state, found.reason) == (State.EXPIRED, Reason.VALIDITY_EXPIRED)
    assert found.parts[0].final_ms == NOW_MS + 10


async def test_a_claim_gets_past_a_backlog_of_expired_parts(store):
    for _ in range(40):
        await store.queue.accept(message("old", expires_ms=NOW_MS + 10))
    await store.queue.accept(message("young", at_ms=NOW_MS + 1))
    claimed = []
    while not claimed:
        claimed = await claim(store, limit=3, now_ms=NOW_MS + 10)
    assert [part.text for part in claimed] == ["young"]


async def test_a_lease_that_ran_out_puts_the_part_in_doubt(store):
    one = leased()
    await store.queue.accept(one)
    assert (
        await store.queue.expire_leases(
            now_ms=NOW_MS + LEASE_MS - 1, owner=None, repeats=RepeatPolicy()
        )
        == 0
    )
    assert (
        await store.queue.expire_leases(
            now_ms=NOW_MS + LEASE_MS, owner=None, repeats=RepeatPolicy()
        )
        == 1
    )
    found = await store.log.find_message(1, one.id)
    assert (found.state, found.reason) == (State.IN_DOUBT, Reason.LEASE_LOST)
    assert [(attempt.outcome, attempt.reason) for attempt in found.attempts] == [
        ("in_doubt", Reason.LEASE_LOST)
    ]


async def test_after_a_restart_every_part_leased_by_the_node_is_in_doubt(opening):
    taken, claimed, waits = leased(), message(), message(at_ms=NOW_MS + 1)
    async with opening() as store:
        for one in (taken, claimed, waits):
            await store.queue.accept(one)
        await claim(store, limit=1)
    async with opening() as store:
        assert (
            await store.queue.expire_leases(now_ms=NOW_MS + 5, owner=OWNER, repeats=RepeatPolicy())
            == 2
        )
        states = [await state_of(store, one) for one in (taken, claimed, waits)]
    assert states == [State.IN_DOUBT, State.IN_DOUBT, State.ACCEPTED]


async def test_leased_parts_are_listed_by_owner_and_carrier_oldest_first(store):
    taken, claimed = leased("taken"), message("claimed")
    for one in (taken, claimed, leased("settled"), message("waits", at_ms=NOW_MS + 1)):
        await store.queue.accept(one)
        if one.text == "settled":
            await store.queue.record([settlement(one)])
    (held,) = await claim(store, limit=1)
    found = await store.queue.leased(CARRIER, owner=OWNER, limit=10)
    assert sorted(part.text for part in found) == ["claimed", "taken"]
    assert held in found
    assert all(part.attempt == 1 and not part.repeat for part in found)
    assert len(await store.queue.leased(CARRIER, owner=OWNER, limit=1)) == 1
    assert await store.queue.leased(CARRIER, owner="other", limit=10) == []
    assert await store.queue.leased("another", owner=OWNER, limit=10) == []


async def test_leases_of_other_nodes_are_left_alone(store):
    await store.queue.accept(message())
    await claim(store, owner="other")
    assert await store.queue.expire_leases(now_ms=NOW_MS, owner=OWNER, repeats=RepeatPolicy()) == 0


async def test_a_part_in_doubt_is_repeated_only_where_its_category_allows_it(store):
    code, service = leased("code", category=Category.CODE), leased("service")
    await store.queue.accept(code)
    await store.queue.accept(service)
    lapsed = NOW_MS + LEASE_MS
    assert (
        await store.queue.expire_leases(
            now_ms=lapsed, owner=None, repeats=RepeatPolicy(frozenset({"code"}))
        )
        == 2
    )
    again = await claim(store, now_ms=lapsed)
    assert [(part.text, part.attempt, part.repeat) for part in again] == [("code", 2, True)]


async def test_a_claim_tells_how_many_attempts_left_the_part_in_doubt(store):
    one = leased()
    await store.queue.accept(one)
    kinds = (
        (OutcomeKind.IN_DOUBT, State.IN_DOUBT, Reason.NO_RESPONSE),
        (OutcomeKind.THROTTLED, State.SENDING, Reason.THROTTLED),
        (OutcomeKind.UNREACHABLE, State.SENDING, Reason.UNCLEAR_RESPONSE),
        (OutcomeKind.UNREACHABLE, State.SENDING, Reason.CARRIER_UNREACHABLE),
    )
    told = []
    for attempt, (kind, state, reason) in enumerate(kinds, start=1):
        facts = {"state": state, "reason": reason, "outcome": kind, "due_ms": NOW_MS}
        facts |= {"carrier_message_id": None, "attempt": attempt}
        await store.queue.record([settlement(one, **facts)])
        [part] = await claim(store)
        told.append(part.unclear)
        assert await store.queue.leased(CARRIER, owner=OWNER, limit=9) == [part]
    assert told == [1, 1, 2, 2]


async def test_a_part_whose_lease_keeps_expiring_is_repeated_a_few_times(store):
    """A text that crashes the process each time: four attempts at growing intervals."""
    one = leased("first ", "second")
    await store.queue.accept(one)
    repeats = RepeatPolicy(frozenset({"service"}), most=3, pause_s=60)
    now_ms = NOW_MS
    for number, pause_ms in enumerate((0, 120_000, 240_000), start=2):
        assert await store.queue.expire_leases(now_ms=now_ms, owner=OWNER, repeats=repeats) == 2
        if pause_ms:
            assert await claim(store, now_ms=now_ms + pause_ms - 1) == []
        now_ms += pause_ms
        parts = await claim(store, now_ms=now_ms)
        assert [(part.attempt, part.unclear) for part in parts] == [(number, number - 1)] * 2
    assert await store.queue.expire_leases(now_ms=now_ms, owner=OWNER, repeats=repeats) == 2
    assert await claim(store, now_ms=one.expires_ms - 1) == []
    found = await store.log.find_message(1, one.id)
    assert [part.reason for part in found.parts] == [Reason.REPEATS_EXHAUSTED] * 2
    assert found.state is State.IN_DOUBT
    assert await store.queue.expire(now_ms=one.expires_ms, limit=10) == 2


async def test_more_expired_leases_than_one_step_takes_are_all_handled(store):
    await asyncio.gather(*(store.queue.accept(leased("a", "b")) for _ in range(600)))
    assert (
        await store.queue.expire_leases(now_ms=NOW_MS, owner=OWNER, repeats=RepeatPolicy()) == 1200
    )


async def test_a_part_in_doubt_that_is_not_repeated_expires_as_such(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.record([in_doubt(one)])
    assert await store.queue.expire(now_ms=one.expires_ms - 1, limit=10) == 0
    assert await store.queue.expire(now_ms=one.expires_ms, limit=10) == 1
    found = await store.log.find_message(1, one.id)
    assert (found.state, found.reason) == (State.EXPIRED, Reason.EXPIRED_IN_DOUBT)


async def test_an_expired_lease_does_not_lower_a_state_set_by_a_late_response(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.expire_leases(
        now_ms=NOW_MS + LEASE_MS, owner=None, repeats=RepeatPolicy(frozenset({"service"}))
    )
    await claim(store, now_ms=NOW_MS + LEASE_MS)
    await store.queue.record([settlement(one, carrier_message_id="late")])
    again = NOW_MS + 2 * LEASE_MS
    await store.queue.expire_leases(
        now_ms=again, owner=None, repeats=RepeatPolicy(frozenset({"service"}))
    )
    assert await state_of(store, one) is State.SENT
    assert await claim(store, now_ms=again) == []


async def test_the_response_to_an_earlier_attempt_keeps_the_lease_of_the_next(store):
    one = leased()
    await store.queue.accept(one)
    await store.queue.expire_leases(
        now_ms=NOW_MS + LEASE_MS, owner=None, repeats=RepeatPolicy(frozenset({"service"}))
    )
    [second] = await claim(store, now_ms=NOW_MS + LEASE_MS)
    await store.queue.record([turned_back(one, due_ms=NOW_MS)])
    assert await claim(store, now_ms=NOW_MS + LEASE_MS + 1) == []
    await store.queue.record([settlement(one, attempt=second.attempt, repeat=True)])
    assert await state_of(store, one) is State.SENT


async def test_queued_parts_expire_when_their_validity_ends(store):
    ends, stays, held = (
        message(expires_ms=NOW_MS + 10),
        message(),
        leased(expires_ms=NOW_MS + 10),
    )
    for one in (ends, stays, held):
        await store.queue.accept(one)
    assert await store.queue.expire(now_ms=NOW_MS + 10, limit=10) == 1
    assert await state_of(store, ends) is State.EXPIRED
    assert await state_of(store, stays) is State.ACCEPTED
    assert await state_of(store, held) is State.ACCEPTED


async def test_parts_expire_in_bounded_steps(store):
    for _ in range(25):
        await store.queue.accept(message(expires_ms=NOW_MS + 10))
    assert [await store.queue.expire(now_ms=NOW_MS + 10, limit=10) for _ in range(3)] == [10, 10, 5]


async def test_queued_counts_parts_that_no_node_has_leased(store):
    await store.queue.accept(message("a", "b", "c"))
    await store.queue.accept(leased())
    assert await store.routing.count_queued(CARRIER) == 3
    await claim(store, limit=1)
    assert await store.routing.count_queued(CARRIER) == 2
