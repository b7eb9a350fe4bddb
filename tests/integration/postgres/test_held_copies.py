"""Backups, dumps and `to-postgres` keep what is held, and the events with their numbers."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from simpost.domain.accounts import Account
from simpost.domain.messages import Message, format_id
from simpost.domain.reasons import Reason
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.ports.store import Accepted, NewMessage, Store
from simpost.ports.store.events import Event
from simpost.ports.store.held import Deferral, DueMessage
from simpost.store import SqliteStore, to_postgres
from simpost.store.secret_box import SecretBox
from simpost.store.sqlite.backup import back_up, restore
from tests.contract.postgres_server import programs
from tests.contract.store_facts import CARRIER, DAY_MS, DUE_MS, LEASE_MS, NOW_MS, held, leased
from tests.integration.postgres.conftest import SEAL_KEY, open_store

pytestmark = pytest.mark.timeout(120)

LATER_MS = DUE_MS + DAY_MS


class Told(NamedTuple):
    """What a store was told, and what it shows of it."""

    waiting: Sequence[NewMessage]
    ended: Sequence[NewMessage]
    shown: Sequence[Message | None]
    events: Sequence[Event]


async def tell(store: Store) -> Told:
    """Messages that are scheduled, held, leased and deferred; one cancelled and one released."""
    account = Account(0, "shop", "secret-of-shop", events=True)
    assert await store.accounts.add_account(account) == 1
    scheduled, kept = held("scheduled"), held("kept", state=State.HELD, reason=Reason.RATE_LIMITED)
    deferred, cancelled, released = held("deferred"), held("cancelled"), held("released")
    for one in (scheduled, kept, deferred, cancelled, released):
        await store.held.hold(one)
    leases = await store.held.claim_held(now_ms=DUE_MS, lease_ms=DUE_MS + LEASE_MS, limit=9)
    assert len(leases) == 5
    again = Deferral(
        1, deferred.message.id, State.HELD, Reason.CARRIER_BUSY, LATER_MS, LATER_MS + DAY_MS
    )
    await store.held.defer_held([again], now_ms=DUE_MS)
    await store.held.cancel_message(1, cancelled.message.id, now_ms=DUE_MS)
    assert await store.held.release_held([released.message], now_ms=DUE_MS) == [Accepted()]
    waiting = [one.message for one in (scheduled, kept, deferred)]
    ended = [one.message for one in (cancelled, released)]
    return Told(waiting, ended, await shown(store, [*waiting, *ended]), await events(store))


async def shown(store: Store, messages: Sequence[NewMessage]) -> list[Message | None]:
    return [await store.log.find_message(1, one.id) for one in messages]


async def events(store: Store) -> Sequence[Event]:
    return (await store.events.events_after(1, None, limit=100)).events


async def assert_the_same(store: Store, told: Told) -> None:
    """Everything is there, and goes on from where it was."""
    assert await shown(store, [*told.waiting, *told.ended]) == told.shown
    assert await events(store) == told.events
    assert [each.sequence for each in told.events] == list(range(1, 9))

    due = await claim(store, DUE_MS + LEASE_MS)
    assert [each.text for each in due] == ["scheduled", "kept"]
    due += await claim(store, LATER_MS)
    assert [each.text for each in due] == ["scheduled", "kept", "deferred"]
    assert {each.request for each in due} == {'{"validity_s":86400}'}
    assert await store.held.release_held([*told.waiting, *told.ended], now_ms=LATER_MS) == [
        *(Accepted(), Accepted(), Accepted(), None, None)
    ]
    parts = await store.queue.claim(
        CARRIER, limit=9, now_ms=DUE_MS, owner="one", lease_ms=DUE_MS + LEASE_MS
    )
    assert sorted(part.text for part in parts) == ["deferred", "kept", "released", "scheduled"]
    later = (await events(store))[8:]
    assert [each.sequence for each in later] == [9, 10, 11]
    assert {each.type for each in later} == {"message.accepted"}
    assert {each.subject for each in later} == {format_id(one.id) for one in told.waiting}


async def claim(store: Store, now_ms: int) -> list[DueMessage]:
    return await store.held.claim_held(now_ms=now_ms, lease_ms=now_ms + 2 * DAY_MS, limit=9)


async def embedded(path: Path) -> SqliteStore:
    return await SqliteStore.open(path, seal_key=SEAL_KEY)


async def test_a_backup_has_what_was_held_and_the_events(tmp_path: Path) -> None:
    path, backup = tmp_path / "simpost.db", tmp_path / "backup.db"
    store = await embedded(path)
    told = await tell(store)
    back_up(path, backup)
    for one in told.waiting:
        assert await store.held.cancel_message(1, one.id, now_ms=DUE_MS)
    await store.close()
    restore(backup, path, seal=SecretBox(SEAL_KEY))
    store = await embedded(path)
    await assert_the_same(store, told)
    await store.close()


async def test_a_dump_has_what_was_held_and_the_events(
    url: str, empty_url: str, tmp_path: Path
) -> None:
    """With the commands of docs/backups.md. The last events have no number yet in the dump."""
    dump = tmp_path / "simpost.dump"
    store = await open_store(url, "one")
    told = await tell(store)
    newest = leased("newest", account_id=1)
    await store.queue.accept(newest)
    await asyncio.to_thread(run, "pg_dump", "--format=custom", f"--file={dump}", url)
    await store.close()
    await asyncio.to_thread(run, "pg_restore", "--exit-on-error", f"--dbname={empty_url}", dump)
    store = await open_store(empty_url, "one")
    *before, last = await events(store)
    assert before == list(told.events)
    assert (last.sequence, last.subject, last.type) == (9, format_id(newest.id), "message.accepted")
    assert await shown(store, [*told.waiting, *told.ended]) == told.shown
    due = await claim(store, LATER_MS)
    assert [each.text for each in due] == ["scheduled", "kept", "deferred"]
    assert await store.held.release_held(told.waiting, now_ms=LATER_MS) == [Accepted()] * 3
    later = (await events(store))[9:]
    assert [each.sequence for each in later] == [10, 11, 12]
    assert {each.subject for each in later} == {format_id(one.id) for one in told.waiting}
    await store.close()


def run(program: str, *arguments: str | Path) -> None:
    done = subprocess.run(
        [programs() / "bin" / program, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


async def test_to_postgres_moves_what_was_held_and_the_events(tmp_path: Path, url: str) -> None:
    path = tmp_path / "simpost.db"
    store = await embedded(path)
    told = await tell(store)
    await store.close()
    moved = await to_postgres.move(
        path,
        url,
        seal_key=SEAL_KEY,
        repeats=RepeatPolicy(),
        now_ms=NOW_MS,
        on_progress=lambda _: None,
    )
    assert moved.is_whole
    database = await open_store(url, "one")
    await assert_the_same(database, told)
    await database.close()
