"""Inbound messages over real sockets, through the real carrier and service, into a real store."""

import asyncio
import contextlib
import itertools

import pytest
from cryptography.fernet import Fernet
from uuid_utils import uuid7

from simpost.carriers.smpp import SmppCarrier
from simpost.domain.accounts import Account
from simpost.domain.inbound import NO_ACCOUNT, InboundState, OwnNumbers
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.domain.repeats import RepeatPolicy
from simpost.errors import StoreError
from simpost.messaging.accounts import Accounts
from simpost.messaging.dispatch import Dispatch
from simpost.messaging.inbound import MAX_IDENTICAL, REASSEMBLY_MS, InboundService
from simpost.messaging.inbound_routing import InboundRouter
from simpost.messaging.intake import Intake
from simpost.messaging.retry import RetryPolicy
from simpost.messaging.routes import Route, Routing
from simpost.ports.store import EsimRow, MessageFilter
from simpost.ports.store.inbound import InboundFilter
from simpost.runtime.clock import wall_clock_ms
from simpost.smpp import DataSm, DeliverSm, Status, Tag, serve
from simpost.store import SqliteStore
from simpost.text import concat_header
from tests.integration.carriers.centre import Centre, settings

SHOP, OTHER = 1, 2
PHONE = "447700900123"
CODE = "12345"
ALONE = "54321"
NUMBER = {0: "66800000000", 1: "66800000001", 2: "66800000002"}
"""MSISDN of an eSIM of the shop by its smsStatus."""
OTHERS = "66800000009"
OK = Status.ESME_ROK


def esim(tran_no, msisdn, sms_status, **changes):
    facts = {
        "esim_tran_no": tran_no,
        "iccid": f"89{tran_no}",
        "msisdn": msisdn,
        "imsi": "",
        "order_no": "",
        "package_code": "",
        "sms_status": sms_status,
        "smdp_status": "ENABLED",
        "esim_status": "IN_USE",
        "created_ms": 1,
        "document": {},
    }
    return EsimRow(**{**facts, **changes})


class Bench:
    """One carrier bound to a scripted message centre, and the service behind it."""

    def __init__(self, store, centre, desk, clock):
        self.store = store
        self.centre = centre
        self.desk = desk
        self.session = None
        self.clock = clock

    async def bring(self, text="hello", *, source=PHONE, to=CODE, session=None, **fields):
        """The command_status that a deliver_sm is answered with."""
        octets = text if isinstance(text, bytes) else text.encode("latin-1")
        request = DeliverSm(
            source_addr_ton=1,
            source_addr=source,
            destination_addr=to,
            short_message=octets,
            **fields,
        )
        answer = await (session or self.session).request(request)
        return Status(answer.command_status)

    async def bring_part(self, number, total, text, *, reference=7, **fields):
        octets = concat_header(reference, total, number, 8) + text.encode("latin-1")
        return await self.bring(octets, esm_class=0x40, **fields)

    async def inbound(self, account_id=SHOP, **which):
        return await self.store.inbound.list_inbound(account_id, InboundFilter(**which))

    async def messages(self, account_id=SHOP):
        return await self.store.log.list_messages(account_id, MessageFilter())

    async def lose_the_link(self):
        self.session.abort()
        self.session = await self.centre.bound.get()


class Clock:
    def __init__(self):
        self.ahead_ms = 0

    def __call__(self):
        return wall_clock_ms() + self.ahead_ms


@contextlib.asynccontextmanager
async def opened(path, **carrier_settings):
    store = await SqliteStore.open(path, seal_key=Fernet.generate_key().decode())
    for code in ("shop", "other"):
        await store.accounts.add_account(Account(0, code, f"{code}-secret"))
    await store.catalogue.save_esims(
        SHOP, [esim(f"10{each}", NUMBER[each], each) for each in NUMBER]
    )
    await store.catalogue.save_esims(OTHER, [esim("209", OTHERS, 1)])
    accounts = Accounts(store.accounts)
    await accounts.reload()
    clock = Clock()
    centre = Centre()
    server = await serve("127.0.0.1", 0, centre.authenticate, centre)
    dispatch = Dispatch(
        store,
        owner="embedded",
        retry_policy=RetryPolicy(repeats=RepeatPolicy()),
        clock_ms=clock,
        inbound=lambda part: desk.receive(part),  # noqa: PLW0108  desk comes later
    )
    lane = dispatch.add(SmppCarrier(settings(server.port, **carrier_settings)))
    intake = Intake(
        store,
        Routing(routes=(Route(("centre",)),), carriers={"centre": lane.carrier.capabilities}),
        dispatch,
        new_id=lambda: uuid7().bytes,
        clock_ms=clock,
        validity_s=3600,
    )
    numbers = OwnNumbers({CODE: "", ALONE: "shop"}, ["simpost"])
    desk = InboundService(
        store.inbound,
        InboundRouter(store.inbound, accounts, numbers),
        intake,
        new_id=lambda: uuid7().bytes,
        clock_ms=clock,
        conversations=store.conversations,
    )
    bench = Bench(store, centre, desk, clock)
    async with asyncio.TaskGroup() as tasks:
        await dispatch.start(tasks)
        bench.session = await centre.bound.get()
        try:
            yield bench
        finally:
            await dispatch.stop()
            await desk.wait_committed()
            dispatch.cancel()
    await store.close()
    await server.close()


@pytest.fixture
async def bench(tmp_path):
    async with opened(tmp_path / "simpost.db") as bench:
        yield bench


# Replies.


async def test_a_reply_is_kept_with_its_esim_before_it_is_acknowledged(bench):
    assert await bench.bring("Yes please", source=f"+{NUMBER[2]}") is OK
    [row] = await bench.inbound(esim_tran_no="102")
    assert (row.text, row.source, row.destination) == ("Yes please", NUMBER[2], CODE)
    assert (row.state, row.account_id) == (InboundState.RECEIVED, SHOP)


async def test_other_accounts_see_nothing_of_a_reply(bench):
    await bench.bring("mine", source=NUMBER[1])
    await bench.bring("theirs", source=OTHERS)
    assert [row.text for row in await bench.inbound(SHOP)] == ["mine"]
    assert [row.text for row in await bench.inbound(OTHER)] == ["theirs"]
    assert await bench.inbound(NO_ACCOUNT) == []


async def test_texts_to_a_number_of_one_account_belong_to_that_account(bench):
    await bench.bring("from a stranger", source=PHONE, to=ALONE)
    await bench.bring("from another's eSIM", source=OTHERS, to=ALONE)
    await bench.bring("from its own", source=NUMBER[1], to=ALONE)
    rows = [(row.text, row.esim_tran_no) for row in await bench.inbound(SHOP)]
    assert rows == [
        ("from its own", "101"),
        ("from another's eSIM", None),
        ("from a stranger", None),
    ]
    assert await bench.inbound(OTHER) == []


async def test_jasmin_531_a_text_from_an_unknown_number_is_kept_for_the_admin(bench):
    assert await bench.bring("who am I?") is OK
    assert await bench.bring("and I?", to="99999") is OK
    assert [row.text for row in await bench.inbound(NO_ACCOUNT)] == ["and I?", "who am I?"]
    assert await bench.inbound(SHOP) == await bench.inbound(OTHER) == []


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
async def test_jasmin_513_612_a_long_reply_is_joined_in_any_order(bench, order):
    for number in order:
        assert await bench.bring_part(number, 3, f"<{number}>", source=NUMBER[1]) is OK
    [row] = await bench.inbound()
    assert (row.text, row.part_count, row.missing) == ("<1><2><3>", 3, ())


async def test_parts_that_come_at_once_are_one_message(bench):
    numbers = list(range(1, 11)) * 2
    parts = [bench.bring_part(number, 10, str(number), source=NUMBER[1]) for number in numbers[:10]]
    assert set(await asyncio.gather(*parts)) == {OK}
    [row] = await bench.inbound()
    assert row.text == "12345678910"


async def test_jasmin_1257_an_incomplete_reply_is_kept_with_the_parts_that_came(bench):
    await bench.bring_part(1, 3, "begin ", source=NUMBER[1])
    await bench.bring_part(3, 3, " end", source=NUMBER[1])
    await bench.desk.tidy()
    assert await bench.inbound() == []
    bench.clock.ahead_ms = REASSEMBLY_MS + 1000
    await bench.desk.tidy()
    [row] = await bench.inbound()
    assert (row.text, row.missing) == ("begin [...] end", (2,))


async def test_inbound_messages_come_in_data_sm_too(bench):
    request = DataSm(
        source_addr=NUMBER[1],
        destination_addr=CODE,
        tlvs=((Tag.MESSAGE_PAYLOAD, b"by data-sm"),),
    )
    assert (await bench.session.request(request)).command_status == OK
    assert [row.text for row in await bench.inbound()] == ["by data-sm"]


async def test_an_inbound_text_that_cannot_be_committed_is_requested_again_and_saved_once(
    bench, monkeypatch
):
    async def full(_new):
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(bench.store.inbound, "save", full)
        assert await bench.bring(source=NUMBER[1]) is Status.ESME_RX_T_APPN
    assert await bench.inbound() == []
    assert await bench.bring(source=NUMBER[1]) is OK
    assert len(await bench.inbound()) == 1


async def test_nothing_is_acknowledged_before_it_is_committed(bench, monkeypatch):
    asked, go = asyncio.Event(), asyncio.Event()
    keep = bench.store.inbound.save

    async def slow(new):
        asked.set()
        await go.wait()
        return await keep(new)

    monkeypatch.setattr(bench.store.inbound, "save", slow)
    answer = asyncio.ensure_future(bench.bring(source=NUMBER[1]))
    await asked.wait()
    assert not answer.done()
    assert await bench.inbound() == []
    go.set()
    assert await answer is OK
    assert len(await bench.inbound()) == 1


async def test_a_text_delivered_again_after_a_lost_response_is_saved_once(bench):
    await bench.bring("once", source=NUMBER[1])
    await bench.lose_the_link()
    assert await bench.bring("once", source=NUMBER[1]) is OK
    assert len(await bench.inbound()) == 1


async def test_the_same_text_again_over_the_same_link_is_another_message(bench):
    for _ in range(2):
        assert await bench.bring("ok", source=NUMBER[1]) is OK
    assert len(await bench.inbound()) == 2


async def test_no_text_that_came_in_is_in_a_log_line(bench, capsys):
    await bench.bring("s3cret words", source=NUMBER[1])
    await bench.bring("s3cret words", to=NUMBER[2])
    await bench.bring_part(1, 2, "s3cret words")
    bench.clock.ahead_ms = REASSEMBLY_MS + 1000
    await bench.desk.tidy()
    shown = capsys.readouterr()
    assert "state=refused" in shown.out + shown.err
    assert "s3cret" not in shown.out + shown.err
    assert NUMBER[2] not in shown.out + shown.err


# From phones to eSIMs.


async def test_with_sms_status_1_a_text_from_a_phone_is_sent_to_the_esim(bench):
    assert await bench.bring("hello traveller", to=f"+{NUMBER[1]}") is OK
    submit = await bench.centre.submits.get()
    assert (submit.source_addr, submit.destination_addr) == (PHONE, NUMBER[1])
    assert submit.short_message == b"hello traveller"
    [message] = await bench.messages()
    assert (message.category, message.sender) == (Category.SUPPORT, PHONE)
    [row] = await bench.inbound()
    assert (row.state, row.message_id, row.esim_tran_no) == (
        InboundState.FORWARDED,
        message.id,
        "101",
    )


@pytest.mark.parametrize(
    ("sms_status", "reason"), [(2, Reason.SMS_API_ONLY), (0, Reason.SMS_NOT_SUPPORTED)]
)
async def test_with_sms_status_2_or_0_it_is_refused_with_a_recorded_reason(
    bench, sms_status, reason
):
    assert await bench.bring("hello", to=NUMBER[sms_status]) is Status.ESME_RX_R_APPN
    [row] = await bench.inbound(esim_tran_no=f"10{sms_status}")
    assert (row.state, row.reason, row.text) == (InboundState.REFUSED, reason, "")
    assert await bench.messages() == []


async def test_every_part_of_a_refused_text_is_refused_and_recorded_once(bench):
    for number in (1, 2, 3):
        status = await bench.bring_part(number, 3, "part", to=NUMBER[2])
        assert status is Status.ESME_RX_R_APPN
    assert len(await bench.inbound()) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"smdp_status": "RELEASED"}, Reason.NOT_INSTALLED),
        ({"esim_status": "SUSPENDED"}, Reason.ESIM_SUSPENDED),
        ({"esim_status": "GETTING_RESOURCE"}, Reason.ORDER_PENDING),
    ],
)
async def test_esim_states_forbid_phone_texts_as_they_forbid_api_messages(bench, changes, reason):
    await bench.store.catalogue.save_esims(SHOP, [esim("101", NUMBER[1], 1, **changes)])
    assert await bench.bring(to=NUMBER[1]) is Status.ESME_RX_R_APPN
    [row] = await bench.inbound()
    assert row.reason is reason


async def test_a_long_text_from_a_phone_is_split_again_for_the_carrier(bench):
    text = "x" * 100
    await bench.bring_part(2, 2, text, to=NUMBER[1])
    await bench.bring_part(1, 2, text, to=NUMBER[1])
    first, second = await bench.centre.submits.get(), await bench.centre.submits.get()
    assert (first.esm_class, second.esm_class) == (0x40, 0x40)
    [message] = await bench.messages()
    assert (message.text, message.part_count) == (text * 2, 2)


async def test_a_text_that_no_carrier_can_send_is_refused_on_its_last_part(tmp_path):
    async with opened(tmp_path / "s.db", max_parts=1) as bench:
        assert await bench.bring_part(1, 2, "x" * 150, to=NUMBER[1]) is OK
        status = await bench.bring_part(2, 2, "x" * 150, to=NUMBER[1])
        assert status is Status.ESME_RX_R_APPN
        [row] = await bench.inbound()
        assert row.reason is Reason.TOO_MANY_PARTS


async def test_octets_for_an_application_are_not_carried_as_text(bench):
    assert await bench.bring(b"\x01\x02", to=NUMBER[1], data_coding=4) is Status.ESME_RX_R_APPN
    [row] = await bench.inbound()
    assert row.reason is Reason.NOT_TEXT


@pytest.mark.parametrize("sms_status", [1, 2])
async def test_a_text_in_the_wrong_alphabet_can_be_read_again_also_when_it_is_refused(
    bench, sms_status
):
    """A centre sends ISO 8859-5 as if it were Latin-1; what came decodes with another codec."""
    await bench.bring("Где мой пакет?".encode("iso8859_5"), to=NUMBER[sms_status], data_coding=3)
    [row] = await bench.inbound(esim_tran_no=f"10{sms_status}")
    found = await bench.store.inbound.find_inbound(SHOP, row.id)
    assert found.state is (InboundState.FORWARDED if sms_status == 1 else InboundState.REFUSED)
    [part] = found.raw
    assert (part.number, part.data_coding, part.size) == (1, 3, 14)
    assert part.octets.decode("iso8859_5") == "Где мой пакет?"


async def test_every_part_of_a_text_refused_when_it_is_whole_keeps_its_octets(tmp_path):
    async with opened(tmp_path / "s.db", max_parts=1) as bench:
        for number, text in ((2, "y" * 150), (1, "x" * 150)):
            await bench.bring_part(number, 2, text, to=NUMBER[1])
        [row] = await bench.inbound()
        assert row.reason is Reason.TOO_MANY_PARTS
        found = await bench.store.inbound.find_inbound(SHOP, row.id)
        assert [(part.number, part.octets[-150:]) for part in found.raw] == [
            (1, b"x" * 150),
            (2, b"y" * 150),
        ]
        assert [part.octets[:6].hex() for part in found.raw] == ["050003070201", "050003070202"]


async def test_a_text_to_nobody_keeps_its_octets_for_the_administrator(bench):
    await bench.bring("to nobody", to="66899999999")
    [row] = await bench.inbound(NO_ACCOUNT)
    found = await bench.store.inbound.find_inbound(NO_ACCOUNT, row.id)
    assert [part.octets for part in found.raw] == [b"to nobody"]


async def test_a_text_from_one_of_our_own_senders_is_not_carried(bench):
    assert await bench.bring(source=CODE, to=NUMBER[1]) is Status.ESME_RX_R_APPN
    [row] = await bench.inbound()
    assert row.reason is Reason.LOOP_DETECTED
    assert await bench.messages() == []


async def test_a_carrier_that_returns_its_messages_makes_no_loop(bench):
    statuses = [await bench.bring("hello", to=NUMBER[1])]
    for _ in range(MAX_IDENTICAL + 2):
        submit = await bench.centre.submits.get()
        back = submit.short_message.decode()
        statuses.append(await bench.bring(back, source=submit.source_addr, to=NUMBER[1]))
        if statuses[-1] is not OK:
            break
    assert statuses == [OK] * MAX_IDENTICAL + [Status.ESME_RX_R_APPN]
    assert len(await bench.messages()) == MAX_IDENTICAL


async def test_a_phones_text_delivered_again_after_a_lost_response_is_sent_once(bench):
    await bench.bring("once", to=NUMBER[1])
    await bench.lose_the_link()
    assert await bench.bring("once", to=NUMBER[1]) is OK
    assert len(await bench.messages()) == 1


async def test_a_text_delivered_twice_at_once_over_a_new_link_is_sent_once(bench):
    for number in (1, 2):
        await bench.bring_part(number, 3, "x", to=NUMBER[1])
    last = [bench.bring_part(3, 3, "x", to=NUMBER[1]) for _ in range(5)]
    assert set(await asyncio.gather(*last)) == {OK}
    assert len(await bench.messages()) == 1


async def test_phone_texts_are_not_shown_to_other_accounts(bench):
    await bench.bring("hello", to=OTHERS)
    assert await bench.inbound(SHOP) == await bench.messages(SHOP) == []
    assert len(await bench.messages(OTHER)) == 1
