"""Whatever happens, in whatever order: a real store, lane, keeper and desk; a carrier at random.

A story is a seed: answers, receipts, throttles, lost links, crashes and restarts follow from it.
SIMPOST_STORIES sets how many are told.
"""

import asyncio
import contextlib
import os
import random
from collections import Counter, defaultdict

import pytest

from simpost.domain.messages import Priority
from simpost.domain.outcomes import Outcome, Receipt, Verdict
from simpost.domain.reasons import Reason
from simpost.domain.states import State, fold
from simpost.engine.keeper import Keeper
from simpost.engine.lane import Lane
from simpost.engine.ledger import Ledger
from simpost.ports.carrier import Traits
from simpost.ports.store import NewMessage
from simpost.store import SqliteStore
from tests.integration.engine.scripted import PATIENCE, SEAL_KEY, Clock, open_store

STORIES = int(os.environ.get("SIMPOST_STORIES", "10"))
STEPS = 80
DEPTH = 6
WINDOW = 4
OWNER = "embedded"
GRACE_MS = 600_000
ANSWER_MS = 30_000
LEASE_MS = 180_000
CATEGORIES = {
    "service": Priority.CONVERSATION,
    "code": Priority.CODE,
    "promotion": Priority.BULK,
}
WAITING = (State.ACCEPTED, State.SENDING, State.IN_DOUBT)
TURNED_BACK = (
    Outcome(Verdict.THROTTLED, reason=Reason.THROTTLED),
    Outcome(Verdict.UNREACHABLE, reason=Reason.CARRIER_UNREACHABLE),
)
REFUSED = Outcome(Verdict.REFUSED, reason=Reason.CARRIER_REFUSED)
DOUBT = Outcome(Verdict.IN_DOUBT, reason=Reason.NO_ANSWER)


class Sent:
    """One submit on the wire, and what the message centre made of it."""

    def __init__(self, part, answer, at_ms):
        self.part = part
        self.key = (part.message_id, part.number)
        self.answer = answer
        self.at_ms = at_ms
        self.carrier_id = ""
        self.turned_back = False

    @property
    def is_taken(self):
        return bool(self.carrier_id)

    @property
    def is_open(self):
        return not self.answer.done()


class Centre:
    """What the operator knows; it outlives every crash of ours."""

    def __init__(self, chance, clock):
        self.chance = chance
        self.clock = clock
        self.submits = defaultdict(list)
        self.to_report = []
        self.reported = {}
        self.ids = set()

    def take(self, sent):
        while (carrier_id := f"{self.chance.randrange(16**9, 16**10):X}") in self.ids:
            pass
        self.ids.add(carrier_id)
        sent.carrier_id = carrier_id
        fate = self.chance.random()
        if fate < 0.85:
            state = State.DELIVERED if fate < 0.7 else State.FAILED
            reason = None if state is State.DELIVERED else Reason.HANDSET_UNREACHABLE
            self.to_report.append((sent, state, reason))
            self.reported[carrier_id] = state

    def receipt(self, sent, state, reason):
        forms = (str, str, lambda one: str(int(one, 16)), str.lower, lambda one: one.zfill(16))
        written = self.chance.choice(forms)(sent.carrier_id)
        return Receipt("c", written, state, reason, None, self.clock(), (sent.part.destination,))


class Wire:
    """A carrier with a window; its link comes and goes."""

    is_paused = False
    depth = DEPTH

    def __init__(self, life):
        self.life = life
        self.traits = Traits(name="c")
        self.is_open = True
        self.open = []
        self.given_up = []

    @property
    def room(self):
        return WINDOW - len(self.open) if self.is_open else 0

    def send(self, part):
        self.life.expect(self.room > 0, "the window was exceeded")
        return self.life.sent(part, self.open)

    def end(self, sent, outcome):
        self.open.remove(sent)
        sent.answer.set_result(outcome)
        if outcome.verdict is Verdict.IN_DOUBT:
            self.given_up.append(sent)


class Life:
    """The service from one start to its end, over and over on the same file."""

    def __init__(self, path, seed):
        self.path = path
        self.chance = random.Random(seed)
        self.clock = Clock()
        self.centre = Centre(self.chance, self.clock)
        self.accepted = {}
        self.seen = {}
        self.unacknowledged = []
        self.acknowledged = {}
        self.happened = Counter()
        self.wrong = []

    # Start and end.

    async def start(self):
        if self.path.exists():
            self.store = await SqliteStore.open(self.path, seal_key=SEAL_KEY)
        else:
            self.store = await open_store(self.path)
        self.ledger = Ledger(self.store)
        self.keeper = Keeper(
            self.store,
            owner=OWNER,
            repeat_in_doubt=PATIENCE.repeat_in_doubt,
            receipt_grace_ms=GRACE_MS,
            clock_ms=self.clock,
        )
        await self.keeper.take_stock()
        self.wire = Wire(self)
        self.lane = Lane(
            self.wire,
            self.store,
            self.ledger,
            owner=OWNER,
            depth=DEPTH,
            patience=PATIENCE,
            clock_ms=self.clock,
        )
        self.tasks = [asyncio.create_task(self.lane.run()), asyncio.create_task(self.ledger.run())]
        self._note_acknowledged()
        again, self.unacknowledged = self.unacknowledged, []
        for sent, receipt, _ in again:
            self.report(sent, receipt)

    async def crash(self):
        """Everything in memory is gone, in the middle of whatever runs."""
        for task in self.tasks:
            task.cancel()
        for task in self.tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.store.close()

    async def wind_down(self):
        """As a stop does it: what is in flight is in doubt, and that is committed."""
        self.lane.close()
        self.lose_link()
        await self.ledger.drained()
        await self.crash()

    async def settle_down(self):
        """Until what was begun is committed: writes pass the store in order."""
        for _ in range(2):
            await self.ledger.drained()
            await self.store.forget(now_ms=0, limit=0)
            for _ in range(5):
                await asyncio.sleep(0)

    # What we are asked and what we do.

    async def accept(self):
        chance, now_ms = self.chance, self.clock()
        category = chance.choice(list(CATEGORIES))
        parts = tuple(f"part {number}" for number in range(chance.choice((1, 1, 1, 2, 3))))
        priority = CATEGORIES[category]
        leased = chance.random() < 0.8
        lease_ms = self.lane.reserve(len(parts), priority, now_ms) if leased else None
        message = NewMessage(
            id=now_ms.to_bytes(6, "big") + chance.randbytes(10),
            account_id=1,
            esim_tran_no="26010100000001",
            iccid="8944538532008160222",
            destination="447700900001",
            sender="",
            carrier="c",
            category=category,
            priority=priority,
            text="".join(parts),
            encoding="gsm7",
            parts=parts,
            created_ms=now_ms,
            expires_ms=now_ms + chance.choice((30_000, 300_000, 600_000)),
            lease_ms=lease_ms,
        )
        done = await self.store.accept(message)
        self.accepted[message.id] = message
        if lease_ms is None:
            self.lane.wake(priority)
        else:
            self.lane.take(message, done.reference)

    def sent(self, part, window):
        now_ms = self.clock()
        self.expect(now_ms < part.expires_ms, "sent after its validity")
        sent = Sent(part, asyncio.get_running_loop().create_future(), now_ms)
        before = self.centre.submits[sent.key]
        if not all(one.turned_back for one in before):
            may_repeat = part.category in PATIENCE.repeat_in_doubt
            self.expect(part.repeat, "sent again without a mark")
            self.expect(may_repeat, "repeated against its category")
            self.happened["repeat"] += 1
        known = self.seen.get(part.message_id)
        if known:
            state = known.parts[part.number - 1].state
            self.expect(state in WAITING, f"sent although it was {state}")
        before.append(sent)
        window.append(sent)
        return sent.answer

    def report(self, sent, receipt):
        """Until it is acknowledged it comes again with the next bind."""
        self.unacknowledged.append((sent, receipt, self.lane.on_receipt(receipt)))

    # What happens to us.

    def answer(self):
        if not self.wire.open:
            return
        sent = self.chance.choice(self.wire.open)
        fate = self.chance.random()
        if sent.is_taken or fate < 0.6:
            if not sent.is_taken:
                self.centre.take(sent)
            self.wire.end(sent, Outcome(Verdict.ACCEPTED, carrier_message_id=sent.carrier_id))
        elif fate < 0.95:
            sent.turned_back = True
            self.wire.end(sent, self.chance.choice(TURNED_BACK))
        else:
            sent.turned_back = True
            self.wire.end(sent, REFUSED)
        self.lane.on_room()

    def take_silently(self):
        """The message centre takes it; its answer is on its way, or lost."""
        waiting = [sent for sent in self.wire.open if not sent.is_taken]
        if waiting:
            self.centre.take(self.chance.choice(waiting))

    def give_up(self, older_than_ms=0):
        for sent in list(self.wire.open):
            if self.clock() - sent.at_ms >= older_than_ms:
                if not sent.is_taken and self.chance.random() < 0.5:
                    self.centre.take(sent)
                self.wire.end(sent, DOUBT)
        self.lane.on_room()

    def answer_late(self):
        late = [sent for sent in self.wire.given_up if sent.is_taken]
        if late:
            sent = self.chance.choice(late)
            self.wire.given_up.remove(sent)
            outcome = Outcome(Verdict.ACCEPTED, carrier_message_id=sent.carrier_id)
            self.lane.on_late(sent.part, outcome)

    def lose_link(self):
        self.wire.is_open = False
        self.give_up()

    def bind(self):
        self.wire.is_open = True
        self.lane.on_room()

    def send_receipt(self):
        if not self.centre.to_report:
            return
        index = self.chance.randrange(len(self.centre.to_report))
        sent, state, reason = self.centre.to_report[index]
        fate = self.chance.random()
        if fate < 0.1:
            notice = (State.SENT, Reason.HANDSET_UNREACHABLE)
            self.report(sent, self.centre.receipt(sent, *notice))
            return
        if fate > 0.3:  # otherwise it comes once more, some time
            self.centre.to_report.pop(index)
        self.report(sent, self.centre.receipt(sent, state, reason))

    async def pass_time(self, most_ms=8_000):
        self.give_up(older_than_ms=ANSWER_MS)
        self.clock.now_ms += self.chance.randrange(most_ms)
        await self.keeper.round()
        self.lane.wake()
        self.lane.pump()

    async def interrupt(self):
        for step in (self.answer, self.send_receipt):
            if self.chance.random() < 0.7:
                step()
        for _ in range(self.chance.choice((0, 0, 1, 2, 3, 5, 9))):
            await asyncio.sleep(0)
        await self.crash()
        await self.start()

    async def restart(self):
        await self.wind_down()
        await self.start()

    # What must hold.

    def expect(self, holds, otherwise):
        """In a callback of the loop, where an assertion would be no more than a line in a log."""
        if not holds:
            self.wrong.append(otherwise)

    async def look(self):
        await self.settle_down()
        assert not self.wrong
        self._note_acknowledged()
        for message_id, accepted in self.accepted.items():
            message = await self.store.find_message(1, message_id)
            assert message is not None, "lost"
            assert len(message.parts) == len(accepted.parts)
            assert message.state == fold(part.state for part in message.parts)
            self._compare(self.seen.get(message_id), message)
            self._check_ends(accepted, message)
            self._check_reports(message)
            self.seen[message_id] = message

    def _note_acknowledged(self):
        still = []
        for sent, receipt, future in self.unacknowledged:
            if not future.done():
                still.append((sent, receipt, future))
            elif receipt.state is not State.SENT:
                self.acknowledged.setdefault(sent.key, set()).add(sent.carrier_id)
        self.unacknowledged = still

    def _compare(self, before, after):
        if before is None:
            return
        assert after.state == before.state or after.state.outranks(before.state)
        for old, new in zip(before.parts, after.parts, strict=True):
            assert new.state == old.state or new.state.outranks(old.state)

    def _check_ends(self, accepted, message):
        over_ms = self.clock() - accepted.expires_ms
        for part in message.parts:
            if over_ms > LEASE_MS:
                assert part.state not in WAITING, "waits beyond its validity"
            if over_ms > GRACE_MS:
                assert part.state.is_final, "never ends"

    def _check_reports(self, message):
        for part in message.parts:
            key = (message.id, part.number)
            ids = {sent.carrier_id for sent in self.centre.submits[key] if sent.is_taken}
            if part.state is State.DELIVERED:
                assert State.DELIVERED in {self.centre.reported.get(one) for one in ids}
            if part.state is State.SENT:
                assert ids, "called sent although nobody took it"
                assert part.carrier_message_id not in self.acknowledged.get(key, ()), (
                    "a receipt was acknowledged and forgotten"
                )

    def check_shown(self):
        """At the end: what handsets got more than once was in doubt, may be, and says so."""
        for (message_id, number), submits in self.centre.submits.items():
            taken = [sent for sent in submits if sent.is_taken]
            assert all(sent.part.repeat for sent in taken[1:])
            tries = [one for one in self.seen[message_id].attempts if one.part == number]
            if len(taken) > 1:
                self.happened["shown twice"] += 1
                assert any(one.repeat for one in tries), "repeated, and the log does not say so"


async def live(path, seed):
    life = Life(path, seed)
    await life.start()
    steps = {
        life.accept: 12,
        life.answer: 14,
        life.take_silently: 2,
        life.send_receipt: 12,
        life.answer_late: 2,
        life.give_up: 1,
        life.lose_link: 1,
        life.bind: 6,
        life.pass_time: 3,
        life.interrupt: 3,
        life.restart: 1,
    }
    try:
        for _ in range(STEPS):
            [step] = life.chance.choices(list(steps), list(steps.values()))
            life.happened[step.__name__] += 1
            done = step()
            if done is not None:
                await done
            if life.chance.random() < 0.5:
                await life.look()
        life.bind()
        for most_ms in (1, 1, 60_000, LEASE_MS, 600_000, LEASE_MS, GRACE_MS, GRACE_MS, GRACE_MS):
            life.give_up()
            life.clock.now_ms += most_ms
            await life.pass_time(1)
            for _ in range(4):  # the last of them long after their message has ended
                life.send_receipt()
            await life.look()
        life.check_shown()
        for message in life.seen.values():
            assert message.state.is_final
    finally:
        await life.crash()
    return life


@pytest.mark.parametrize("seed", range(STORIES))
async def test_whatever_happens_every_promise_holds(tmp_path, seed):
    """vumi#991, jasmin#247, #796, #1036: states went back, messages were lost, or sent twice."""
    life = await live(tmp_path / "story.db", seed)
    assert life.accepted
