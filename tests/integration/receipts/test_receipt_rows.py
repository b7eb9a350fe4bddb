"""Receipts end to end: message centre, carrier, service, store. Rows are those of known complaints.

jasmin, vumi and php-smpp are the gateways whose users told them, with the number of the issue.
"""

import asyncio
import contextlib
import itertools
import re
import shutil
from datetime import UTC, datetime

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from simpost.carriers.smpp import SmppCarrier
from simpost.domain.network_errors import explain_carrier_code
from simpost.domain.outcomes import ReceiptDisposition
from simpost.domain.reasons import Reason
from simpost.domain.receipt_ids import Base, LetterCase
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.plain_text_receipts import PlainTextReceipts
from simpost.messaging.retry import RetryPolicy
from simpost.ports.carrier import ConnectionState
from simpost.ports.store import NewMessage
from simpost.runtime.clock import wall_clock_ms
from simpost.smpp import DeliverSm, MessageState, Status, SubmitSmResp, format_receipt, receipt_tlvs
from simpost.smsc import Faults, Rule, Simulator, SimulatorOptions, When
from simpost.smsc.faults import (
    DelayReceipt,
    DoubleReceipt,
    FinalState,
    Intermediate,
    LoseReceipt,
    ReceiptFirst,
    ReceiptId,
    ShapeReceipt,
)
from simpost.store import SqliteStore
from tests.integration.carriers.centre import Centre, listening, settings
from tests.turns import until

HANDSET = "66812345678"
HOUR_MS = 3_600_000
AFTER_THE_ANSWER = DelayReceipt(seconds=0.2)  # and after its commit
MORNING = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


SEAL_KEY = Fernet.generate_key().decode()


@pytest.fixture(scope="module")
def migrated(tmp_path_factory):
    """A store without a row: copying it is quicker than migrating each time."""
    path = tmp_path_factory.mktemp("store") / "empty.db"

    async def migrate():
        await (await SqliteStore.open(path, seal_key=SEAL_KEY)).close()

    asyncio.run(migrate())
    return path


@pytest.fixture
def path(migrated, tmp_path):
    return shutil.copyfile(migrated, tmp_path / "simpost.db")


class Inbox:
    """Takes inbound messages that are no receipts."""

    def __init__(self):
        self.texts = []

    def take(self, part):
        self.texts.append(part.octets.decode())
        taken = asyncio.get_running_loop().create_future()
        taken.set_result(None)
        return taken


class Service:
    """A store, its receipt handling and one lane: what is between an API and a message centre."""

    def __init__(self, store, dispatch, inbox):
        self.store = store
        self.inbox = inbox
        self.lane = dispatch.lanes["centre"]
        self._ids = itertools.count(1)

    async def send(self, *parts):
        now_ms = wall_clock_ms()
        message_id = now_ms.to_bytes(6, "big") + next(self._ids).to_bytes(10, "big")
        reservation = self.lane.reserve(message_id, len(parts), 1, now_ms)
        message = NewMessage(
            id=message_id,
            account_id=1,
            esim_tran_no="26010100000001",
            iccid="8944538532008160222",
            destination=HANDSET,
            sender="simpost",
            carrier="centre",
            category="service",
            priority=1,
            text="".join(parts),
            encoding="gsm7",
            parts=parts,
            created_ms=now_ms,
            expires_ms=now_ms + HOUR_MS,
            lease_ms=reservation.lease_ms,
        )
        with reservation:
            accepted = await self.store.queue.accept(message)
            reservation.confirm(message, accepted.reference)
        return message.id

    async def until(self, message_id, condition):
        async def fits():
            message = await self.store.log.find_message(1, message_id)
            return message if condition(message) else None

        return await until(fits, "the message is as it should be")

    async def until_ended(self, message_id):
        return await self.until(message_id, lambda message: message.state.is_final)

    async def forms(self):
        return [seen.form for seen in await self.store.receipts.id_forms("centre")]


@contextlib.asynccontextmanager
async def serving(path, port, **changed):
    store = await SqliteStore.open(path, seal_key=SEAL_KEY)
    inbox = Inbox()
    dispatch = Dispatch(
        store,
        owner="embedded",
        retry_policy=RetryPolicy(),
        clock_ms=wall_clock_ms,
        inbound=PlainTextReceipts(store, inbox.take).receive,
    )
    carrier = SmppCarrier(settings(port, **changed))
    dispatch.add(carrier)
    try:
        async with asyncio.TaskGroup() as tasks:
            await dispatch.start(tasks)
            await until(lambda: carrier.state is ConnectionState.READY, "the carrier is bound")
            yield Service(store, dispatch, inbox)
            await dispatch.stop()
            dispatch.cancel()
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def simulated(path, *faults, when=None, **options):
    """A service bound to a simulator whose faults hit every submit, or those meant by `when`."""
    rules = tuple(Rule(do=fault, when=when or When()) for fault in faults)
    simulator = Simulator(
        SimulatorOptions(password="secret", seed=7, retry_s=0.01, faults=Faults(rules), **options)
    )
    await simulator.start()
    try:
        async with serving(
            path, simulator.port, system_id="simpost", password=SecretStr("secret")
        ) as service:
            yield service
    finally:
        await simulator.stop()


@contextlib.asynccontextmanager
async def scripted(path, *ids):
    """A service bound to a message centre that gives these ids, and the centre's session."""
    given = iter(ids)
    centre = Centre(lambda session, submit: SubmitSmResp(message_id=next(given)))
    async with listening(centre) as port, serving(path, port) as service:
        yield service, await centre.bound.get()


def report(text=b"", source=HANDSET, esm_class=0x04, **fields):
    return DeliverSm(
        source_addr=source,
        destination_addr="simpost",
        esm_class=esm_class,
        short_message=text,
        **fields,
    )


# Row 1: the receipt arrives but never matches.


@pytest.mark.parametrize(
    ("answers", "fault", "base", "letters"),
    [
        ("hex", ReceiptId(base="decimal"), Base.DECIMAL, LetterCase.UPPER),
        ("decimal", ReceiptId(base="hex"), Base.HEX, LetterCase.SAME),
        ("decimal", ReceiptId(base="hex", case="lower", width=20), Base.HEX, LetterCase.SAME),
        ("hex", ReceiptId(case="lower"), Base.SAME, LetterCase.UPPER),
        ("decimal", ReceiptId(width=20), Base.SAME, LetterCase.SAME),
        ("hex", ReceiptId(base="decimal", width=20, where="text"), Base.DECIMAL, LetterCase.UPPER),
    ],
    ids=["jasmin-643", "jasmin-375", "jasmin-423", "jasmin-405", "jasmin-1129", "text-alone"],
)
async def test_row_1_receipts_match_in_another_case_base_or_padding(
    path, answers, fault, base, letters
):
    faults = [fault]
    if fault.where == "text":
        faults.append(ShapeReceipt(tlvs=False))
    async with simulated(path, *faults, id_format=answers) as service:
        for text in ("one", "two", "three"):
            message = await service.until_ended(await service.send(text))
            assert message.state is State.DELIVERED
        forms = await service.forms()
        assert (forms[0].base, forms[0].letters) == (base, letters)


async def test_row_1_a_receipt_that_fits_two_parts_is_applied_to_neither(path):
    """jasmin#535: ids used again while the first user of one still waits."""
    async with scripted(path, "00ABCDEF", "00abcdef") as (service, session):
        messages = [await service.send(text) for text in ("one", "two")]
        for message_id in messages:
            await service.until(message_id, lambda message: message.state is State.SENT)
        answer = await session.request(report(b"id:11259375 stat:DELIVRD err:000"))
        assert answer.command_status == Status.ESME_ROK
        for message_id in messages:
            assert (await service.store.log.find_message(1, message_id)).state is State.SENT


async def test_row_1_addresses_that_are_not_swapped_are_proof_too(path):
    """telenordigital/sms-smpp#153: the receipt names the handset as the destination."""
    async with scripted(path, "00ABCDEF") as (service, session):
        message_id = await service.send("one")
        await service.until(message_id, lambda message: message.state is State.SENT)
        unswapped = report(b"id:11259375 stat:DELIVRD err:000", source="simpost")
        unswapped.destination_addr = HANDSET
        await session.request(unswapped)
        assert (await service.until_ended(message_id)).state is State.DELIVERED


# Row 2: the receipt comes before the submit answer was saved.


@pytest.mark.parametrize("fault", [None, ReceiptId(base="decimal")], ids=["exact", "in-a-form"])
async def test_row_2_a_receipt_before_the_response_is_parked_until_it_comes(path, fault):
    """jasmin#472, #423; vumi#963."""
    faults = [ReceiptFirst(seconds=0.05)] + [fault] * (fault is not None)
    async with simulated(path, *faults, id_format="hex") as service:
        message = await service.until_ended(await service.send("early"))
        assert message.state is State.DELIVERED
        [kept] = message.receipts
        assert (kept.disposition, kept.part) == (ReceiptDisposition.MATCHED, 1)


# Row 3: one part is not the message.


async def test_row_3_one_failed_part_of_three_is_not_delivered(path):
    """jasmin#663, #1123, #789."""
    second = When(after=1, times=1)
    failing = FinalState(state="UNDELIVERABLE", error=6)
    async with simulated(path, failing, when=second) as service:
        message = await service.until_ended(await service.send("one ", "two ", "three"))
        assert (message.state, message.reason) == (State.FAILED, Reason.UNDELIVERABLE)
        assert [part.state for part in message.parts] == [
            State.DELIVERED,
            State.FAILED,
            State.DELIVERED,
        ]
        failed = message.parts[1]
        assert failed.carrier_code == "3:6"
        assert "absent subscriber" in explain_carrier_code(failed.carrier_code)


async def test_row_3_a_message_without_the_last_receipt_stays_sent(path):
    """jasmin#834: only the last part was tracked."""
    async with simulated(path, LoseReceipt(), when=When(times=1)) as service:
        message = await service.until(
            await service.send("one ", "two "),
            lambda message: message.parts[1].state is State.DELIVERED,
        )
        assert (message.state, message.parts[0].state) == (State.SENT, State.SENT)


# Row 6: what is a receipt, and what it says.


@pytest.mark.parametrize(
    "shape",
    [
        ShapeReceipt(tlvs=False),
        ShapeReceipt(text=False),
        ShapeReceipt(tlvs=False, separator=","),
        ShapeReceipt(tlvs=False, separator=", "),
        ShapeReceipt(tlvs=False, omit=("sub", "dlvrd", "submit", "done", "text")),
        ShapeReceipt(tlvs=False, omit=("err",)),
        ShapeReceipt(omit=("id", "stat")),
    ],
    ids=lambda shape: re.sub(r"\W+", "-", f"{shape}"[13:-1]),
)
@pytest.mark.parametrize(
    ("become", "state", "reason"),
    [
        (None, State.DELIVERED, None),
        ("UNDELIVERABLE", State.FAILED, Reason.UNDELIVERABLE),
        ("EXPIRED", State.EXPIRED, Reason.EXPIRED_AT_CARRIER),
        ("REJECTED", State.REJECTED, Reason.REJECTED_BY_CARRIER),
    ],
)
async def test_row_6_success_and_failure_are_read_in_every_format(
    path, shape, become, state, reason
):
    """jasmin#447, #1050, #760; php-smpp#70."""
    faults = [shape] + ([FinalState(state=become, error=11)] if become else [])
    async with simulated(path, *faults) as service:
        message = await service.until_ended(await service.send("hello"))
        assert (message.state, message.reason) == (state, reason)


@pytest.mark.parametrize(
    ("text", "tlvs", "code"),
    [
        (b"err:0D1", (), "0D1"),
        (b"err:027", (), "027"),
        (b"err:000", (), None),
        (b"err:0D1", receipt_tlvs("id-1", MessageState.UNDELIVERABLE, (3, 27)), "3:27 err 0D1"),
        (b"err:027", receipt_tlvs("id-1", MessageState.UNDELIVERABLE, (3, 27)), "3:27"),
        (b"", receipt_tlvs("id-1", MessageState.UNDELIVERABLE, (8, 999)), "8:999"),
    ],
)
async def test_row_6_error_codes_are_kept_as_they_came(path, text, tlvs, code):
    async with scripted(path, "id-1") as (service, session):
        message_id = await service.send("hello")
        await service.until(message_id, lambda message: message.state is State.SENT)
        await session.request(report(b"id:id-1 stat:UNDELIV " + text, tlvs=tlvs))
        message = await service.until_ended(message_id)
        assert (message.state, message.parts[0].carrier_code) == (State.FAILED, code)


async def test_row_6_a_receipt_without_an_id_is_acknowledged_and_ends_nothing(path):
    async with scripted(path, "id-1") as (service, session):
        message_id = await service.send("hello")
        await service.until(message_id, lambda message: message.state is State.SENT)
        answer = await session.request(report(b"stat:DELIVRD err:000"))
        assert answer.command_status == Status.ESME_ROK
        assert (await service.store.log.find_message(1, message_id)).state is State.SENT


def written(carrier_id, source=HANDSET, **changed):
    """A receipt as a plain text: neither esm_class nor a TLV says that it is one."""
    text = format_receipt(carrier_id, MessageState.DELIVERED, submitted=MORNING, done=MORNING)
    fields = {"source_addr": source, "destination_addr": "simpost", "short_message": text}
    return DeliverSm(**(fields | changed))


@pytest.mark.parametrize(
    ("answered", "reported"), [("id-1", "id-1"), ("DEADBEEF", "3735928559"), ("42", "0000000042")]
)
async def test_row_6_a_receipt_sent_as_a_plain_text_is_a_receipt(path, answered, reported):
    """jasmin#447, #1050: and no reply of the handset, neither the first time nor the second."""
    async with scripted(path, answered) as (service, session):
        message_id = await service.send("hello")
        await service.until(message_id, lambda message: message.state is State.SENT)
        for _ in range(2):
            answer = await session.request(written(reported))
            assert answer.command_status == Status.ESME_ROK
        message = await service.store.log.find_message(1, message_id)
        assert message.state is State.DELIVERED
        assert [kept.disposition for kept in message.receipts] == [ReceiptDisposition.DUPLICATE]
        assert service.inbox.texts == []


@pytest.mark.parametrize(
    "text",
    [
        written("id-2"),  # of nothing we sent
        written("id-1", source="66899999999"),  # of another handset
        written("id-1", short_message=b"id:id-1 stat:DELIVRD"),  # in part
        written("id-1", short_message=b"look: " + written("id-1").short_message),
        written("id-1", source=""),
    ],
)
async def test_row_6_a_text_that_only_looks_like_a_receipt_is_kept_as_a_message(path, text):
    async with scripted(path, "id-1") as (service, session):
        message_id = await service.send("hello")
        await service.until(message_id, lambda message: message.state is State.SENT)
        assert (await session.request(text)).command_status == Status.ESME_ROK
        assert service.inbox.texts == [text.short_message.decode()]
        message = await service.store.log.find_message(1, message_id)
        assert (message.state, message.receipts) == (State.SENT, ())


# Row 7: the status goes backwards, or comes twice.


async def test_row_7_a_doubled_receipt_is_kept_once_and_counted(path):
    """vumi#991; prime-simplereport#1931."""
    async with simulated(path, DoubleReceipt(copies=3), AFTER_THE_ANSWER) as service:
        message = await service.until(
            await service.send("hello"),
            lambda message: sum(kept.times for kept in message.receipts) == 2,
        )
        assert message.state is State.DELIVERED
        [kept] = message.receipts
        assert (kept.disposition, kept.state) == (ReceiptDisposition.DUPLICATE, State.DELIVERED)


async def test_row_7_an_intermediate_notice_comes_before_and_lowers_nothing(path):
    async with simulated(path, Intermediate(always=True), AFTER_THE_ANSWER) as service:
        message_id = await service.send("hello")
        noted = await service.until(message_id, lambda message: message.reason is not None)
        assert (noted.state, noted.reason) == (State.SENT, Reason.HANDSET_UNREACHABLE)
        message = await service.until_ended(message_id)
        assert (message.state, message.reason) == (State.DELIVERED, None)


async def test_row_7_a_receipt_after_the_final_state_is_kept_and_changes_nothing(path):
    """vumi#991, courier#1189: delivered, then enroute, then failed."""
    async with scripted(path, "00ABCDEF") as (service, session):
        message_id = await service.send("hello")
        await service.until(message_id, lambda message: message.state is State.SENT)
        for state in (MessageState.DELIVERED, MessageState.ENROUTE, MessageState.UNDELIVERABLE):
            text = format_receipt("11259375", state, submitted=MORNING, done=MORNING)
            await session.request(report(text))
        message = await service.store.log.find_message(1, message_id)
        assert (message.state, message.reason) == (State.DELIVERED, None)
        assert [(kept.state, kept.disposition) for kept in message.receipts] == [
            (State.SENT, ReceiptDisposition.LATE),
            (State.FAILED, ReceiptDisposition.LATE),
        ]


# Ids that fit nothing.


async def test_the_id_in_the_text_is_used_where_that_of_the_tlv_matches_nothing(path):
    async with scripted(path, "c-1") as (service, session):
        message_id = await service.send("hello")
        await service.until(message_id, lambda message: message.state is State.SENT)
        tlvs = receipt_tlvs("99887766", MessageState.DELIVERED)
        answer = await session.request(written("c-1", esm_class=4, tlvs=tlvs))
        assert answer.command_status == Status.ESME_ROK
        assert (await service.until_ended(message_id)).state is State.DELIVERED


async def test_as_many_receipts_as_parts_end_a_message_whose_parts_share_an_id(path):
    async with scripted(path, "c-1", "c-1") as (service, session):
        message_id = await service.send("one", "two")
        await service.until(message_id, lambda message: message.state is State.SENT)
        await session.request(written("c-1", esm_class=4))
        one_ended = await service.store.log.find_message(1, message_id)
        assert [part.state for part in one_ended.parts] == [State.DELIVERED, State.SENT]
        await session.request(written("c-1", esm_class=4))
        assert (await service.until_ended(message_id)).state is State.DELIVERED


@pytest.mark.parametrize("first", ["receipt", "doubt"])
async def test_a_receipt_settles_a_submit_that_was_never_answered(path, first):
    centre = Centre(lambda session, submit: "silence")
    async with listening(centre) as port, serving(path, port, response_timeout_s=1) as service:
        session = await centre.bound.get()
        message_id = await service.send("1234 is your code")
        await centre.submits.get()
        if first == "doubt":
            await service.until(message_id, lambda message: message.state is State.IN_DOUBT)
        answer = await session.request(written("never-told-1", esm_class=4))
        assert answer.command_status == Status.ESME_ROK
        if first == "receipt":
            await service.until(message_id, lambda message: message.state is State.IN_DOUBT)
            await service.store.queue.expire_leases(
                now_ms=wall_clock_ms(), owner=None, repeats=RepeatPolicy()
            )
        message = await service.until_ended(message_id)
        assert (message.state, message.parts[0].carrier_message_id) == (
            State.DELIVERED,
            "never-told-1",
        )


@pytest.mark.parametrize("tlv", [0x001E, 0x0427])
async def test_a_normal_message_with_one_tlv_of_receipts_is_kept_as_a_message(path, tlv):
    """SMPP 3.4 5.2.12: it was acknowledged and lost."""
    async with scripted(path, "c-1") as (service, session):
        message_id = await service.send("hello")
        await service.until(message_id, lambda message: message.state is State.SENT)
        value = b"c-1\0" if tlv == 0x001E else b"\x02"
        answer = await session.request(report(b"my reply", esm_class=0, tlvs=((tlv, value),)))
        assert answer.command_status == Status.ESME_ROK
        assert service.inbox.texts == ["my reply"]
        assert (await service.store.log.find_message(1, message_id)).state is State.SENT
