"""Every fault as an ESME meets it, over real sockets."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simpost.smpp import (
    BindRejected,
    BindTimeout,
    BindTransceiver,
    BindTransmitter,
    CloseReason,
    DataSm,
    DataSmResp,
    EnquireLink,
    FatalPduError,
    MessageState,
    QuerySm,
    QuerySmResp,
    ResponseTimeout,
    SessionClosed,
    SessionSettings,
    SmeAddress,
    Status,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSmResp,
    Tag,
    Unbind,
    connect,
    encode,
    is_receipt,
    parse_receipt,
)
from simpost.smsc import Faults, Simulator
from simpost.smsc import faults as f
from tests.integration.smsc.conftest import Start
from tests.integration.smsc.esme import (
    NUMBER,
    PASSWORD,
    Esme,
    LenientEsme,
    binding,
    bound,
    submit,
)
from tests.turns import until


def rules(*do: f.AnyFault, **when: Any) -> Faults:
    """The same conditions for each."""
    return Faults(tuple(f.Rule(do=each, when=f.When(**when)) for each in do))


def one(registered_delivery: int = 1, to: str = NUMBER, **fields: Any) -> Any:
    return submit(to, short_message=b"Hello", registered_delivery=registered_delivery, **fields)


# Answers.


@pytest.mark.parametrize("status", ["ESME_RTHROTTLED", "ESME_RMSGQFUL", 0x400])
async def test_one_submit_in_three_is_refused(start: Start, status: int | str) -> None:
    simulator = await start(faults=rules(f.Refuse(status=status), every=3))
    async with bound(simulator) as esme:
        statuses = [(await esme.request(one(0), SubmitSmResp)).command_status for _ in range(6)]
    code = f.status_code(status)
    assert statuses == [0, 0, code, 0, 0, code]
    assert simulator.stats().faults == {"1 refuse": 2}
    assert simulator.stats().submits == 6


async def test_what_comes_too_fast_is_throttled(start: Start) -> None:
    faults = rules(f.Refuse(status="ESME_RTHROTTLED"), above_per_s=5)
    simulator = await start(faults=faults)
    async with bound(simulator, window=20) as esme:
        answers = await asyncio.gather(*(esme.session.request(one(0)) for _ in range(20)))
    taken = sum(answer.command_status == Status.ESME_ROK for answer in answers)
    assert 5 <= taken < 20


async def test_a_slow_answer_comes_late_and_is_known_as_such(start: Start) -> None:
    simulator = await start(faults=rules(f.Slow(seconds=2)))
    async with binding(simulator, LenientEsme(), response_timeout_s=0.5) as esme:
        with pytest.raises(ResponseTimeout):
            await esme.session.request(one())
        receipt = parse_receipt(await esme.delivered())
        [late] = esme.unexpected
    assert isinstance(late, SubmitSmResp)
    assert late.message_id == receipt.message_id


async def test_random_delays_let_answers_overtake_each_other(start: Start) -> None:
    simulator = await start(faults=rules(f.Slow(seconds=0, max_seconds=0.1)), seed=3)
    order: list[int] = []
    async with bound(simulator, window=20) as esme:
        futures = [esme.session.request(one(0)) for _ in range(20)]
        for number, future in enumerate(futures):
            future.add_done_callback(lambda _, number=number: order.append(number))
        await asyncio.gather(*futures)
    assert sorted(order) == list(range(20))
    assert order != list(range(20))


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize(
    "fault", [f.Silent, f.Drop, f.Reset, f.HalfOpen], ids=lambda fault: fault.__name__
)
async def test_a_text_without_a_response_was_accepted_or_not(
    start: Start, fault: Any, accepted: bool
) -> None:
    """The ESME is in doubt; a receipt on the next bind may end it."""
    simulator = await start(faults=rules(fault(accepted=accepted), times=1))
    async with binding(simulator, LenientEsme()) as lost:
        with pytest.raises((ResponseTimeout, SessionClosed)) as doubt:
            await lost.session.request(one())
        lost.session.abort()
        assert doubt.value.written
    [received] = simulator.submits
    assert bool(received.message_id) is accepted
    async with bound(simulator) as esme:
        if accepted and fault is not f.Silent:
            assert parse_receipt(await esme.delivered()).message_id == received.message_id
        [after] = await esme.send("after", "66800000000")
    assert after != received.message_id
    assert (simulator.handsets.find(NUMBER) is not None) is accepted


async def test_silence_leaves_the_link_alive_however_often(start: Start) -> None:
    simulator = await start(faults=rules(f.Silent(), times=1_100))
    async with binding(simulator, Esme(), window=1_200, response_timeout_s=15.0) as esme:
        futures = [esme.session.request(one(0)) for _ in range(1_100)]
        answered = await esme.request(one(0), SubmitSmResp)
        assert answered.command_status == Status.ESME_ROK
        assert not any(future.done() for future in futures)
        esme.session.abort()
        await asyncio.gather(*futures, return_exceptions=True)


async def test_a_drop_closes_without_unbind_after_so_many_submits(start: Start) -> None:
    simulator = await start(faults=rules(f.Drop(), every=3))
    async with bound(simulator) as esme:
        futures = [esme.session.request(one(0)) for _ in range(5)]
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert [isinstance(each, SessionClosed) for each in results] == [False] * 2 + [True] * 3
        lost = {CloseReason.CLOSED_BY_PEER, CloseReason.CONNECTION_LOST}  # and not unbound
        assert await esme.session.wait_closed() in lost
    assert len(simulator.submits) == 3


async def read_raw(simulator: Simulator, *pdus: Any) -> bytes:
    """Everything the simulator sends after a bind and these, as octets, until it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    bind = BindTransceiver(0, 1, system_id="simpost", password=PASSWORD)
    octets = b""
    try:
        writer.write(b"".join(map(encode, (bind, *pdus))))
        while chunk := await reader.read(65_536):
            octets += chunk
    except ConnectionResetError:
        octets += b"RESET"
    finally:
        writer.close()
    return octets


async def test_a_reset_comes_in_mid_pdu_and_nothing_after_it(start: Start) -> None:
    simulator = await start(faults=rules(f.Reset(octets=10), after=1))
    requests = [one(0, sequence_number=number) for number in (2, 3, 4)]
    octets = await read_raw(simulator, *requests)
    bind_octets, rest = _cut_one(octets)
    answer, rest = _cut_one(rest)
    assert (bind_octets[4:8], answer[4:8]) == (b"\x80\0\0\x09", b"\x80\0\0\x04")
    assert (len(rest), rest.endswith(b"RESET")) == (10 + 5, True)
    assert len(simulator.submits) == 2


def _cut_one(octets: bytes) -> tuple[bytes, bytes]:
    length = int.from_bytes(octets[:4], "big")
    return octets[:length], octets[length:]


async def test_half_open_the_socket_stays_and_nothing_is_answered(start: Start) -> None:
    simulator = await start(faults=rules(f.HalfOpen(), times=1))
    async with binding(simulator, LenientEsme()) as esme:
        with pytest.raises(ResponseTimeout):
            await esme.session.request(one())
        assert not esme.session.closed.done()
        ignored = esme.session.request(one())
        with pytest.raises(ResponseTimeout):
            await esme.session.request(EnquireLink())
        assert await esme.session.wait_closed() is CloseReason.ENQUIRE_LINK_TIMEOUT
        assert isinstance(ignored.exception(), ResponseTimeout | SessionClosed)
    assert len(simulator.submits) == 1
    assert simulator.stats().bound == 1  # it never saw that the other end left
    async with bound(simulator) as next_esme:
        assert is_receipt(await next_esme.delivered())


async def test_half_open_ends_with_a_reset_after_its_time(start: Start) -> None:
    simulator = await start(faults=rules(f.HalfOpen(seconds=0.05)))
    async with binding(simulator, LenientEsme(), response_timeout_s=5.0) as esme:
        with pytest.raises(SessionClosed):
            await esme.session.request(one())
        assert await esme.session.wait_closed() is CloseReason.CONNECTION_LOST


async def test_a_wrong_sequence_answers_nobody(start: Start) -> None:
    simulator = await start(faults=rules(f.WrongSequence(by=5)))
    async with binding(simulator, LenientEsme()) as esme:
        request = one(0)
        with pytest.raises(ResponseTimeout):
            await esme.session.request(request)
        [odd] = esme.unexpected
    assert isinstance(odd, SubmitSmResp)
    assert odd.sequence_number == request.sequence_number + 5


async def test_a_double_answer_comes_twice(start: Start) -> None:
    simulator = await start(faults=rules(f.DoubleResponse(copies=3)))
    async with binding(simulator, LenientEsme()) as esme:
        answer = await esme.request(one(0), SubmitSmResp)
        await esme.session.request(EnquireLink())
    assert esme.unexpected == [answer, answer]


async def test_a_mangled_answer_is_not_what_it_was(start: Start) -> None:
    simulator = await start(faults=rules(f.MangleResponse(changes=2)), seed=5)
    plain = await start(seed=5)
    [_, octets], [_, whole] = [
        await read_pdus(each, 2, one(0, sequence_number=2)) for each in (simulator, plain)
    ]
    assert octets[4:16] == whole[4:16]
    assert octets[16:] != whole[16:]


async def read_pdus(simulator: Simulator, count: int, request: Any) -> list[bytes]:
    """The first octets the simulator sends, the answer to the bind included, by their lengths."""
    reader, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
    bind = BindTransceiver(0, 1, system_id="simpost", password=PASSWORD)
    writer.write(encode(bind) + encode(request))
    found: list[bytes] = []
    for _ in range(count):
        head = await reader.readexactly(4)
        found.append(head + await reader.readexactly(int.from_bytes(head, "big") - 4))
    writer.close()
    return found


async def test_a_mangled_header_can_cost_the_link(start: Start) -> None:
    simulator = await start(faults=rules(f.MangleResponse(changes=60, header=True)), seed=1)
    async with binding(simulator, LenientEsme()) as esme:
        with pytest.raises((SessionClosed, ResponseTimeout)):
            await esme.session.request(one(0))
        assert await esme.session.wait_closed() is CloseReason.PROTOCOL_ERROR
    assert any(isinstance(each, FatalPduError) for each in esme.unexpected)


@pytest.mark.parametrize(("version", "told"), [(0x50, b"\x5a"), (0x34, None)])
async def test_congestion_is_told_in_5_0_only(
    start: Start, version: int, told: bytes | None
) -> None:
    simulator = await start(faults=rules(f.Congestion(percent=90)))
    async with binding(simulator, Esme(), version=version) as esme:
        answer = await esme.request(one(0), SubmitSmResp)
    assert answer.tlv(Tag.CONGESTION_STATE) == told
    assert answer.message_id


async def test_data_sm_meets_the_rules_too(start: Start) -> None:
    simulator = await start(faults=rules(f.Refuse(status="ESME_RMSGQFUL")))
    async with bound(simulator) as esme:
        request = DataSm(source_addr="4455", destination_addr=NUMBER)
        answer = await esme.request(request, DataSmResp)
    assert answer.command_status == Status.ESME_RMSGQFUL


async def test_each_destination_of_submit_multi_meets_the_rules(start: Start) -> None:
    simulator = await start(faults=rules(f.Refuse(status="ESME_RMSGQFUL"), to="6682"))
    destinations = tuple(SmeAddress(1, 1, number) for number in ("66811111111", "66822222222"))
    async with bound(simulator) as esme:
        request = SubmitMulti(source_addr="4455", dest_address=destinations, short_message=b"x")
        answer = await esme.request(request, SubmitMultiResp)
    [refused] = answer.unsuccess_sme
    assert (refused.destination_addr, refused.error_status_code) == ("66822222222", 0x14)


async def test_the_one_answer_to_submit_multi_meets_the_wire_too(start: Start) -> None:
    simulator = await start(faults=rules(f.Drop(accepted=False), to="6682"))
    destinations = tuple(SmeAddress(1, 1, number) for number in ("66811111111", "66822222222"))
    async with bound(simulator) as esme:
        request = SubmitMulti(source_addr="4455", dest_address=destinations, short_message=b"x")
        with pytest.raises(SessionClosed):
            await esme.session.request(request)
    assert [handset.number for handset in simulator.handsets.newest(9)] == ["66811111111"]


# Binds.


async def test_a_password_can_be_refused_for_a_time(start: Start) -> None:
    simulator = await start(faults=rules(f.RefuseBind(status="ESME_RINVPASWD"), times=2))
    statuses = []
    for _ in range(2):
        with pytest.raises(BindRejected) as refused:
            async with bound(simulator):
                raise AssertionError("it was bound")
        statuses.append(refused.value.command_status)
    assert statuses == [Status.ESME_RINVPASWD] * 2
    async with bound(simulator) as esme:
        await esme.send("Hello")
    assert (simulator.stats().binds, simulator.stats().binds_refused) == (1, 2)


async def test_one_bind_only(start: Start) -> None:
    simulator = await start(faults=rules(f.RefuseBind(status="ESME_RALYBND"), bound=1))
    async with bound(simulator):
        with pytest.raises(BindRejected) as refused:
            async with bound(simulator):
                raise AssertionError("it was bound twice")
        assert refused.value.command_status == Status.ESME_RALYBND
    async with bound(simulator):
        assert simulator.stats().bound == 1


async def test_a_half_open_link_keeps_the_only_bind_there_is(start: Start) -> None:
    faults = Faults(
        (
            f.Rule(do=f.HalfOpen(), when=f.When(times=1)),
            f.Rule(do=f.RefuseBind(status="ESME_RALYBND"), when=f.When(bound=1)),
        )
    )
    simulator = await start(faults=faults)
    async with binding(simulator, LenientEsme()) as esme:
        with pytest.raises(ResponseTimeout):
            await esme.session.request(one())
        esme.session.abort()
    with pytest.raises(BindRejected):
        async with bound(simulator):
            raise AssertionError("it was bound twice")
    assert simulator.disconnect() >= 1
    await until(lambda: not simulator.stats().bound, "the sessions are closed")
    async with bound(simulator) as esme:
        await esme.delivered()


async def test_one_kind_of_bind_can_be_refused(start: Start) -> None:
    faults = rules(f.RefuseBind(status="ESME_RBINDFAIL"), bind="transceiver")
    simulator = await start(faults=faults)
    with pytest.raises(BindRejected):
        async with bound(simulator):
            raise AssertionError("it was bound")
    async with bound(simulator, BindTransmitter) as transmitter:
        await transmitter.send("Hello")


async def test_a_bind_can_stay_without_an_answer(start: Start) -> None:
    simulator = await start(faults=rules(f.RefuseBind(status="ESME_RSYSERR", seconds=30)))
    bind = BindTransceiver(system_id="simpost", password=PASSWORD)
    settings = SessionSettings(session_init_timeout_s=0.05, unbind_timeout_s=0.05)
    with pytest.raises(BindTimeout):
        await connect("127.0.0.1", simulator.port, bind, Esme(), settings)


# Receipts.


async def test_a_receipt_can_come_before_the_answer(start: Start) -> None:
    simulator = await start(faults=rules(f.ReceiptFirst(seconds=2)))
    async with bound(simulator) as esme:
        answer = esme.session.request(one())
        receipt = parse_receipt(await esme.delivered())
        assert not answer.done()
        response = await answer
    assert isinstance(response, SubmitSmResp)
    assert response.message_id == receipt.message_id


async def test_a_receipt_can_stand_before_the_answer_in_the_same_octets(start: Start) -> None:
    simulator = await start(faults=rules(f.ReceiptFirst()))
    _, receipt, answer = await read_pdus(simulator, 3, one(sequence_number=2))
    assert receipt[4:8] == b"\0\0\0\x05"
    assert answer[4:8] == b"\x80\0\0\x04"


async def test_a_receipt_can_come_twice(start: Start) -> None:
    simulator = await start(faults=rules(f.DoubleReceipt(copies=3, seconds=0.01)))
    async with bound(simulator) as esme:
        [message_id] = await esme.send("Hello", registered_delivery=1)
        ids = [parse_receipt(await esme.delivered()).message_id for _ in range(3)]
    assert ids == [message_id] * 3


async def test_a_receipt_can_be_lost_though_the_text_arrived(start: Start) -> None:
    simulator = await start(faults=rules(f.LoseReceipt(), times=1))
    async with bound(simulator) as esme:
        [lost] = await esme.send("lost", registered_delivery=1)
        [told] = await esme.send("told", registered_delivery=1)
        assert parse_receipt(await esme.delivered()).message_id == told
        answer = await esme.request(QuerySm(message_id=lost, source_addr="simpost"), QuerySmResp)
    assert answer.message_state == MessageState.DELIVERED


async def test_late_receipts_come_out_of_order(start: Start) -> None:
    simulator = await start(faults=rules(f.DelayReceipt(seconds=0.5), times=1))
    async with bound(simulator) as esme:
        sent = [(await esme.send("x", registered_delivery=1))[0] for _ in range(2)]
        ids = [parse_receipt(await esme.delivered()).message_id for _ in range(2)]
    assert ids == sent[::-1]


@pytest.mark.parametrize(
    ("id_format", "form", "expected"),
    [
        ("decimal", f.ReceiptId(base="hex", case="lower"), lambda text: format(int(text), "x")),
        ("decimal", f.ReceiptId(base="hex"), lambda text: format(int(text), "X")),
        ("decimal", f.ReceiptId(width=20), lambda text: text.zfill(20)),
        ("hex", f.ReceiptId(base="decimal"), lambda text: str(int(text, 16))),
        ("hex", f.ReceiptId(case="lower"), str.lower),
    ],
)
async def test_the_id_in_a_receipt_can_be_written_otherwise(
    start: Start, id_format: str, form: f.ReceiptId, expected: Any
) -> None:
    simulator = await start(faults=rules(form), id_format=id_format, seed=2)
    async with bound(simulator) as esme:
        [message_id] = await esme.send("Hello", registered_delivery=1)
        read = parse_receipt(await esme.delivered())
    assert read.message_id == read.raw["id"] == expected(message_id) != message_id


async def test_receipts_come_in_other_shapes(start: Start) -> None:
    faults = Faults(
        (
            f.Rule(do=f.ShapeReceipt(tlvs=False), when=f.When(to="661")),
            f.Rule(do=f.ShapeReceipt(text=False), when=f.When(to="662")),
            f.Rule(do=f.ShapeReceipt(tlvs=False, separator=","), when=f.When(to="663")),
            f.Rule(do=f.ShapeReceipt(omit=("stat", "err")), when=f.When(to="664")),
        )
    )
    simulator = await start(faults=faults)
    pdus = []
    async with bound(simulator) as esme:
        for digit in "1234":
            await esme.send("Hello", f"66{digit}0000000", registered_delivery=1)
            pdus.append(await esme.delivered())
    plain, silent, commas, short = pdus
    assert (plain.tlvs, parse_receipt(plain).state) == ((), MessageState.DELIVERED)
    assert (silent.short_message, parse_receipt(silent).state) == (b"", MessageState.DELIVERED)
    assert b",stat:DELIVRD,err:000,text:Hello" in commas.short_message
    assert (b"stat:" in short.short_message, b"err:" in short.short_message) == (False, False)
    assert all(map(is_receipt, pdus))


async def test_a_mangled_receipt_comes_whole_when_it_is_repeated(start: Start) -> None:
    simulator = await start(
        faults=rules(f.MangleReceipt(changes=5)), seed=1, response_timeout_s=0.05
    )
    _, _, mangled, whole = await read_pdus(simulator, 4, one(sequence_number=2))
    assert mangled[4:8] == whole[4:8] == b"\0\0\0\x05"
    assert mangled[16:] != whole[16:]
    [received] = simulator.submits
    assert f"id:{received.message_id} ".encode() in whole


@pytest.mark.parametrize(
    ("fault", "state", "network_error"),
    [
        (f.FinalState(state="EXPIRED", error=27), MessageState.EXPIRED, (3, 27)),
        (
            f.FinalState(state="UNDELIVERABLE", error=1, network=1, code=99),
            MessageState(5),
            (1, 99),
        ),
        (f.FinalState(state="REJECTED"), MessageState.REJECTED, (3, 0)),
        (f.FinalState(state="UNKNOWN"), MessageState.UNKNOWN, (3, 0)),
        (f.FinalState(state="DELETED"), MessageState.DELETED, (3, 0)),
        (f.FinalState(state="ACCEPTED"), MessageState.ACCEPTED, (3, 0)),
    ],
)
async def test_a_text_can_end_in_any_state(
    start: Start, fault: f.FinalState, state: MessageState, network_error: tuple[int, int]
) -> None:
    simulator = await start(faults=rules(fault))
    async with bound(simulator) as esme:
        await esme.send("Hello", registered_delivery=1)
        read = parse_receipt(await esme.delivered())
    assert (read.state, read.network_error) == (state, network_error)
    assert read.error == f"{fault.error:03}"
    assert simulator.handsets.find(NUMBER) is None


async def test_a_text_can_stay_on_its_way_for_ever(start: Start) -> None:
    simulator = await start(faults=rules(f.FinalState(state="ENROUTE"), times=1))
    async with bound(simulator) as esme:
        await esme.send("never", registered_delivery=1)
        [told] = await esme.send("told", registered_delivery=1)
        assert parse_receipt(await esme.delivered()).message_id == told


@pytest.mark.parametrize(
    ("registered_delivery", "always", "comes"),
    [(0x11, False, True), (0x01, False, False), (0x01, True, True)],
)
async def test_an_intermediate_notice_comes_where_it_was_asked_for(
    start: Start, registered_delivery: int, always: bool, comes: bool
) -> None:
    simulator = await start(faults=rules(f.Intermediate(always=always)))
    async with bound(simulator) as esme:
        await esme.send("Hello", registered_delivery=registered_delivery)
        states = [parse_receipt(await esme.delivered()) for _ in range(1 + comes)]
    assert [state.intermediate for state in states] == [True, False][1 - comes :]
    assert states[-1].state is MessageState.DELIVERED


# Handsets.


async def test_a_handset_that_is_off_gets_its_texts_when_it_is_on(simulator: Simulator) -> None:
    simulator.handset_off(f"+{NUMBER}")
    async with bound(simulator) as esme:
        ids = [(await esme.send(text, registered_delivery=0x11))[0] for text in ("one", "two")]
        notices = [parse_receipt(await esme.delivered()) for _ in ids]
        query = QuerySm(message_id=ids[0], source_addr="simpost")
        assert (await esme.request(query, QuerySmResp)).message_state == MessageState.ENROUTE
        assert simulator.offline.pending_for(NUMBER) == 2
        simulator.handset_on(NUMBER)
        receipts = [parse_receipt(await esme.delivered()) for _ in ids]
        assert (await esme.request(query, QuerySmResp)).message_state == MessageState.DELIVERED
    assert [notice.message_id for notice in notices] == ids
    assert all(notice.intermediate and notice.error == "027" for notice in notices)
    assert [(each.message_id, each.state) for each in receipts] == [
        (message_id, MessageState.DELIVERED) for message_id in ids
    ]
    handset = simulator.handsets.find(NUMBER)
    assert handset is not None
    assert handset.received == 2


async def test_a_rule_switches_a_handset_off_and_it_comes_back(start: Start) -> None:
    simulator = await start(faults=rules(f.HandsetOff(seconds=0.05), times=1))
    async with bound(simulator) as esme:
        [message_id] = await esme.send("Hello", registered_delivery=0x11)
        notice, receipt = [parse_receipt(await esme.delivered()) for _ in range(2)]
    assert (notice.intermediate, notice.state) == (True, MessageState.ENROUTE)
    assert (receipt.message_id, receipt.state) == (message_id, MessageState.DELIVERED)
    assert NUMBER not in simulator.offline


async def test_a_text_whose_validity_ends_while_its_handset_is_off_expires(
    simulator: Simulator,
) -> None:
    simulator.handset_off(NUMBER)
    async with bound(simulator) as esme:
        await esme.send("Hello", registered_delivery=1, validity_period="000000000000000R")
        expired = parse_receipt(await esme.delivered())
        simulator.handset_on(NUMBER)
        await esme.send("after", registered_delivery=0)
    assert (expired.state, expired.error) == (MessageState.EXPIRED, "027")
    handset = simulator.handsets.find(NUMBER)
    assert handset is not None
    assert handset.received == 1


# Repeating a run.

HOSTILE = Faults(
    tuple(
        f.Rule(do=do, when=f.When(share=0.3))
        for do in (
            f.Refuse(status="ESME_RTHROTTLED"),
            f.DoubleResponse(),
            f.WrongSequence(),
            f.MangleResponse(changes=2),
            f.FinalState(state="EXPIRED"),
            f.MangleReceipt(changes=2),
        )
    )
)


async def run_of(start: Start, seed: int) -> tuple[bytes, list[Any]]:
    """The octets sent for 60 submits, and the decision about each."""
    simulator = await start(faults=HOSTILE, seed=seed)
    requests = [one(0, sequence_number=number) for number in range(2, 62)]
    octets = await read_raw(simulator, *requests, Unbind(0, 62))
    return octets, [received.script for received in simulator.submits]


async def test_the_same_seed_and_order_of_submits_give_the_same_faults(start: Start) -> None:
    octets, scripts = await run_of(start, 4)
    assert (octets, scripts) == await run_of(start, 4)
    others = await run_of(start, 5)
    assert (others[0] != octets, others[1] != scripts) == (True, True)


async def test_rules_can_be_set_and_ended_while_it_runs(simulator: Simulator) -> None:
    async with bound(simulator) as esme:
        await esme.send("kind")
        simulator.set_faults(rules(f.Refuse(status="ESME_RMSGQFUL")))
        refused = await esme.request(one(0), SubmitSmResp)
        simulator.set_faults(None)
        await esme.send("kind again")
    assert refused.command_status == Status.ESME_RMSGQFUL


async def test_what_is_not_valid_meets_no_rule(start: Start) -> None:
    simulator = await start(faults=rules(f.Silent()))
    async with bound(simulator) as esme:
        answer = await esme.request(submit("wrong"), SubmitSmResp)
    assert answer.command_status == Status.ESME_RINVDSTADR


async def test_the_latest_submits_are_kept_in_order_and_bounded(start: Start) -> None:
    simulator = await start(keep_submits=3)
    async with bound(simulator) as esme:
        waiting = asyncio.ensure_future(simulator.wait_for_submits(5))
        for number in range(5):
            assert not waiting.done()
            await esme.send(f"text {number}")
        await waiting
    assert [each.request.short_message for each in simulator.submits] == [  # type: ignore[union-attr]
        b"text 2",
        b"text 3",
        b"text 4",
    ]
    assert all(each.message_id and each.peer for each in simulator.submits)
    await simulator.wait_for_submits(5)
