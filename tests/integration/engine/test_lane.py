"""A lane between a real store and a carrier that does as it is told."""

import asyncio
import contextlib
import itertools

import pytest
from cryptography.fernet import Fernet

from simpost.domain.accounts import Account
from simpost.domain.messages import Priority
from simpost.domain.outcomes import Outcome, Verdict
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.engine.lane import LEASE_MS, Lane
from simpost.engine.receiving import ReceiptDesk
from simpost.engine.settling import Patience
from simpost.ports.carrier import Traits
from simpost.ports.store import NewMessage
from simpost.store import SqliteStore

NOW = 1_800_000_000_000
HOUR_MS = 3_600_000
ACCEPTED = Verdict.ACCEPTED


class Clock:
    def __init__(self):
        self.now_ms = NOW

    def __call__(self):
        return self.now_ms


class ScriptedCarrier:
    """Keeps what it is sent; answers when told to."""

    traits = Traits(name="c")

    def __init__(self, room=1000):
        self.is_open = True
        self.is_paused = False
        self.room = room
        self.sent = []
        self.answers = []
        self.something = asyncio.Event()

    def send(self, part):
        self.room -= 1
        answer = asyncio.get_running_loop().create_future()
        self.sent.append(part)
        self.answers.append(answer)
        self.something.set()
        return answer

    def answer(self, index, verdict=ACCEPTED, **facts):
        self.room += 1
        carrier_id = f"id{index}" if verdict is ACCEPTED else None
        self.answers[index].set_result(Outcome(verdict, carrier_message_id=carrier_id, **facts))

    async def until_sent(self, count):
        while len(self.sent) < count:
            self.something.clear()
            await self.something.wait()


class Bench:
    """Store, carrier and lane, with what is needed to accept a message."""

    def __init__(self, store, carrier, lane, clock):
        self.store = store
        self.carrier = carrier
        self.lane = lane
        self.clock = clock
        self._ids = itertools.count(1)

    async def accept(self, text="hello", parts=None, priority=Priority.CONVERSATION):
        parts = parts or (text,)
        message = NewMessage(
            id=next(self._ids).to_bytes(16, "big"),
            account_id=1,
            esim_tran_no="26010100000001",
            iccid="8944538532008160222",
            destination="447700900001",
            sender="",
            carrier="c",
            category="service",
            priority=priority,
            text="".join(parts),
            encoding="gsm7",
            parts=parts,
            created_ms=self.clock(),
            expires_ms=self.clock() + HOUR_MS,
            lease_ms=self.lane.reserve(len(parts), priority, self.clock()),
        )
        done = await self.store.accept(message)
        if message.lease_ms is None:
            self.lane.wake()
        else:
            self.lane.take(message, done.reference)
        return message.id

    async def message(self, message_id):
        return await self.store.find_message(1, message_id)

    async def until(self, message_id, state):
        while (message := await self.message(message_id)).state is not state:
            await asyncio.sleep(0)
        return message


@contextlib.asynccontextmanager
async def opened(path, *, depth=8, room=1000, doubt=frozenset({"service"})):
    clock = Clock()
    store = await SqliteStore.open(path, seal_key=Fernet.generate_key().decode())
    await store.add_account(Account(id=0, access_code="a", secret="s"))
    carrier = ScriptedCarrier(room)
    lane = Lane(
        carrier,
        store,
        ReceiptDesk(store),
        owner="embedded",
        depth=depth,
        patience=Patience(repeat_in_doubt=doubt),
        clock_ms=clock,
    )
    running = asyncio.create_task(lane.run())
    bench = Bench(store, carrier, lane, clock)
    lane.wake()
    while lane.reserve(depth, Priority.CONVERSATION, NOW) is None:  # until the first claim is over
        await asyncio.sleep(0)
    lane.release(depth)
    try:
        yield bench
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await store.close()


@pytest.fixture
async def bench(tmp_path):
    async with opened(tmp_path / "simpost.db") as bench:
        yield bench


async def test_an_accepted_message_goes_straight_from_memory_and_is_settled(bench):
    message_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.answer(0)
    message = await bench.until(message_id, State.SENT)
    assert message.parts[0].carrier_message_id == "id0"
    assert [attempt.outcome for attempt in message.attempts] == ["accepted"]


async def test_what_the_lane_cannot_hold_waits_in_the_store_and_goes_later(tmp_path):
    async with opened(tmp_path / "s.db", depth=4, room=2) as bench:
        ids = [await bench.accept(f"text {index}") for index in range(12)]
        done = 0
        while done < 12:
            await bench.carrier.until_sent(done + 1)
            bench.carrier.answer(done)
            bench.lane.pump()
            done += 1
        for message_id in ids:
            await bench.until(message_id, State.SENT)
        assert [part.text for part in bench.carrier.sent] == [f"text {n}" for n in range(12)]


async def test_the_lane_never_holds_more_than_its_depth(tmp_path):
    async with opened(tmp_path / "s.db", depth=4, room=0) as bench:
        leases = [bench.lane.reserve(1, Priority.BULK, NOW) for _ in range(10)]
        assert [lease is not None for lease in leases] == [True] * 4 + [False] * 6


async def test_a_code_finds_a_place_when_the_lane_is_full_of_others(tmp_path):
    async with opened(tmp_path / "s.db", depth=4, room=0) as bench:
        for _ in range(4):
            await bench.accept("bulk", priority=Priority.BULK)
        await bench.accept("code", priority=Priority.CODE)
        bench.carrier.room = 1
        bench.lane.pump()
        assert bench.carrier.sent[0].text == "code"


async def test_throttled_parts_go_again_after_their_pause_and_not_before(bench):
    message_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.answer(0, Verdict.THROTTLED, reason=Reason.THROTTLED, retry_after_s=5)
    message = await bench.until(message_id, State.SENDING)
    assert message.parts[0].reason is Reason.THROTTLED
    claim = {"limit": 9, "owner": "embedded", "lease_ms": NOW + LEASE_MS}
    assert await bench.store.claim("c", now_ms=NOW + 4_999, **claim) == []
    bench.clock.now_ms = NOW + 5_000
    bench.lane.wake()
    await bench.carrier.until_sent(2)
    assert (bench.carrier.sent[1].attempt, bench.carrier.sent[1].repeat) == (2, False)


async def test_a_repeat_of_a_part_in_doubt_is_marked(bench):
    message_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.answer(0, Verdict.IN_DOUBT, reason=Reason.NO_ANSWER)
    await bench.until(message_id, State.IN_DOUBT)
    bench.clock.now_ms += 60_000
    bench.lane.wake()
    await bench.carrier.until_sent(2)
    assert bench.carrier.sent[1].repeat
    bench.carrier.answer(1)
    message = await bench.until(message_id, State.SENT)
    assert [attempt.repeat for attempt in message.attempts] == [False, True]


async def test_a_late_answer_settles_a_part_in_doubt_and_it_is_not_repeated(bench):
    message_id = await bench.accept()
    await bench.carrier.until_sent(1)
    bench.carrier.answer(0, Verdict.IN_DOUBT, reason=Reason.NO_ANSWER)
    await bench.until(message_id, State.IN_DOUBT)
    bench.lane.on_late(bench.carrier.sent[0], Outcome(ACCEPTED, carrier_message_id="late"))
    message = await bench.until(message_id, State.SENT)
    assert message.parts[0].carrier_message_id == "late"
    claim = {"limit": 9, "owner": "embedded", "lease_ms": NOW + LEASE_MS}
    assert await bench.store.claim("c", now_ms=NOW + 120_000, **claim) == []


async def test_without_a_link_parts_go_back_and_come_again_when_it_is_bound(bench):
    bench.carrier.room = 0
    message_id = await bench.accept()
    bench.carrier.is_open = False
    bench.lane.pump()
    message = await bench.until(message_id, State.SENDING)
    assert message.parts[0].reason is Reason.CARRIER_UNREACHABLE
    assert bench.lane.reserve(1, Priority.CODE, NOW) is None
    bench.carrier.is_open, bench.carrier.room = True, 10
    bench.clock.now_ms += 2_000
    bench.lane.wake()
    await bench.carrier.until_sent(1)


async def test_closing_returns_what_was_not_tried(bench):
    bench.carrier.room = 0
    message_id = await bench.accept()
    bench.lane.close()
    await bench.lane.drained()
    message = await bench.message(message_id)
    assert message.parts[0].reason is Reason.RETURNED
    assert bench.lane.reserve(1, Priority.CODE, NOW) is None


async def test_when_one_part_is_refused_those_not_begun_are_not_sent(tmp_path):
    async with opened(tmp_path / "s.db", room=1) as bench:
        message_id = await bench.accept(parts=("one", "two", "three"))
        await bench.carrier.until_sent(1)
        bench.lane.close()
        await bench.lane.drained()
        bench.carrier.answer(0, Verdict.REFUSED, reason=Reason.CARRIER_REFUSED)
        message = await bench.until(message_id, State.REJECTED)
        assert [part.state for part in message.parts] == [
            State.REJECTED,
            State.CANCELLED,
            State.CANCELLED,
        ]
        assert message.parts[1].reason is Reason.PART_NOT_SENT
