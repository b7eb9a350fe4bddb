"""Conversations and automations against a model of what was asked for, not of how it works.

The model knows only what happened and when. It is written from these sentences: one thread per
eSIM; a text reopens a conversation within 72 hours, else it begins a new one; a failed reply opens
it again; the first reply is due after four hours, then nobody has it. A message is sent once per
automation, eSIM and trip, after its delay, and not at all when it is too late.
"""

import asyncio
from itertools import groupby

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simpost.catalogue.normalization import parse_esim, parse_plan
from simpost.domain.accounts import Account
from simpost.domain.automations import Automation
from simpost.domain.conversations import ConversationChange, ConversationStatus
from simpost.domain.inbound import InboundPart, OwnNumbers, PartPosition
from simpost.domain.lifecycle import EventKind, LifecycleEvent, Transition
from simpost.messaging.inbound import InboundService
from simpost.messaging.inbound_routing import InboundRouter
from simpost.messaging.send_request import SendRequest
from simpost.ports.store.conversations import ConversationFilter
from simpost.ports.store.lifecycle import NewLifecycleEvent
from tests.contract.store_facts import NOW_MS, new_id
from tests.integration.api.conftest import ESIMS, GOOD, PLANS, wire

HOUR_MS = 3_600_000
TEMPLATE = '{"texts":{"en":"Hi"},"default_language":"en","variables":{}}'
DELAY_H, NOT_AFTER_H = 2, 6
NUMBER = "12345"


class Model:
    """What should be, hour by hour.

    Attributes:
        now: hours since the beginning.
        episodes: of the thread, each a dictionary.
        visits: country and hour of each report, and at which hours somebody looked what is due.
    """

    def __init__(self):
        self.now = 0
        self.episodes = []
        self.visits, self.looks = [], []

    def text(self):
        last = self.episodes[-1] if self.episodes else None
        if last is None or (last["closed"] is not None and self.now - last["closed"] > 72):
            last = {"assignee": "", "since": None, "due": None, "reply": False}
            self.episodes.append(last)
        if last["since"] is None:
            last |= {"since": self.now, "due": self.now + 4}
        last |= {"status": "open", "closed": None}

    def reply(self):
        for last in self.episodes[-1:]:
            last |= {"status": "waiting", "closed": None, "since": None, "due": None, "reply": True}

    def fail(self):
        self.wait(2)
        for last in self.episodes[-1:]:
            if last["reply"]:
                if last["since"] is None:
                    last |= {"since": self.now, "due": self.now + 4}
                last |= {"status": "open", "closed": None, "reply": False}

    def close(self):
        for last in self.episodes[-1:]:
            last |= {"status": "closed", "since": None, "due": None}
            if last["closed"] is None:
                last["closed"] = self.now

    def assign(self):
        for last in self.episodes[-1:]:
            if last["status"] != "closed":
                last["assignee"] = "Ana"

    def visit(self, country):
        self.now += 1
        self.visits.append((country, self.now))

    def wait(self, hours):
        self.now += hours
        self.looks.append(self.now)
        for each in self.episodes:
            if each["due"] is not None and each["due"] <= self.now:
                each |= {"due": None, "assignee": ""}

    def messages(self):
        """Hours at which a message of the automation is sent: one for each trip."""
        trips = [next(visits)[1] for _, visits in groupby(self.visits, key=lambda each: each[0])]
        looks = [
            next((look for look in self.looks if look >= begun + DELAY_H), None) for begun in trips
        ]
        return sorted(
            look
            for begun, look in zip(trips, looks, strict=True)
            if look is not None and look < begun + NOT_AFTER_H
        )


class Real:
    """The same steps with the services on a store."""

    def __init__(self, store, services, clock):
        self.store, self.services, self.clock = store, services, clock
        self.account = services.accounts.by_id(1)
        self.count = 0
        self.replies = {}
        self.desk = InboundService(
            store.inbound,
            InboundRouter(store.inbound, services.accounts, OwnNumbers({NUMBER: ""}, [])),
            services.intake,
            new_id=lambda: new_id(clock()),
            clock_ms=clock,
            conversations=store.conversations,
        )

    async def text(self):
        esim = await self.store.catalogue.find_esim(1, esim_tran_no=GOOD, iccid=None)
        self.count += 1
        place, said = PartPosition("alone", self.count), b"Help %d" % self.count
        part = InboundPart("down", esim.msisdn, NUMBER, said, "latin1", place, self.clock())
        assert await self.desk.receive(part) is None

    async def reply(self):
        for last in (await self.conversations())[-1:]:
            request = SendRequest(GOOD, None, "We are looking into it")
            done = await self.services.conversations.reply(self.account, last, request)
            assert done.message_id
            self.replies[last.id] = done.message_id

    async def fail(self):
        """The last reply is lost: nobody sends it, and it is cancelled."""
        for last in (await self.conversations())[-1:]:
            if message_id := self.replies.pop(last.id, None):
                await self.services.intake.cancel(self.account, message_id)
        await self.wait(2)

    async def close(self):
        await self._change(status=ConversationStatus.CLOSED)

    async def assign(self):
        found = await self.conversations()
        if found and found[-1].status is not ConversationStatus.CLOSED:
            await self._change(assignee="Ana")

    async def _change(self, **fields):
        for last in (await self.conversations())[-1:]:
            change = ConversationChange(**fields)
            await self.store.conversations.change(1, last.id, change, now_ms=self.clock())

    async def visit(self, country):
        """An hour later: of two reports of one second, nobody knows which is the later one."""
        self.count += 1
        self.clock.now_ms += HOUR_MS
        kind, now_ms = EventKind.COUNTRY_CHANGED, self.clock()
        event = LifecycleEvent("api", kind, now_ms, esim_tran_no=GOOD, country=country)
        new = NewLifecycleEvent(event, self.count.to_bytes(16, "big"))
        await self.store.lifecycle.record(
            1, [new], new_id=lambda: new_id(self.clock()), now_ms=now_ms
        )

    async def wait(self, hours):
        self.clock.now_ms += hours * HOUR_MS
        await self.services.automations.tick()
        await self.services.conversations.tidy()

    async def conversations(self):
        """Oldest first."""
        found = await self.store.conversations.list_conversations(1, ConversationFilter())
        return found[::-1]

    async def messages(self):
        found = await self.store.automations.list_runs(1, "trip", before=None, limit=99)
        messages = [
            await self.store.log.find_message(1, run.message_id) for run in found if run.message_id
        ]
        return sorted((each.created_ms - NOW_MS) // HOUR_MS for each in messages)


async def compare(real, model):
    found = await real.conversations()
    assert [
        {
            "status": each.status.value,
            "assignee": each.assignee,
            "since": None if each.unanswered_ms is None else hours(each.unanswered_ms),
            "due": None if each.reply_due_ms is None else hours(each.reply_due_ms),
        }
        for each in found
    ] == [
        {name: each[name] for name in ("status", "assignee", "since", "due")}
        for each in model.episodes
    ]
    assert await real.messages() == model.messages()


def hours(time_ms):
    return (time_ms - NOW_MS) / HOUR_MS


class Clock:
    def __init__(self):
        self.now_ms = NOW_MS

    def __call__(self):
        return self.now_ms


steps = st.one_of(
    st.sampled_from([("text",), ("reply",), ("fail",), ("close",), ("assign",)]),
    st.tuples(st.just("visit"), st.sampled_from(["FR", "DE"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 2, 3, 4, 5, 6, 70, 72, 73])),
)


@settings(
    max_examples=settings.default.max_examples // 3,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=st.lists(steps, max_size=30))
@example(
    story=[("text",), ("close",), ("wait", 72), ("text",), ("close",), ("wait", 73), ("text",)]
)
@example(story=[("text",), ("reply",), ("fail",), ("assign",), ("wait", 3), ("wait", 1)])
@example(story=[("visit", "FR"), ("visit", "FR"), ("wait", 4), ("visit", "DE"), ("wait", 6)])
def test_every_story_ends_as_it_was_asked_for(fresh, story):
    opening = fresh()

    async def live():
        clock = Clock()
        async with opening() as store:
            account = Account(0, "demo", "demo-secret", requests_per_s=0)
            assert await store.accounts.add_account(account) == 1
            await store.catalogue.save_plans([parse_plan(row) for row in PLANS])
            await store.catalogue.save_esims(1, [parse_esim(row, NOW_MS) for row in ESIMS])
            await store.templates.save_template(1, "hi", TEMPLATE, now_ms=NOW_MS)
            times = {"delay_s": DELAY_H * 3600, "not_after_s": NOT_AFTER_H * 3600}
            trip = Automation(1, "trip", Transition.COUNTRY_CHANGED, "hi", enabled=True, **times)
            await store.automations.save(trip)
            real, model = Real(store, await wire(store, clock_ms=clock), clock), Model()
            for name, *arguments in story:
                await getattr(real, name)(*arguments)
                getattr(model, name)(*arguments)
                await compare(real, model)

    asyncio.run(live())
