"""Child processes for what a test cannot do to itself: `children <what> <path> <key>`.

They report on stdout, one line each.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from pathlib import Path

from simpost.errors import StoreFull, StoreReadOnly
from simpost.store import SqliteStore
from tests.contract.store_facts import leased, receipt, settlement

ROOM = 256 * 1024
NOBODY = 65534


def tell(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201  the parent reads it


async def fill(path: Path, seal_key: str) -> None:
    """Write until no file may grow, then make room and go on."""
    store = await SqliteStore.open(path, seal_key=seal_key)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, hard))
    refused = 0
    while not refused:
        messages = [leased("x" * 160) for _ in range(20)]
        answers = await asyncio.gather(
            *(store.queue.accept(one) for one in messages), return_exceptions=True
        )
        for one, answer in zip(messages, answers, strict=True):
            if isinstance(answer, StoreFull):
                refused += 1
                tell("refused", one.id.hex())
            elif isinstance(answer, BaseException):
                raise answer
            else:
                tell("accepted", one.id.hex())
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    after = leased("there is room again")
    await store.queue.accept(after)
    tell("accepted", after.id.hex())
    await store.close()


async def work(path: Path, seal_key: str) -> None:
    """Accept, settle and receive until killed; a line is written once the commit was answered."""
    store = await SqliteStore.open(path, seal_key=seal_key)

    async def one_after_the_other() -> None:
        while True:
            one = leased("text")
            await store.queue.accept(one)
            tell("accepted", one.id.hex())
            carrier_id = one.id.hex()
            await store.queue.record([settlement(one, carrier_message_id=carrier_id)])
            tell("sent", one.id.hex())
            await store.queue.record((), [receipt(carrier_id)])
            tell("delivered", one.id.hex())

    await asyncio.gather(*(one_after_the_other() for _ in range(20)))


async def trespass(path: Path, seal_key: str) -> None:
    """Open the store as a user without write permission."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    try:
        await SqliteStore.open(path, seal_key=seal_key)
    except StoreReadOnly as error:
        tell("read only:", error)


async def serve(path: Path, seal_key: str) -> None:
    """Open and close a store, and name what was imported for it."""
    await (await SqliteStore.open(path, seal_key=seal_key)).close()
    tell(*sorted({name.partition(".")[0] for name in sys.modules}))


if __name__ == "__main__":
    what = {"fill": fill, "work": work, "trespass": trespass, "serve": serve}[sys.argv[1]]
    asyncio.run(what(Path(sys.argv[2]), sys.argv[3]))
