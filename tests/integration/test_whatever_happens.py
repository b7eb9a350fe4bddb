"""Whatever happens, in whatever order, every promise holds: stories of the whole service.

A real store on a file, the real engine and the real SMPP carriers talk to bundled message centres
over sockets. Answers are refused, slow, doubled or missing, links drop, receipts come first, twice,
late, in other forms or not at all, the service is killed and restarted, and so are the operators.
Time passes as the story wants it, so that every message ends within it.

A story is a number: `make stories SEED=7 COUNT=1` tells that one again. What they guard: every
message has its end (`Maintenance.run_once`), a start recovers the leases of the last run, what left
without a response is in doubt, a repeat is allowed, marked and by the same operator, early receipts
meet their response, commits come before responses, one request is one message, no state goes down.
"""

import asyncio
import os
import random
import shutil
from collections import Counter, defaultdict

import pytest

from simpost.domain.messages import Category
from simpost.messaging.send_request import SendRequest
from simpost.ports.store import MessageFilter
from tests.integration.stories.loop import StoryLoop
from tests.integration.stories.operators import PASSWORD, Operator
from tests.integration.stories.promises import (
    SLACK_MS,
    check_climbs,
    check_ends,
    check_part,
    check_told,
)
from tests.integration.stories.service import (
    ESIMS,
    GRACE_S,
    Service,
    live_in,
    prepare,
    settings_of,
    transaction_of,
)

FIRST = int(os.environ.get("SIMPOST_STORY", "1"))
STORIES = int(os.environ.get("SIMPOST_STORIES", "10"))
STEPS = 60
CATEGORIES = (Category.SERVICE, Category.CODE, Category.PROMOTION, Category.NOTICE)
TEXTS = ("{} ok", "{} " + "two parts " * 20, "{} " + "three parts " * 30)
ENDINGS = ("well", "as it is", "well", "dark")
VALID_S = (15, 40, 90)


class Story:
    def __init__(self, seed, folder, loop):
        self.chance = random.Random(f"steps {seed}")
        self.ending = ENDINGS[seed % len(ENDINGS)]
        self.loop = loop
        names = ("north", "south")[: self.chance.choice((1, 1, 2))]
        self.operators = [Operator(name, self.chance) for name in names]
        self.folder = folder
        self.asked = {}
        self.accepted = {}
        self.sending = set()
        self.seen = {}
        self.told = []
        self.wrong = []
        loop.set_exception_handler(lambda _, context: self.wrong.append(context))

    async def live(self):
        for operator in self.operators:
            await operator.start()
            operator.misbehave()
        self.service = Service(self.folder, settings_of(self._carriers()))
        try:
            await self.service.start()
            await self.pass_through()
            await self.end()
        finally:
            await self.service.leave()
            for operator in self.operators:
                if operator.is_up:
                    await operator.stop()
            await asyncio.sleep(1)  # for connections that are on their way

    async def pass_through(self):
        steps = {
            self.send: 24,
            self.breathe: 16,
            self.wait: 14,
            self.misbehave: 6,
            self.behave: 1,
            self.crash: 3,
            self.restart: 1,
            self.cut: 1,
            self.stop_operator: 1,
            self.start_operator: 5,
            self.pause: 1,
            self.resume: 3,
            self.look: 6,
        }
        for _ in range(STEPS):
            [step] = self.chance.choices(list(steps), list(steps.values()))
            self.told.append(f"{self.loop.time() - 1000:.3f} {step.__name__}")
            await step()
            self.service.check_alive()
            assert not self.wrong

    def _carriers(self):
        return {
            operator.name: {
                "port": operator.port,
                "password": PASSWORD,
                "window": self.chance.choice((1, 3, 10)),
                "binds": self.chance.choice((1, 1, 2)),
                "bind": self.chance.choice(("transceiver", "transmitter_receiver")),
                "concatenation": self.chance.choice(("udh", "sar")),
            }
            for operator in self.operators
        }

    # What is asked of us.

    async def send(self):
        """Several at once; who got no answer asks again under the same request id."""
        for _ in range(self.chance.choice((1, 2, 3, 6))):
            unanswered = [number for number in self.asked if number not in self.accepted]
            if unanswered and self.chance.random() < 0.3:
                number = self.chance.choice(unanswered)
            elif len(self.asked) < ESIMS:
                number = len(self.asked)
                self.asked[number] = SendRequest(
                    transaction_of(number),
                    None,
                    self.chance.choice(TEXTS).format(number),
                    self.chance.choice(CATEGORIES),
                    self.chance.choice(VALID_S),
                    request_id=f"request {number}",
                )
            else:
                continue
            task = asyncio.create_task(self._send(number))
            self.sending.add(task)
            task.add_done_callback(self.sending.discard)

    async def _send(self, number):
        app = self.service.app
        answer = await app.intake.send(app.accounts.get("a"), self.asked[number])
        assert answer.message_id, answer.reason
        known = self.accepted.setdefault(number, answer.message_id)
        assert known == answer.message_id, "one request, two messages"

    # What passes, and what happens to us.

    async def breathe(self):
        for _ in range(self.chance.randrange(20)):
            await asyncio.sleep(0)

    async def wait(self):
        await asyncio.sleep(self.chance.choice((0.01, 0.3, 2, 12)) * self.chance.random())

    async def misbehave(self):
        operator = self.chance.choice(self.operators)
        if operator.is_up:
            operator.misbehave()

    async def behave(self):
        operator = self.chance.choice(self.operators)
        if operator.is_up:
            operator.behave()

    async def cut(self):
        operator = self.chance.choice(self.operators)
        if operator.is_up:
            operator.cut()

    async def stop_operator(self):
        operator = self.chance.choice(self.operators)
        if operator.is_up:
            await operator.stop(abruptly=self.chance.random() < 0.5)

    async def start_operator(self):
        for operator in self.operators:
            if not operator.is_up:
                await operator.start()

    async def pause(self):
        self.service.app.dispatch.pause(self.chance.choice(self.operators).name)

    async def resume(self):
        for operator in self.operators:
            self.service.app.dispatch.resume(operator.name)

    async def crash(self):
        """In the middle of things, and often as soon as an operator has heard from us."""
        await self.send()
        heard = [one.heard for one in self.operators]
        for _ in range(self.chance.choice((0, 5, 20, 100, 300))):
            if heard != [one.heard for one in self.operators]:
                break
            await asyncio.sleep(0)
        for task in self.sending:
            task.cancel()
        await self.service.crash()
        await self.service.start()

    async def restart(self):
        while self.sending:  # the APIs are closed first
            await asyncio.wait(self.sending)
        await self.service.stop()
        await self.service.start()

    # What must hold.

    async def look(self):
        """At the log, against what it said before, and against the clock."""
        up_ms = 1000 * (self.loop.time() - self.service.up_since_s)
        accepted = set(self.accepted.values())
        for message_id in await self._logged():
            message = await self.service.store.log.find_message(1, message_id)
            check_climbs(self.seen.get(message_id, message), message)
            check_ends(message, self.loop.now_ms, up_ms)
            self.seen[message_id] = message
        assert accepted <= set(self.seen), "lost"

    async def _logged(self):
        ids, before = [], None
        while page := await self.service.store.log.list_messages(1, MessageFilter(before=before)):
            ids += [message.id for message in page]
            before = page[-1].id
        return ids

    async def end(self):
        """As it is, with no operator left, or all well again: then each tells what it has to."""
        while self.sending:
            await asyncio.wait(self.sending)
        self.told.append(f"{self.loop.time() - 1000:.3f} {self.ending}")
        self.is_well = self.ending == "well"
        for operator in self.operators:
            if self.ending == "dark" and operator.is_up:
                await operator.stop()
        if self.is_well:
            await self.start_operator()
            await self.resume()
            for operator in self.operators:
                operator.behave()
        await self.look()
        until_ms = max((one.expires_ms for one in self.seen.values()), default=0)
        until_ms += 1000 * GRACE_S + 2 * SLACK_MS
        while self.loop.now_ms < until_ms and not self._is_over():
            await asyncio.sleep(self.chance.uniform(1, 15))
            await self.look()
        self.check()

    def _is_over(self):
        ended = all(message.state.is_final for message in self.seen.values())
        return ended and (not self.is_well or all(one.has_told_all for one in self.operators))

    def check(self):
        submits = defaultdict(list)
        for operator in self.operators:
            for one in operator.submits():
                submits[one.number, one.part].append(one)
        for one in submits.values():
            one.sort(key=lambda submit: submit.at_s)
        numbers = Counter(message.destination for message in self.seen.values())
        assert not numbers or max(numbers.values()) == 1, "one request, two messages"
        assert {number for number, _ in submits} <= set(numbers), "sent, and nothing in the log"
        for message in self.seen.values():
            assert message.state.is_final, "never ends"
            for part in message.parts:
                check_part(message, part, submits[message.destination, part.number])
        if self.is_well:
            self._check_told()

    def _check_told(self):
        operators = {one.name: one for one in self.operators if one.has_told_all}
        for message in self.seen.values():
            for part in message.parts:
                operator = operators.get(part.carrier)
                known = operator and part.carrier_message_id
                if known and (end := operator.end_of(part.carrier_message_id)):
                    check_told(message, part, end)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + STORIES))
def test_every_promise_holds_in_random_stories(seed, tmp_path, monkeypatch):
    """vumi#991, jasmin#247, #796, #1036: states went back, messages were lost, or sent twice."""

    def made_loop():
        loop = StoryLoop(random.Random(f"turns {seed}"))
        live_in(loop, random.Random(f"service {seed}"), monkeypatch)
        return loop

    prepare(tmp_path)
    with asyncio.Runner(loop_factory=made_loop) as runner:
        loop = runner.get_loop()
        story = Story(seed, tmp_path, loop)
        try:
            runner.run(story.live())
        except BaseException as error:
            error.add_note(f"make stories SEED={seed} COUNT=1\n" + "\n".join(story.told))
            raise
    assert story.accepted
    assert not story.wrong
    shutil.rmtree(tmp_path)
