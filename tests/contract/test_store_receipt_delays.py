"""How long receipts took, sampled from the log."""

import msgspec
import pytest

from simpost.domain.accounts import Account
from simpost.domain.states import State
from simpost.ports.store.receipts import MOST_DELAYS_OF_ACCOUNT
from simpost.store.shared import receipt_delays
from tests.contract.store_facts import NOW_MS, leased, new_id, receipt, settlement


@pytest.fixture
async def accounts(store):
    return [
        await store.accounts.add_account(Account(0, code, f"secret-of-{code}"))
        for code in ("one", "two")
    ]


async def send(store, account_id, id_, *, at_ms=NOW_MS, carrier="smsc", parts=("Hello",)):
    one = leased(
        *parts,
        account_id=account_id,
        id=new_id(at_ms),
        created_ms=at_ms,
        carrier=carrier,
    )
    await store.queue.accept(one)
    for number in range(1, len(parts) + 1):
        taken = settlement(
            one, number, carrier=carrier, carrier_message_id=f"{id_}-{number}", ended_ms=at_ms
        )
        await store.queue.record([taken])


async def report(store, id_, at_ms, *, carrier="smsc", state=State.DELIVERED):
    one = msgspec.structs.replace(receipt(id_, state, at_ms=at_ms), carrier=carrier)
    await store.queue.record((), [one])


async def test_delays_are_those_from_acceptance_by_the_carrier_to_its_receipt(store, accounts):
    mine, others = accounts
    await send(store, mine, "a", parts=("a", "b"))
    await send(store, others, "b")
    await send(store, others, "c", carrier="other")
    await send(store, others, "open")
    await send(store, others, "failed")
    await report(store, "a-1", NOW_MS + 4_000)
    assert await store.receipts.list_delays(from_ms=NOW_MS) == {}, "a part is still on its way"
    await report(store, "a-2", NOW_MS + 9_000)
    await report(store, "b-1", NOW_MS + 2_000)
    await report(store, "c-1", NOW_MS + 1_000, carrier="other")
    await report(store, "failed-1", NOW_MS + 1_000, state=State.FAILED)
    found = await store.receipts.list_delays(from_ms=NOW_MS)
    assert {name: sorted(delays) for name, delays in found.items()} == {
        "smsc": [2_000, 4_000],
        "other": [1_000],
    }


async def test_messages_from_before_the_time_are_left_out(store, accounts):
    for number, at_ms in enumerate((NOW_MS - 1, NOW_MS)):
        await send(store, accounts[0], f"{number}", at_ms=at_ms)
        await report(store, f"{number}-1", NOW_MS + 1_000)
    assert await store.receipts.list_delays(from_ms=NOW_MS) == {"smsc": [1_000]}


async def test_accounts_share_what_is_looked_at_and_the_newest_come_first(
    store, accounts, monkeypatch
):
    assert MOST_DELAYS_OF_ACCOUNT > 4
    monkeypatch.setattr(receipt_delays, "MOST_DELAYS", 4)
    for number in range(3):
        for account_id in accounts:
            id_ = f"{account_id}-{number}"
            await send(store, account_id, id_, at_ms=NOW_MS + number)
            await report(store, f"{id_}-1", NOW_MS + number + 10 * (number + 1))
    found = await store.receipts.list_delays(from_ms=NOW_MS)
    assert sorted(found["smsc"]) == [20, 20, 30, 30]
