"""Messages for one carrier move to the next (field.md 3, row 27: "failover only when the socket
is down", jasmin#467, #813, #1219, #561), and never parts that may have been sent."""

import asyncio
import contextlib
import itertools

import msgspec
import pytest

from simpost.catalogue.normalization import parse_esim, parse_plan
from simpost.domain.messages import Category
from simpost.domain.options import Replacement, TemplateRef
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.messaging.accounts import Accounts
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.failover import Failover
from simpost.messaging.intake import Intake
from simpost.messaging.plan import SendOptions
from simpost.messaging.retry import RetryPolicy
from simpost.messaging.routes import Route, Routing
from simpost.messaging.send_request import SendRequest
from simpost.ports.carrier import AddressType, CarrierCapabilities
from tests.contract.scripted_carrier import ScriptedCarrier
from tests.integration.messaging.scripted import NOW, Clock, open_store
from tests.turns import until

ESIM = "26010100000001"
PLAN = {"packageCode": "P", "smsStatus": 1, "location": "TH", "dataType": 1}
ROW = {
    "esimTranNo": ESIM,
    "iccid": "8944538532008160222",
    "msisdn": "66811234567",
    "imsi": "520010000000001",
    "smdpStatus": "ENABLED",
    "esimStatus": "IN_USE",
    "packageList": [{"packageCode": "P"}],
}
PATIENCE = RetryPolicy(repeats=RepeatPolicy(frozenset({"service"})), failover_s=10)


class Service:
    """Two or more carriers of one route, a store, and everything between them."""

    def __init__(self, store, clock, *carriers):
        self.store = store
        self.clock = clock
        self.accounts = Accounts(store.accounts)
        self.dispatch = Dispatch(store, owner="embedded", retry_policy=PATIENCE, clock_ms=clock)
        for carrier in carriers:
            self.dispatch.add(carrier)
        ids = itertools.count(1)
        self.intake = Intake(
            store,
            Routing((), {}),
            self.dispatch,
            new_id=lambda: next(ids).to_bytes(16, "big"),
            clock_ms=clock,
            validity_s=3600,
        )
        self.failover = Failover(
            store, self.accounts, self.dispatch, Routing((), {}), clock_ms=clock
        )
        self.route(*(carrier.capabilities.name for carrier in carriers))

    def route(self, *names):
        lanes = self.dispatch.lanes
        routing = Routing(
            (Route(names),),
            {name: lane.carrier.capabilities for name, lane in lanes.items()},
            self.dispatch.is_available,
        )
        self.intake.routing = self.failover.routing = routing

    async def send(self, text="hello", category=None, **options):
        account = self.accounts.get("a")
        ask = SendRequest(ESIM, None, text, category, options=SendOptions(**options))
        answer = await self.intake.send(account, ask)
        assert answer.message_id, answer
        return answer.message_id

    async def message(self, message_id):
        return await self.store.log.find_message(1, message_id)

    async def until(self, message_id, state):
        async def fits():
            message = await self.message(message_id)
            return message if message.state is state else None

        return await until(fits, f"the message is {state}")

    async def until_tried(self, message_id, tries):
        async def fits():
            message = await self.message(message_id)
            return message if len(message.attempts) >= tries else None

        return await until(fits, f"{tries} attempts")

    async def rounds(self, seconds):
        """Run the failover as often as it runs in that time."""
        for _ in range(seconds):
            await self.failover.run_once()
            self.clock.now_ms += 1_000
        await self.failover.run_once()


def is_claimed(lane):
    """Whether it has claimed, or cannot."""
    return not (lane.carrier.is_open and lane._backlog.has_queued)


@contextlib.asynccontextmanager
async def serving(path, *carriers):
    store = await open_store(path)
    await store.catalogue.save_plans([parse_plan(PLAN)])
    await store.catalogue.save_esims(1, [parse_esim(ROW, NOW)])
    service = Service(store, Clock(), *carriers)
    await service.accounts.reload()
    try:
        async with asyncio.TaskGroup() as tasks:
            await service.dispatch.start(tasks)
            for lane in service.dispatch.lanes.values():
                await until(lambda lane=lane: is_claimed(lane), "the first claim")
            yield service
            service.dispatch.cancel()
    finally:
        await store.close()


@pytest.fixture
def a():
    return ScriptedCarrier(name="a")


@pytest.fixture
def b():
    return ScriptedCarrier(name="b")


@pytest.fixture
async def service(tmp_path, a, b):
    async with serving(tmp_path / "s.db", a, b) as service:
        yield service


def carriers_of(message):
    return [part.carrier for part in message.parts]


async def turned_back(service, carrier, message_id, kind, reason):
    """Let the carrier answer its first part with this outcome."""
    await carrier.until_sent(1)
    carrier.respond(0, kind, reason=reason)
    return await service.until(message_id, State.SENDING)


async def test_a_message_goes_by_the_next_carrier_when_the_first_is_closed(service, a, b):
    a.set_reachable(is_reachable=False)
    message_id = await service.send()
    await b.until_sent(1)
    assert carriers_of(await service.message(message_id)) == ["b"]
    assert a.sent == []


async def test_messages_for_a_lost_carrier_go_by_the_next_after_the_failover_time(service, a, b):
    a.set_capacity(0)
    message_id = await service.send()
    a.set_reachable(is_reachable=False)
    service.dispatch.lanes["a"].pump()
    await service.until(message_id, State.SENDING)
    await service.rounds(9)
    assert b.sent == []
    await service.rounds(2)
    await b.until_sent(1)
    b.respond(0)
    message = await service.until(message_id, State.SENT)
    assert [(each.carrier, each.reason) for each in message.attempts] == [
        ("a", Reason.CARRIER_UNREACHABLE),
        ("b", None),
    ]


async def test_a_message_moved_to_a_carrier_without_receipts_ends_at_sent(tmp_path, a):
    silent = ScriptedCarrier(name="b")
    silent.capabilities = msgspec.structs.replace(silent.capabilities, receipts=False)
    async with serving(tmp_path / "s.db", a, silent) as service:
        a.set_reachable(is_reachable=False)
        silent.set_reachable(is_reachable=False)
        message_id = await service.send()
        await service.rounds(20)
        silent.set_reachable(is_reachable=True)
        await service.rounds(1)
        await silent.until_sent(1)
        assert silent.sent[0].options.receipt is False
        silent.respond(0)
        message = await service.until(message_id, State.SENT)
        assert message.options.receipt is False
        long_after_ms = message.expires_ms + 9 * 86_400_000
        ended = await service.store.queue.end_unreported(
            now_ms=long_after_ms, expired_ms=long_after_ms, limit=10
        )
        assert ended == 0
        assert (await service.message(message_id)).state is State.SENT


async def test_when_both_carriers_are_down_messages_go_by_the_first_to_come_back(service, a, b):
    a.set_reachable(is_reachable=False)
    b.set_reachable(is_reachable=False)
    message_id = await service.send()
    await service.rounds(20)
    assert (await service.message(message_id)).state is State.ACCEPTED
    b.set_reachable(is_reachable=True)
    await service.rounds(1)
    await b.until_sent(1)
    assert a.sent == []


async def test_a_bind_that_is_refused_gives_the_part_to_the_next_carrier_at_once(service, a, b):
    message_id = await service.send()
    await turned_back(service, a, message_id, OutcomeKind.UNREACHABLE, Reason.BIND_REFUSED)
    await service.failover.run_once()
    await b.until_sent(1)
    b.respond(0)
    message = await service.until(message_id, State.SENT)
    assert [each.carrier for each in message.attempts] == ["a", "b"]
    assert await service.send()
    await b.until_sent(2)


async def test_a_carrier_that_throttles_everything_fails_over_after_the_failover_time(
    service, a, b
):
    message_id = await service.send()
    for tries, pause_s in enumerate((1, 2, 4, 8, 16), start=1):
        await a.until_sent(tries)
        a.respond(tries - 1, OutcomeKind.THROTTLED, reason=Reason.THROTTLED)
        message = await service.until_tried(message_id, tries)
        await service.failover.run_once()
        if carriers_of(await service.message(message_id)) == ["b"]:
            break
        service.clock.now_ms += 1000 * pause_s
        service.dispatch.lanes["a"].wake()
    assert message.attempts[-1].started_ms == NOW + 15_000
    await b.until_sent(1)


async def test_one_throttled_part_stays_with_a_carrier_that_takes_others(service, a, b):
    message_id = await service.send()
    await turned_back(service, a, message_id, OutcomeKind.THROTTLED, Reason.THROTTLED)
    await service.rounds(0)
    assert carriers_of(await service.message(message_id)) == ["a"]


async def test_a_part_in_doubt_is_never_sent_by_another_carrier(service, a, b):
    message_id = await service.send(category=Category.CODE)
    await a.until_sent(1)
    a.respond(0, OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
    await service.until(message_id, State.IN_DOUBT)
    a.set_reachable(is_reachable=False)
    await service.rounds(30)
    message = await service.message(message_id)
    assert (carriers_of(message), message.state, b.sent) == (["a"], State.IN_DOUBT, [])


async def test_a_repeat_of_a_part_in_doubt_goes_by_the_same_carrier(service, a, b):
    message_id = await service.send()
    await a.until_sent(1)
    a.respond(0, OutcomeKind.IN_DOUBT, reason=Reason.NO_RESPONSE)
    await service.until(message_id, State.IN_DOUBT)
    a.set_reachable(is_reachable=False)
    await service.rounds(70)
    assert b.sent == []
    a.set_reachable(is_reachable=True)
    service.dispatch.lanes["a"].wake()
    await a.until_sent(2)
    assert a.sent[1].repeat


async def test_a_message_refused_for_its_content_is_not_sent_by_another_carrier(service, a, b):
    message_id = await service.send()
    await a.until_sent(1)
    a.respond(0, OutcomeKind.REFUSED, reason=Reason.CARRIER_REFUSED)
    await service.until(message_id, State.REJECTED)
    await service.rounds(20)
    assert b.sent == []


async def test_all_parts_stay_with_the_carrier_that_took_one_of_them(service, a, b):
    a.set_capacity(1)
    message_id = await service.send("x" * 200)
    await a.until_sent(1)
    a.set_reachable(is_reachable=False)
    a.respond(0)
    service.dispatch.lanes["a"].pump()
    await service.until(message_id, State.SENDING)
    await service.rounds(20)
    assert (carriers_of(await service.message(message_id)), b.sent) == (["a", "a"], [])


async def test_unsent_parts_of_a_message_move_together(service, a, b):
    a.set_capacity(0)
    message_id = await service.send("x" * 200)
    a.set_reachable(is_reachable=False)
    service.dispatch.lanes["a"].pump()
    await service.until(message_id, State.SENDING)
    await service.rounds(12)
    await b.until_sent(2)
    assert carriers_of(await service.message(message_id)) == ["b", "b"]
    assert {part.reference for part in b.sent} == {b.sent[0].reference}


@pytest.mark.parametrize(
    ("capabilities", "text"),
    [
        (CarrierCapabilities(name="b", max_parts=1), "x" * 200),
        (CarrierCapabilities(name="b", reference_bits=16), "x" * 200),
        (CarrierCapabilities(name="b", alphabet="latin1"), "hello"),
        (CarrierCapabilities(name="b", address=AddressType.IMSI), "hello"),
        (CarrierCapabilities(name="b", concatenation="sar"), "x" * 200),
    ],
    ids=["fewer parts", "wider reference", "another alphabet", "another address", "sar"],
)
async def test_a_carrier_that_would_need_another_text_is_no_alternative(
    tmp_path, a, b, capabilities, text
):
    b.capabilities = capabilities
    b.set_reachable(is_reachable=False)
    async with serving(tmp_path / "s.db", a, b) as service:
        a.set_capacity(0)
        message_id = await service.send(text)
        a.set_reachable(is_reachable=False)
        b.set_reachable(is_reachable=True)
        service.dispatch.lanes["a"].pump()
        await service.until(message_id, State.SENDING)
        await service.rounds(20)
        assert (set(carriers_of(await service.message(message_id))), b.sent) == ({"a"}, [])


async def test_a_text_sent_with_look_alikes_goes_by_the_next_carrier_as_it_stands(service, a, b):
    a.set_capacity(0)
    message_id = await service.send("It’s " + "a" * 90, look_alikes=True)
    a.set_reachable(is_reachable=False)
    service.dispatch.lanes["a"].pump()
    await service.until(message_id, State.SENDING)
    await service.rounds(12)
    await b.until_sent(1)
    found = await service.message(message_id)
    assert (carriers_of(found), b.sent[0].text) == (["b"], "It's " + "a" * 90)
    assert found.options.replaced == (Replacement("’", "'", 1),)


async def test_a_rendered_text_goes_by_the_next_carrier_and_keeps_its_template(service, a, b):
    a.set_capacity(0)
    source = TemplateRef("welcome", 2, "pt-PT")
    message_id = await service.send("Bem-vindo", template=source)
    a.set_reachable(is_reachable=False)
    service.dispatch.lanes["a"].pump()
    await service.until(message_id, State.SENDING)
    await service.rounds(12)
    await b.until_sent(1)
    found = await service.message(message_id)
    assert (carriers_of(found), found.options.template) == (["b"], source)


async def test_the_next_carrier_sends_under_its_own_name_unless_another_was_asked_for(
    tmp_path, a, b
):
    a.capabilities = CarrierCapabilities(
        name="a", sender="OfA", senders=frozenset({"Shop", "Only"})
    )
    b.capabilities = CarrierCapabilities(name="b", sender="OfB", senders=frozenset({"Shop"}))
    a.set_reachable(is_reachable=False)
    b.set_reachable(is_reachable=False)
    async with serving(tmp_path / "s.db", a, b) as service:
        ids = [await service.send(), await service.send(sender="Shop")]
        stays = await service.send(sender="Only")
        b.set_reachable(is_reachable=True)
        await service.rounds(12)
        await b.until_sent(2)
        assert sorted(part.sender for part in b.sent) == ["OfB", "Shop"]
        assert [(await service.message(one)).sender for one in ids] == ["OfB", "Shop"]
        assert carriers_of(await service.message(stays)) == ["a"]


async def test_a_paused_carrier_fails_over_too_and_nothing_is_lost(service, a, b):
    a.set_capacity(0)
    waits = await service.send()
    service.dispatch.pause("a")
    service.dispatch.lanes["a"].pump()
    await service.until(waits, State.SENDING)
    at_once = await service.send()
    await b.until_sent(1)
    await service.rounds(12)
    await b.until_sent(2)
    assert {part.message_id for part in b.sent} == {waits, at_once}


async def test_messages_of_a_removed_carrier_go_by_the_remaining_routes(service, a, b):
    a.set_capacity(0)
    ids = [await service.send(f"text {n}") for n in range(5)]
    service.route("b")
    await service.dispatch.remove("a")
    await service.failover.run_once()
    await b.until_sent(5)
    assert {part.message_id for part in b.sent} == set(ids)
    assert await service.store.routing.carriers_with_backlog() == []


async def test_messages_without_a_route_wait_for_the_removed_carrier(service, a, b):
    a.set_capacity(0)
    message_id = await service.send()
    service.route()
    await service.dispatch.remove("a")
    await service.failover.run_once()
    assert await service.store.routing.carriers_with_backlog() == ["a"]
    assert [each.state for each in await service.dispatch.overview()][-1] is None
    assert carriers_of(await service.message(message_id)) == ["a"]


async def test_a_removed_carrier_finishes_its_parts(service, a, b):
    message_id = await service.send()
    await a.until_sent(1)
    removing = asyncio.create_task(service.dispatch.remove("a"))
    await until(lambda: not a.is_open, "the carrier is closed")
    assert not removing.done()
    a.respond(0)
    await removing
    assert (await service.message(message_id)).state is State.SENT


async def test_a_long_queue_moves_as_a_whole_and_what_cannot_move_does_not_stop_it(service, a, b):
    a.set_reachable(is_reachable=False)
    b.set_reachable(is_reachable=False)
    for n in range(150):
        await service.store.queue.accept(held_back(service, n))
    await asyncio.gather(*(service.send(f"text {n}") for n in range(250)))
    b.set_reachable(is_reachable=True)
    b.set_capacity(0)
    await service.rounds(14)
    assert await service.store.routing.count_queued("a") == 150


def held_back(service, number):
    """A message to an eSIM that no longer exists: no route can be chosen for it."""
    from tests.contract.store_facts import message

    return message(carrier="a", esim_tran_no=f"gone {number}", at_ms=NOW - 60_000)
