"""Parts that a carrier accepted: that await a report, or that were sent to an ICCID."""

from simpost.domain.accounts import Account
from simpost.domain.options import Options
from simpost.domain.states import State
from simpost.ports.carrier import AcceptedPart
from simpost.ports.store import EsimRow
from tests.contract.store_facts import (
    CARRIER,
    DAY_MS,
    NOW_MS,
    in_doubt,
    leased,
    receipt,
    refused,
    settlement,
)

ICCID = "8985200000000000001"


async def sent(store, carrier_id, **changes):
    one = leased("text", **changes)
    await store.queue.accept(one)
    await store.queue.record([settlement(one, carrier_message_id=carrier_id, carrier=one.carrier)])
    return one


async def walk(store, limit=100, carrier=CARRIER):
    found, after, steps = [], "", 0
    while steps == 0 or after:
        some, after = await store.queue.list_open(carrier, after=after, now_ms=NOW_MS, limit=limit)
        found += some
        steps += 1
    return found, steps


async def test_open_parts_are_walked_by_their_ids(store):
    for number in range(7):
        await sent(store, f"id-{number}")
    await sent(store, "quiet", options=Options(receipt=False))
    await sent(store, "elsewhere", carrier="other")
    await sent(store, "old", at_ms=NOW_MS - 90 * DAY_MS)
    await store.queue.record((), [receipt("id-3", State.DELIVERED)])
    doubtful = leased("text")
    await store.queue.accept(doubtful)
    await store.queue.record([in_doubt(doubtful)])
    wanted = [
        AcceptedPart(f"id-{number}", "66812345678", NOW_MS + DAY_MS)
        for number in (0, 1, 2, 4, 5, 6)
    ]
    assert (await walk(store))[0] == wanted
    found, steps = await walk(store, limit=2)
    assert found == wanted
    assert steps > 3
    assert [each.carrier_message_id for each in (await walk(store, carrier="other"))[0]] == [
        "elsewhere"
    ]


async def esim(store, account_id, number, iccid=ICCID):
    row = EsimRow(number, iccid, "", "", "", "P", 1, "ENABLED", "IN_USE", NOW_MS, {})
    assert await store.catalogue.save_esims(account_id, [row]) == []


async def test_parts_to_an_iccid_are_found_whatever_became_of_them(store):
    other = await store.accounts.add_account(Account(0, "b", "another-secret"))
    await esim(store, 1, "E1")
    await esim(store, other, "E2")
    await esim(store, 1, "E3", "8985200000000000009")
    given = {"esim_tran_no": "E1", "destination": ICCID}

    async def ids():
        found = await store.queue.list_sent_to(CARRIER, ICCID, now_ms=NOW_MS)
        return sorted(each.carrier_message_id or "" for each in found)

    await sent(store, "to another", esim_tran_no="E3", destination="8985200000000000009")
    await sent(store, "by another", carrier="other", **given)
    await sent(store, "over", at_ms=NOW_MS - 2 * DAY_MS, **given)
    no = leased("no", **given)
    await store.queue.accept(no)
    await store.queue.record([refused(no)])
    assert await ids() == []
    await sent(store, "one", **given)
    assert await ids() == ["one"]
    # A repeated report of a part that ended must not be taken for one of the next part.
    await store.queue.record((), [receipt("one", State.FAILED)])
    assert await ids() == ["one"]
    await sent(store, "two", account_id=other, esim_tran_no="E2", destination=ICCID)
    assert await ids() == ["one", "two"]
    doubtful = leased("text", **given)
    await store.queue.accept(doubtful)
    await store.queue.record([in_doubt(doubtful)])
    assert await ids() == ["", "one", "two"]
    await sent(store, "three", **given)
    assert len(await ids()) == 3
