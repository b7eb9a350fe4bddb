"""All writes of one loop iteration are sent together, in order."""

import asyncio

from simpost.http.flush_queue import FlushQueue


async def test_each_connection_writes_once_at_the_end_of_a_loop_iteration():
    flush_queue, written = FlushQueue(), []

    class Written:
        def __init__(self, name):
            self.name = name

        def flush(self):
            written.append(self.name)

    for name in ("first", "second"):
        flush_queue.add(Written(name))
    assert written == []
    await asyncio.sleep(0)
    assert written == ["first", "second"]
    flush_queue.add(Written("next"))
    await asyncio.sleep(0)
    assert written == ["first", "second", "next"]
