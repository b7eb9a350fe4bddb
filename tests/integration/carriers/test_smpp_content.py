"""The handset shows what was sent, for every content setting of a carrier."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

import pytest

from simpost.carriers.smpp import SmppCarrier
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.options import Ports
from simpost.domain.outcomes import OutcomeKind
from simpost.messaging.plan import SendOptions, SendPlan, plan_for_carrier
from simpost.messaging.reservation import first_attempts
from simpost.ports.store import NewMessage
from simpost.smsc import Simulator, SimulatorOptions
from simpost.smsc.behaviour import SubmitScript
from simpost.smsc.views import message_view
from tests.integration.carriers.centre import send, settings, started

NUMBER = "447700900001"
ESIM = Esim("26010100000001", "8944538532008160222", NUMBER, "", "ENABLED", "IN_USE", 1)
TEXTS = {
    "plain": "hello @£é[€]{}~^|\\",
    "long": "All work and no play makes [Jack] a dull boy. €~ " * 12,
    "emoji": "👨‍👩‍👧🇩🇪 ж" * 60,
    "turkish": "ışığını söndürmüş " * 20,
    "latin": "Où est l'élève à l'âge ancien ? " * 12,
}


@dataclass
class Watching:
    """Delivers everything and remembers what was submitted."""

    submits: list = field(default_factory=list)

    def decide(self, request):
        self.submits.append(request)
        return SubmitScript()


@contextlib.asynccontextmanager
async def bound(**changed):
    """A carrier bound to a simulator on a real socket, and what the simulator is given."""
    watching = Watching()
    packed = changed.get("gsm7") == "packed"
    simulator = Simulator(
        SimulatorOptions(password="secret", behaviour=watching, gsm7_packed=packed)
    )
    await simulator.start()
    given = settings(simulator.port, window=50, **changed)
    carrier = SmppCarrier(given.model_copy(update={"system_id": simulator.options.system_id}))
    try:
        async with started(carrier) as lane:
            await lane.until_bound(carrier)
            yield carrier, simulator, watching.submits
    finally:
        await simulator.stop()


def planned(carrier, text, options):
    plan = plan_for_carrier(carrier.capabilities, ESIM, text, Category.SERVICE, options)
    assert isinstance(plan, SendPlan), plan
    return plan


async def sent(carrier, text, options=None):
    """Decide and send as the service does; returns the plan once every part was accepted."""
    plan = planned(carrier, text, options or SendOptions())
    now_ms = time.time_ns() // 1_000_000
    message = NewMessage(
        id=b"\x07" * 16,
        account_id=1,
        esim_tran_no=ESIM.esim_tran_no,
        iccid=ESIM.iccid,
        destination=plan.destination,
        sender=plan.sender,
        carrier="centre",
        category=plan.category,
        priority=1,
        text=text,
        encoding=plan.encoding,
        parts=plan.parts,
        created_ms=now_ms,
        expires_ms=now_ms + 3_600_000,
        options=plan.options,
    )
    outcomes = await asyncio.gather(
        *(send(carrier, each) for each in first_attempts(message, 0x1234))
    )
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    return plan


def shown(simulator):
    handset = simulator.handsets.find(NUMBER)
    assert len(handset.texts) == 1
    packed = simulator.options.gsm7_packed
    return message_view(handset.texts[0], packed=packed)


WAYS = {
    "udh16": {},
    "udh8": {"reference_bits": 8},
    "sar": {"concatenation": "sar"},
    "payload": {"concatenation": "payload"},
}
ALPHABETS = {
    "gsm7": {},
    "packed": {"gsm7": "packed"},
    "national": {"languages": frozenset({1})},
    # The simulator takes data_coding 0 for GSM 7 bit, so the others are told by their own.
    "latin1": {"default_alphabet": "latin1", "default_data_coding": 3},
    "ascii": {"default_alphabet": "ascii", "default_data_coding": 1},
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("alphabet", ALPHABETS)
@pytest.mark.parametrize("way", WAYS)
async def test_the_handset_shows_what_was_sent(way, alphabet, text):
    """Garbled, cut or refused beyond one PDU: field rows 16, 17 and 20."""
    changed = WAYS[way] | ALPHABETS[alphabet] | {"max_parts": 40}
    async with bound(**changed) as (carrier, simulator, _):
        plan = await sent(carrier, TEXTS[text])
        view = shown(simulator)
    assert view.text == TEXTS[text]
    assert view.encoding == plan.encoding
    assert (view.complete, view.parts) == (True, len(plan.parts))


@pytest.mark.parametrize("told", ["general", "group_f", "subunit"])
@pytest.mark.parametrize("alphabet", ["gsm7", "packed", "latin1"])
@pytest.mark.parametrize("text", ["plain", "emoji"])
async def test_flash_is_flash_on_the_handset(told, alphabet, text):
    """Class 0 in the coding group of each alphabet: field row 22."""
    changed = ALPHABETS[alphabet] | {"message_class": told, "max_parts": 40}
    async with bound(**changed) as (carrier, simulator, _):
        await sent(carrier, TEXTS[text], SendOptions(message_class=0))
        view = shown(simulator)
    assert (view.text, view.message_class) == (TEXTS[text], 0)


async def test_latin_1_is_sent_octet_by_octet_where_data_coding_0_means_latin_1():
    async with bound(default_alphabet="latin1") as (carrier, _, submits):
        await sent(carrier, "@é[")
    assert [(each.data_coding, each.short_message) for each in submits] == [(0, b"@\xe9[")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("count", [1, 140, 141, 500])
async def test_binary_arrives_octet_by_octet(way, count):
    octets = bytes(each % 256 for each in range(count))
    async with bound(**WAYS[way]) as (carrier, simulator, _):
        await sent(carrier, octets.hex(), SendOptions(binary=True))
        view = shown(simulator)
    assert view.encoding == "binary"
    assert bytes.fromhex(view.text) == octets


@pytest.mark.parametrize("ports", [Ports(2948, 9200), Ports(250, 240, 8)])
@pytest.mark.parametrize("count", [3, 300])
async def test_every_part_of_a_port_addressed_message_has_its_ports(ports, count):
    """Ports not reachable: field row 22, jasmin#1042."""
    octets = bytes(count)
    async with bound(binary_data_coding=0xF5) as (carrier, simulator, _):
        await sent(carrier, octets.hex(), SendOptions(binary=True, ports=ports))
        view = shown(simulator)
        [message] = simulator.handsets.find(NUMBER).texts
    assert bytes.fromhex(view.text) == octets
    assert view.message_class == 1
    assert {part.header.ports for part in message.parts} == {ports}


@pytest.mark.parametrize("sender", ["Shop & Co", "12345", "447700900123", "+447700900123"])
async def test_the_handset_shows_the_sender_that_was_asked_for(sender):
    async with bound(senders=frozenset({"*"})) as (carrier, simulator, _):
        await sent(carrier, "hello", SendOptions(sender=sender))
        assert shown(simulator).source == sender.removeprefix("+")


@pytest.mark.parametrize("validity", ["relative", "absolute", "off"])
async def test_a_message_centre_understands_the_validity(validity):
    async with bound(validity=validity) as (carrier, simulator, _):
        await sent(carrier, "hello")
        assert shown(simulator).text == "hello"


@pytest.mark.parametrize("receipt", [True, False])
async def test_a_receipt_comes_only_when_it_was_requested(receipt):
    async with bound() as (carrier, _, submits):
        await sent(carrier, "hello", SendOptions(receipt=receipt))
    assert [each.registered_delivery for each in submits] == [int(receipt)]
