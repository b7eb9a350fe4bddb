"""What a turn of the event loop writes goes out together, in its order."""

import asyncio

from simpost.http.outbox import Outbox


async def test_all_that_have_something_to_write_do_so_once_when_the_turn_ends():
    outbox, written = Outbox(), []

    class Written:
        def __init__(self, name):
            self.name = name

        def flush(self):
            written.append(self.name)

    for name in ("first", "second"):
        outbox.add(Written(name))
    assert written == []
    await asyncio.sleep(0)
    assert written == ["first", "second"]
    outbox.add(Written("next"))
    await asyncio.sleep(0)
    assert written == ["first", "second", "next"]
