"""A node that writes and reads events until it is killed: `event_writer <url> <key> <name>`.

A line on stdout for each round of messages that were accepted, sent and delivered.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys

from simpost.ports.store import NewMessage
from simpost.store.postgres import PostgresStore
from tests.contract.store_facts import NOW_MS, leased, receipt, settlement

ACCOUNT = 1
MESSAGES = 20


async def work(url: str, key: str, name: str) -> None:
    store = await PostgresStore.open(url, seal_key=key, node=name)
    reading = asyncio.create_task(_read(store))
    for round_ in itertools.count():
        ids = [f"{name}-{round_}-{number}" for number in range(MESSAGES)]
        messages = [_message() for _ in ids]
        await asyncio.gather(*(store.queue.accept(one) for one in messages))
        answers = [
            settlement(one, carrier_message_id=id_) for one, id_ in zip(messages, ids, strict=True)
        ]
        await asyncio.gather(*(store.queue.record([each]) for each in answers))
        await asyncio.gather(*(store.queue.record([], [receipt(each)]) for each in ids))
        print("round", round_, flush=True)  # noqa: T201  the parent waits for it
        if reading.done():
            reading.result()


def _message() -> NewMessage:
    """With a random id: those of the tests count from 0 in each process."""
    return leased(account_id=ACCOUNT, id=NOW_MS.to_bytes(6, "big") + b"\x70\0" + os.urandom(8))


async def _read(store: PostgresStore) -> None:
    """Reading gives events their numbers too: nodes compete for it, and die in the middle of it."""
    after = 0
    while True:
        page = await store.events.events_after(ACCOUNT, after, limit=100)
        after = page.events[-1].sequence if page.events else after


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
