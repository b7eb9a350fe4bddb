"""Automations and conversations, whatever the order of events, crashes, clock steps and policy."""

import asyncio
import collections
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simpost.catalogue.normalization import parse_esim, parse_plan
from simpost.config.policy import OpenHoursSettings, PolicySettings
from simpost.domain.accounts import Account
from simpost.domain.automations import Automation, RunState
from simpost.domain.conversations import ConversationChange, ConversationStatus
from simpost.domain.inbound import InboundPart, OwnNumbers, PartPosition
from simpost.domain.lifecycle import EventKind, LifecycleEvent, Transition
from simpost.domain.messages import Category, own_request_id
from simpost.domain.policy.preference_changes import PreferenceChange, Way
from simpost.domain.states import State
from simpost.errors import StoreError
from simpost.features.automations.service import Automations
from simpost.features.templates.recipient_texts import RecipientTexts
from simpost.features.templates.service import Templates
from simpost.messaging.inbound import InboundService
from simpost.messaging.inbound_routing import InboundRouter
from simpost.messaging.policy.rules import PolicyRules
from simpost.messaging.policy.stops import Stops
from simpost.messaging.release import Release
from simpost.messaging.send_request import SendRequest
from simpost.ports.store.conversations import ConversationFilter
from simpost.ports.store.lifecycle import NewLifecycleEvent
from simpost.ports.store.log import MessageFilter
from tests.contract.store_facts import NOW_MS, new_id
from tests.integration.api.conftest import ESIMS, GOOD, PLANS, wire

TEXTERS = (GOOD, "26010100000006")
NUMBER = "12345"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
AUTOMATIONS = (
    Automation(
        1,
        "trip",
        Transition.COUNTRY_CHANGED,
        "hi",
        category=Category.NOTICE,
        delay_s=60,
        not_after_s=DAY_MS // 1000,
        enabled=True,
    ),
    Automation(
        1,
        "welcome",
        Transition.ATTACHED,
        "hi",
        delay_s=HOUR_MS // 1000,
        not_after_s=3 * DAY_MS // 1000,
        enabled=True,
    ),
)
ZONE = ZoneInfo("Europe/Paris")  # of both countries
OPENS, CLOSES, MOST_A_DAY = 8, 20, 2
OPEN_HOURS = [
    OpenHoursSettings(
        hours=(f"{OPENS:02}:00-{CLOSES}:00",), categories=frozenset({Category.NOTICE})
    )
]
TEMPLATE = '{"texts":{"en":"Hi"},"default_language":"en","variables":{}}'


class Crash:
    """The store of a leader that may die before its runs end."""

    def __init__(self, store):
        self._store, self._automations = store, store.automations
        self.is_next = False

    def __getattr__(self, name):
        if name == "automations":
            return self
        owner = self._automations if hasattr(type(self._automations), name) else self._store
        return getattr(owner, name)

    async def end_runs(self, runs):
        if self.is_next:
            self.is_next = False
            raise StoreError("the node died")
        await self._automations.end_runs(runs)


class Story:
    """What happened, and what conversations should be."""

    def __init__(self, store, services, clock):
        self.store, self.services, self.clock = store, services, clock
        self.events = []
        self.is_quiet = self.is_on = True
        self.opted_out = set()
        self.sent, self.sent_on = set(), collections.Counter()
        self.accepted = set()
        self.statuses = {}
        self.replies = 0
        self.texts = 0
        self.crashes = [Crash(store), Crash(store)]
        self.leaders = [
            Automations(
                each,
                services.accounts,
                services.intake,
                RecipientTexts(Templates(store.templates, clock), lambda *_: None),
                new_id=lambda: new_id(clock()),
                clock_ms=clock,
                keep_days=90,
            )
            for each in self.crashes
        ]
        self.release = Release(
            store.held,
            services.intake,
            services.accounts,
            services.carriers._dispatch.lanes,
            clock_ms=clock,
        )
        self.desk = InboundService(
            store.inbound,
            InboundRouter(store.inbound, services.accounts, OwnNumbers({NUMBER: ""}, [])),
            services.intake,
            new_id=lambda: new_id(clock()),
            clock_ms=clock,
            conversations=store.conversations,
        )

    async def event(self, esim, kind, country):
        event = LifecycleEvent("api", kind, self.clock(), esim_tran_no=esim, country=country)
        self.events.append(NewLifecycleEvent(event, len(self.events).to_bytes(16, "big")))
        await self._record(self.events[-1])

    async def again(self, times):
        if self.events:
            await asyncio.gather(*(self._record(self.events[-1]) for _ in range(times)))

    async def _record(self, event):
        await self.store.lifecycle.record(
            1, [event], new_id=lambda: new_id(self.clock()), now_ms=self.clock()
        )

    async def step(self, by_ms):
        self.clock.now_ms += by_ms

    async def tick(self, after_ms, *crash):
        """Both nodes lead at once."""
        self.clock.now_ms += after_ms
        for each, is_next in zip(self.crashes, crash, strict=True):
            each.is_next = is_next
        done = await asyncio.gather(*(each.tick() for each in self.leaders), return_exceptions=True)
        assert all(each is None or isinstance(each, StoreError) for each in done), done
        for each in self.crashes:
            each.is_next = False
        await asyncio.gather(*(self.release.run_once() for _ in range(2)))

    async def quiet(self, is_quiet):
        self.is_quiet = is_quiet
        self.services.intake.policy._apply(policy(is_quiet), OPEN_HOURS)

    async def prefer(self, esim, wants):
        (self.opted_out.discard if wants else self.opted_out.add)(esim)
        change = PreferenceChange(
            new_id(self.clock()), 1, esim, Way.API, self.clock(), {Category.NOTICE: wants}
        )
        await self.store.recipients.change_preferences(change)

    async def switch(self, is_on):
        self.is_on = is_on
        await self.store.automations.save(msgspec.structs.replace(AUTOMATIONS[0], enabled=is_on))

    async def text(self, esim):
        """The carrier delivers it twice."""
        found = await self.store.catalogue.find_esim(1, esim_tran_no=esim, iccid=None)
        self.texts += 1
        place = PartPosition("alone", self.texts)
        said = f"Help {self.texts}".encode()
        part = InboundPart("down", found.msisdn, NUMBER, said, "latin1", place, self.clock())
        assert await asyncio.gather(*(self.desk.receive(part) for _ in range(2))) == [None] * 2
        self.statuses[esim] = ConversationStatus.OPEN

    async def reply(self, esim):
        """Both nodes get the same request."""
        if not (found := await self._conversations(esim)):
            return
        self.replies += 1
        account = self.services.accounts.by_id(1)
        request = SendRequest(esim, None, f"Reply {self.replies}", request_id=f"r-{self.replies}")
        results = await asyncio.gather(
            *(self.services.conversations.reply(account, found[0], request) for _ in range(2))
        )
        assert len({each.message_id for each in results}) == 1
        self.statuses[esim] = ConversationStatus.WAITING

    async def close(self, esim):
        change = ConversationChange(status=ConversationStatus.CLOSED)
        for each in await self._conversations(esim):
            if each.status is not ConversationStatus.CLOSED:
                await self.store.conversations.change(1, each.id, change, now_ms=self.clock())
                self.statuses[esim] = ConversationStatus.CLOSED

    async def _conversations(self, esim):
        which = ConversationFilter(esim_tran_no=esim)
        return await self.store.conversations.list_conversations(1, which)

    async def check(self):
        """Each run has one message at most, in its time; each conversation is as the last step."""
        messages = await self.store.log.list_messages(1, MessageFilter(limit=1000))
        self.check_policy(messages)
        sent = collections.defaultdict(list)
        for each in messages:
            sent[each.request_id].append(each)
        assert all(len(some) == 1 for some in sent.values())
        keys = set()
        for automation in AUTOMATIONS:
            for run in await self.store.automations.list_runs(
                1, automation.name, before=None, limit=1000
            ):
                key = (run.automation, run.esim_tran_no, run.occurrence)
                assert key not in keys
                keys.add(key)
                if run.state is RunState.ACCEPTED and run.id not in self.accepted:
                    self.accepted.add(run.id)
                    assert self.is_on or run.automation != "trip"
                for each in sent.pop(own_request_id(f"automation {run.id.hex()}"), ()):
                    assert run.due_ms <= each.created_ms < run.late_ms
                    assert each.expires_ms <= run.late_ms
                    assert (run.state, run.message_id) in [
                        (RunState.ACCEPTED, each.id),
                        (RunState.WAITING, None),
                        (RunState.TOO_LATE, None),
                        (RunState.SWITCHED_OFF, None),
                    ]
        rest = [each for some in sent.values() for each in some]
        assert {each.category for each in rest} <= {Category.SUPPORT}
        assert len(rest) == self.replies
        for esim in TEXTERS:
            found = [each.status for each in await self._conversations(esim)]
            left = [each for each in found if each is not ConversationStatus.CLOSED]
            expected = self.statuses.get(esim, ConversationStatus.CLOSED)
            assert left == ([] if expected is ConversationStatus.CLOSED else [expected])

    def check_policy(self, messages):
        """What was sent since the last check was wanted, in open hours and within its limit."""
        now = datetime.fromtimestamp(self.clock() / 1000, ZONE)
        for each in messages:
            if each.category is not Category.NOTICE or each.state is not State.ACCEPTED:
                continue
            if each.id not in self.sent:
                self.sent.add(each.id)
                esim = each.esim_tran_no
                self.sent_on[esim, now.date()] += 1
                assert self.sent_on[esim, now.date()] <= MOST_A_DAY
                assert esim not in self.opted_out
                assert OPENS <= now.hour < CLOSES or not self.is_quiet
                assert self.clock() < each.expires_ms


def policy(is_quiet):
    return PolicySettings(
        quiet_hours=is_quiet, spread_s=0, daily_limit={Category.NOTICE: MOST_A_DAY}
    )


class Clock:
    now_ms = NOW_MS

    def __call__(self):
        return self.now_ms


esims = st.sampled_from(TEXTERS)
pauses = st.sampled_from([0, 60_000, HOUR_MS, 7 * HOUR_MS, 25 * HOUR_MS])
stories = st.lists(
    st.one_of(
        st.tuples(
            st.just("event"),
            esims,
            st.sampled_from([EventKind.ATTACHED_FIRST, EventKind.COUNTRY_CHANGED]),
            st.sampled_from(["FR", "DE"]),
        ),
        st.tuples(st.just("again"), st.integers(1, 5)),
        st.tuples(st.just("tick"), pauses, st.booleans(), st.booleans()),
        st.tuples(st.just("step"), st.sampled_from([-HOUR_MS, 999, 4 * DAY_MS])),
        st.tuples(st.sampled_from(["text", "reply", "close"]), esims),
        st.tuples(st.sampled_from(["quiet", "switch"]), st.booleans()),
        st.tuples(st.just("prefer"), esims, st.booleans()),
    ),
    max_size=25,
)
_DOWN_FOR_A_DAY = [
    ("event", GOOD, EventKind.ATTACHED_FIRST, "FR"),
    ("tick", HOUR_MS, True, True),
    ("tick", 25 * HOUR_MS, False, False),
]
_NIGHT = [
    ("event", GOOD, EventKind.COUNTRY_CHANGED, "FR"),
    ("tick", HOUR_MS, False, False),  # at two in the morning: held
    ("tick", 7 * HOUR_MS, False, False),
    ("event", GOOD, EventKind.COUNTRY_CHANGED, "DE"),
    ("tick", 25 * HOUR_MS, False, False),
    ("event", GOOD, EventKind.COUNTRY_CHANGED, "FR"),
    ("quiet", False),
    ("tick", 60_000, False, False),
]
_UNWANTED_WHILE_HELD = [*_NIGHT[:2], ("prefer", GOOD, False), *_NIGHT[2:]]
_SWITCHED_OFF_WHILE_IT_WAITS = [
    ("quiet", False),
    ("event", GOOD, EventKind.COUNTRY_CHANGED, "FR"),
    ("tick", 0, False, False),
    ("switch", False),
    ("tick", 60_000, False, False),
]
_MORE_THAN_THE_LIMIT = [
    ("quiet", False),
    *(
        step
        for country in ("FR", "DE", "FR")
        for step in (
            ("event", GOOD, EventKind.COUNTRY_CHANGED, country),
            ("tick", 60_000, True, False),
        )
    ),
    ("prefer", GOOD, False),
    ("tick", 25 * HOUR_MS, False, False),
]


@settings(
    max_examples=settings.default.max_examples // 2,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(story=stories)
@example(story=_DOWN_FOR_A_DAY)
@example(story=_NIGHT)
@example(story=_MORE_THAN_THE_LIMIT)
@example(story=_UNWANTED_WHILE_HELD)
@example(story=_SWITCHED_OFF_WHILE_IT_WAITS)
def test_no_interleaving_sends_twice_or_late_or_loses_a_conversation(fresh, story):
    opening = fresh()

    async def live():
        clock = Clock()
        async with opening() as store:
            account = Account(0, "demo", "demo-secret", requests_per_s=0)
            assert await store.accounts.add_account(account) == 1
            await store.catalogue.save_plans([parse_plan(row) for row in PLANS])
            await store.catalogue.save_esims(1, [parse_esim(row, NOW_MS) for row in ESIMS])
            await store.templates.save_template(1, "hi", TEMPLATE, now_ms=NOW_MS)
            for each in AUTOMATIONS:
                await store.automations.save(each)
            rules = PolicyRules(policy(is_quiet=True), OPEN_HOURS, Stops(store.stops, clock))
            one = Story(store, await wire(store, clock_ms=clock, policy=rules), clock)
            for name, *arguments in story:
                await getattr(one, name)(*arguments)
                await one.check()

    asyncio.run(live())
