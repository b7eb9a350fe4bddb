"""Queued messages can move to another carrier; sent messages without a receipt expire."""

import pytest

from simpost.domain.accounts import Account
from simpost.domain.messages import Priority
from simpost.domain.options import Options
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.store import Reroute
from tests.contract.store_facts import (
    CARRIER,
    DAY_MS,
    LEASE_MS,
    NOW_MS,
    OWNER,
    leased,
    message,
    receipt,
    settlement,
    turned_back,
)

LATER_MS = NOW_MS + 60_000


async def accepted(store, *messages):
    for one in messages:
        await store.queue.accept(one)
    return messages


async def waiting(store, carrier=CARRIER, after=None, limit=100):
    return await store.routing.queued_messages(carrier, after=after, limit=limit)


async def moved(store, *messages, to="other", sender="Shop"):
    moves = [Reroute(one.account_id, one.id, to, sender) for one in messages]
    return await store.routing.reroute(moves, now_ms=LATER_MS)


async def claimed(store, carrier=CARRIER, **changes):
    facts = {"limit": 9, "now_ms": LATER_MS, "owner": OWNER, "lease_ms": LATER_MS + LEASE_MS}
    return await store.queue.claim(carrier, **(facts | changes))


async def carriers_of(store, one):
    return [part.carrier for part in (await store.log.find_message(1, one.id)).parts]


async def test_queued_messages_are_listed_with_everything_another_carrier_needs(store):
    (short, long) = await accepted(store, message("hello"), message("one", "two", "three"))
    found = {each.message_id: each for each in await waiting(store)}
    assert set(found) == {short.id, long.id}
    assert found[long.id].parts == ("one", "two", "three")
    assert found[short.id].parts == ("hello",)
    assert found[short.id].destination == short.destination
    assert found[short.id].esim_tran_no == short.esim_tran_no
    assert all(each.may_move for each in found.values())


async def test_queued_messages_are_read_in_pages_in_the_order_of_claims(store):
    bulk = [message(f"{n}", priority=Priority.BULK) for n in range(3)]
    codes = [message(f"code {n}", priority=Priority.CODE) for n in range(3)]
    await accepted(store, *bulk, *codes)
    seen, last = [], None
    while page := await waiting(store, after=last, limit=2):
        seen += [each.text for each in page]
        last = page[-1]
    assert seen == ["code 0", "code 1", "code 2", "0", "1", "2"]


async def test_a_message_moves_with_all_its_parts_and_is_claimed_by_the_other_carrier(store):
    (one,) = await accepted(store, message("one", "two"))
    assert await moved(store, one) == 1
    assert await carriers_of(store, one) == ["other", "other"]
    assert await claimed(store) == []
    assert [part.number for part in await claimed(store, "other")] == [1, 2]


async def test_a_moved_message_has_the_options_of_its_new_carrier(store):
    first, second = await accepted(store, message(), message("b"))
    moves = [
        Reroute(first.account_id, first.id, "other", "Shop", Options(receipt=False)),
        Reroute(second.account_id, second.id, "other", "Shop"),
    ]
    assert await store.routing.reroute(moves, now_ms=LATER_MS) == 2
    found = {part.message_id: part.options for part in await claimed(store, "other")}
    assert found == {first.id: Options(receipt=False), second.id: Options()}


async def test_a_moved_message_has_a_sender_its_new_carrier_allows(store):
    first, second = await accepted(store, message(), leased())
    assert await moved(store, first, second, sender="Other") == 1
    assert [part.sender for part in await claimed(store, "other")] == ["Other"]
    assert [each.sender for each in await waiting(store)] == []
    assert (await store.log.find_message(1, second.id)).sender == "Shop"


async def test_a_requeued_part_moves_at_once_whatever_pause_its_carrier_asked_for(store):
    (one,) = await accepted(store, leased())
    await store.queue.record([turned_back(one, due_ms=NOW_MS + DAY_MS)])
    assert await moved(store, one) == 1
    [part] = await claimed(store, "other")
    assert part.attempt == 2


@pytest.mark.parametrize(
    "left",
    [
        {"state": State.SENT, "carrier_message_id": "id1"},
        {"state": State.IN_DOUBT, "reason": Reason.NO_RESPONSE, "due_ms": NOW_MS + 1},
    ],
    ids=["sent", "in doubt"],
)
async def test_a_message_with_a_sent_part_stays_with_its_carrier(store, left):
    (one,) = await accepted(store, leased("one", "two"))
    await store.queue.record([settlement(one, 2, **left), turned_back(one, 1)])
    [shown] = await waiting(store)
    assert not shown.may_move
    assert await moved(store, one) == 0
    assert await carriers_of(store, one) == [CARRIER, CARRIER]


async def test_a_single_part_in_doubt_stays_with_its_carrier(store):
    (one,) = await accepted(store, leased())
    doubt = {"state": State.IN_DOUBT, "reason": Reason.NO_RESPONSE, "due_ms": NOW_MS + 1}
    await store.queue.record([settlement(one, **doubt)])
    assert [each.may_move for each in await waiting(store)] == [False]
    assert await moved(store, one) == 0


async def test_a_message_with_a_leased_part_stays_with_its_carrier(store):
    (one,) = await accepted(store, message("one", "two"))
    await claimed(store, limit=1)
    assert await moved(store, one) == 0
    assert await carriers_of(store, one) == [CARRIER, CARRIER]


async def test_carriers_with_queued_parts_are_known_without_a_lane(store):
    assert await store.routing.carriers_with_backlog() == []
    parts = [message(carrier=name) for name in ("b", "gone", "b", "a")]
    await accepted(store, *parts, leased(carrier="held"))
    assert await store.routing.carriers_with_backlog() == ["a", "b", "gone"]


async def test_one_time_codes_can_be_claimed_alone(store):
    await accepted(
        store, message("bulk", priority=Priority.BULK), message("code", priority=Priority.CODE)
    )
    assert [part.text for part in await claimed(store, codes_only=True)] == ["code"]
    assert [part.text for part in await claimed(store)] == ["bulk"]


# Sent, and nothing heard since.


@pytest.fixture
async def known(store):
    """Messages are processed account by account."""
    for code in ("one", "two"):
        await store.accounts.add_account(Account(id=0, access_code=code, secret="secret-of-it"))
    return store


async def sent(store, *messages):
    for one in messages:
        await store.queue.accept(one)
        await store.queue.record(
            [
                settlement(one, number, carrier_message_id=f"{one.id.hex()}-{number}")
                for number in range(1, len(one.parts) + 1)
            ]
        )
    return messages


async def ended(store, expired_ms, limit=100):
    return await store.queue.end_unreported(
        now_ms=expired_ms + 5, expired_ms=expired_ms, limit=limit
    )


async def test_a_message_without_a_receipt_expires_and_is_not_delivered(known):
    one, two = await sent(known, leased(), leased("one", "two", account_id=2))
    assert await ended(known, one.expires_ms - 1) == 0
    assert await ended(known, one.expires_ms) == 3
    for account_id, each in ((1, one), (2, two)):
        shown = await known.log.find_message(account_id, each.id)
        assert shown.state is State.EXPIRED
        assert {part.reason for part in shown.parts} == {Reason.NO_RECEIPT}
        assert {part.final_ms for part in shown.parts} == {one.expires_ms + 5}


async def test_a_message_that_asked_for_no_receipt_stays_sent_and_applies_one_that_comes(known):
    """No receipt was requested, so none is overdue and delivery is not claimed."""
    (one,) = await sent(known, leased(options=Options(message_class=0, receipt=False)))
    assert await ended(known, one.expires_ms + DAY_MS) == 0
    assert (await known.log.find_message(1, one.id)).state is State.SENT
    await known.queue.record((), [receipt(f"{one.id.hex()}-1")])
    assert (await known.log.find_message(1, one.id)).state is State.DELIVERED


async def test_a_message_partly_reported_ends_as_its_parts_did(known):
    (one,) = await sent(known, leased("one", "two"))
    await known.queue.record((), [receipt(f"{one.id.hex()}-1")])
    assert await ended(known, one.expires_ms) == 1
    shown = await known.log.find_message(1, one.id)
    assert [part.state for part in shown.parts] == [State.DELIVERED, State.EXPIRED]
    assert shown.state is State.EXPIRED


async def test_a_receipt_after_the_message_expired_changes_nothing(known):
    (one,) = await sent(known, leased())
    await ended(known, one.expires_ms)
    await known.queue.record((), [receipt(f"{one.id.hex()}-1")])
    assert (await known.log.find_message(1, one.id)).state is State.EXPIRED


async def test_reported_recent_and_valid_messages_do_not_expire(known):
    reported, valid = await sent(known, leased(), leased(expires_ms=NOW_MS + 9 * DAY_MS))
    await known.queue.record((), [receipt(f"{reported.id.hex()}-1")])
    assert await ended(known, NOW_MS + 2 * DAY_MS) == 0
    assert (await known.log.find_message(1, reported.id)).state is State.DELIVERED
    assert (await known.log.find_message(1, valid.id)).state is State.SENT


async def test_every_overdue_message_is_found_behind_others_in_bounded_steps(known):
    long = {"expires_ms": NOW_MS + 9 * DAY_MS}
    await sent(known, *(leased(account_id=account, **long) for account in (1, 1, 1, 2, 2)))
    await sent(known, *(leased(account_id=account) for account in (1, 2, 2)))
    counts = [await ended(known, NOW_MS + DAY_MS, limit=2) for _ in range(5)]
    assert sum(counts) == 3
