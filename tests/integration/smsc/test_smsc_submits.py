"""From a bound ESME to what the handset shows."""

from __future__ import annotations

import asyncio
from itertools import permutations

import pytest

from simpost.smpp import (
    BindReceiver,
    BindRejected,
    BindTransceiver,
    BindTransmitter,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    EnquireLink,
    EnquireLinkResp,
    MessageState,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SmeAddress,
    Status,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSmResp,
    Tag,
    connect,
    int_tlv,
    parse_absolute,
)
from simpost.smsc import Simulator, Submit, SubmitScript
from simpost.smsc.views import handset_view
from tests.integration.smsc.conftest import Start
from tests.integration.smsc.esme import NUMBER, PASSWORD, Esme, HttpClient, bound, parts_of, submit

TEXTS = {
    "plain": "Welcome to Thailand! Your plan is active.",
    "table traps": "@£$¥èé€[]{}^~\\| Ç end@",
    "greek": "Καλώς ήρθατε στην Ελλάδα",
    "emoji": "Have a nice trip 🏖️👨‍👩‍👧‍👦!",
    "three parts": "The quick brown fox {jumps} over the lazy dog. " * 8,
    "three parts of emoji": "Ελλάδα 🏖️ " * 17,
    "arabic": "مرحبا بك في الإمارات",
}


@pytest.mark.parametrize("message", TEXTS.values(), ids=TEXTS)
async def test_the_handset_shows_exactly_what_was_sent(
    simulator: Simulator, http: HttpClient, message: str
) -> None:
    async with bound(simulator) as esme:
        ids = await esme.send(message)
    handset = await http.get(f"/handsets/{NUMBER}")
    [shown] = handset["messages"]
    assert shown["text"] == message
    assert shown["from"] == "simpost"
    assert shown["parts"] == len(ids)
    assert shown["messageIds"] == ids
    assert shown["complete"] is True


async def test_three_part_texts_really_take_three_parts() -> None:
    """Otherwise the texts above would not test three parts."""
    for name in ("three parts", "three parts of emoji"):
        assert len(parts_of(TEXTS[name])) == 3


@pytest.mark.parametrize("order", list(permutations((0, 1, 2))))
async def test_parts_show_as_one_text_in_whatever_order_they_come(
    simulator: Simulator, http: HttpClient, order: tuple[int, ...]
) -> None:
    message = TEXTS["three parts of emoji"]
    parts = parts_of(message)
    async with bound(simulator) as esme:
        for index in order:
            await esme.request(parts[index], SubmitSmResp)
    [shown] = (await http.get(f"/handsets/{NUMBER}"))["messages"]
    assert shown["text"] == message


async def test_a_text_with_a_missing_part_shows_the_gap(
    simulator: Simulator, http: HttpClient
) -> None:
    parts = parts_of(TEXTS["three parts"])
    async with bound(simulator) as esme:
        for index in (2, 0):
            await esme.request(parts[index], SubmitSmResp)
    [shown] = (await http.get(f"/handsets/{NUMBER}"))["messages"]
    assert shown["complete"] is False
    assert shown["missingParts"] == [2]
    assert "[…]" in shown["text"]


async def test_packed_septets_show_when_the_link_packs(start: Start) -> None:
    simulator = await start(gsm7_packed=True)
    async with bound(simulator) as esme:
        await esme.request(submit(short_message=bytes.fromhex("c8329bfd06")), SubmitSmResp)
    handset = simulator.handsets.find(NUMBER)
    assert handset is not None
    assert (
        handset_view(handset, simulator.offline, packed=True, texts=1).messages[0].text == "Hello"
    )


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [
        ("simpost", "wrong", Status.ESME_RINVPASWD),
        ("simpost", "", Status.ESME_RINVPASWD),
        ("nobody", PASSWORD, Status.ESME_RINVSYSID),
    ],
)
@pytest.mark.parametrize("kind", [BindTransceiver, BindTransmitter, BindReceiver])
async def test_a_bind_with_wrong_credentials_is_refused(
    simulator: Simulator, kind: type[BindTransceiver], system_id: str, password: str, status: int
) -> None:
    with pytest.raises(BindRejected) as refused:
        await connect(
            "127.0.0.1", simulator.port, kind(system_id=system_id, password=password), Esme()
        )
    assert refused.value.command_status == status
    assert simulator.stats().binds_refused == 1


@pytest.mark.parametrize("version", [0x34, 0x50])
async def test_smpp_3_4_and_5_0_can_both_bind(simulator: Simulator, version: int) -> None:
    bind = BindTransceiver(system_id="simpost", password=PASSWORD, interface_version=version)
    session = await connect("127.0.0.1", simulator.port, bind, Esme())
    assert session.interface_version == version
    await session.unbind()


async def test_what_is_not_valid_is_refused_and_reaches_no_handset(
    simulator: Simulator, http: HttpClient
) -> None:
    async with bound(simulator) as esme:
        wrong = submit("not a number", short_message=b"x")
        assert (await esme.request(wrong, SubmitSmResp)).command_status == Status.ESME_RINVDSTADR
    assert (await http.get("/stats"))["responsesByStatus"] == {"ESME_RINVDSTADR": 1}
    assert await http.get("/handsets") == []


@pytest.mark.parametrize(("id_format", "base"), [("decimal", 10), ("hex", 16)])
async def test_ids_are_unique_and_written_in_the_base_asked_for(
    start: Start, id_format: str, base: int
) -> None:
    simulator = await start(id_format=id_format, seed=1)
    async with bound(simulator) as esme:
        ids = [(await esme.send("x"))[0] for _ in range(3)]
    first = int(ids[0], base)
    assert [int(each, base) for each in ids] == [first, first + 1, first + 2]
    again = await start(id_format=id_format, seed=1)
    async with bound(again) as esme:
        assert (await esme.send("x")) == ids[:1]


class Throttled:
    """Refuses the first submit for now."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def decide(self, request: Submit) -> SubmitScript:
        self.seen.append(request.destination_addr)
        return SubmitScript(Status.ESME_RTHROTTLED) if len(self.seen) == 1 else SubmitScript()


async def test_a_custom_behaviour_decides_the_result_of_valid_submits(start: Start) -> None:
    behaviour = Throttled()
    simulator = await start(behaviour=behaviour)
    async with bound(simulator) as esme:
        statuses = [
            (await esme.request(submit(number, short_message=b"x"), SubmitSmResp)).command_status
            for number in ("wrong", "66811111111", "66811111111")
        ]
    assert statuses == [Status.ESME_RINVDSTADR, Status.ESME_RTHROTTLED, Status.ESME_ROK]
    assert behaviour.seen == ["66811111111", "66811111111"]
    assert simulator.stats().handsets == 1


async def test_data_sm_reaches_the_handset(simulator: Simulator, http: HttpClient) -> None:
    message = "a long payload " * 40
    request = DataSm(
        source_addr="4455",
        destination_addr=NUMBER,
        tlvs=((Tag.MESSAGE_PAYLOAD, message.encode()),),
    )
    async with bound(simulator) as esme:
        answer = await esme.request(request, DataSmResp)
    [shown] = (await http.get(f"/handsets/{NUMBER}"))["messages"]
    assert (shown["text"], shown["messageIds"]) == (message, [answer.message_id])


async def test_submit_multi_reaches_every_handset_and_names_what_it_does_not(
    simulator: Simulator, http: HttpClient
) -> None:
    request = SubmitMulti(
        source_addr="4455",
        dest_address=(
            SmeAddress(1, 1, "66811111111"),
            SmeAddress(1, 1, "wrong"),
            SmeAddress(1, 1, "66822222222"),
        ),
        registered_delivery=1,
        short_message=b"to all",
    )
    async with bound(simulator) as esme:
        answer = await esme.request(request, SubmitMultiResp)
        receipts = {(await esme.delivered()).source_addr for _ in range(2)}
    assert [(sme.destination_addr, sme.error_status_code) for sme in answer.unsuccess_sme] == [
        ("wrong", Status.ESME_RINVDSTADR)
    ]
    assert receipts == {"66811111111", "66822222222"}
    assert {each["number"] for each in await http.get("/handsets")} == receipts


async def test_query_sm_tells_the_state(start: Start) -> None:
    simulator = await start()
    async with bound(simulator) as esme:
        [delivered] = await esme.send("x")
        [failed] = await esme.send("x", "66812999005")
        [waits] = await esme.send("x", "66812999001")
        for message_id, state, error, is_final in (
            (delivered, MessageState.DELIVERED, 0, True),
            (failed, MessageState.UNDELIVERABLE, 1, True),
            (waits, MessageState.ENROUTE, 0, False),
        ):
            query = QuerySm(message_id=message_id, source_addr="simpost")
            answer = await esme.request(query, QuerySmResp)
            assert (answer.message_id, answer.message_state) == (message_id, state)
            assert answer.error_code == error
            assert bool(answer.final_date) is is_final
            if is_final:
                parse_absolute(answer.final_date)


async def test_query_sm_knows_the_submit_it_came_together_with(simulator: Simulator) -> None:
    async with bound(simulator) as esme:
        [first] = await esme.send("Hello")
        query = QuerySm(message_id=str(int(first) + 1), source_addr="simpost")
        _, answer = await asyncio.gather(
            esme.session.request(submit()), esme.session.request(query)
        )
    assert isinstance(answer, QuerySmResp)
    assert answer.message_state == MessageState.DELIVERED


@pytest.mark.parametrize(
    ("message_id", "source"), [("unknown", "simpost"), ("known", "somebody else")]
)
async def test_query_sm_needs_the_id_and_the_sender(
    simulator: Simulator, message_id: str, source: str
) -> None:
    async with bound(simulator) as esme:
        [known] = await esme.send("x")
        asked = known if message_id == "known" else message_id
        answer = await esme.request(QuerySm(message_id=asked, source_addr=source), QuerySmResp)
    assert answer.command_status == Status.ESME_RQUERYFAIL


async def test_what_has_arrived_cannot_be_cancelled_or_replaced(simulator: Simulator) -> None:
    async with bound(simulator) as esme:
        cancelled = await esme.request(CancelSm(message_id="1"), CancelSmResp)
        replaced = await esme.request(ReplaceSm(message_id="1"), ReplaceSmResp)
    assert cancelled.command_status == Status.ESME_RCANCELFAIL
    assert replaced.command_status == Status.ESME_RREPLACEFAIL


async def test_enquire_link_is_answered(simulator: Simulator) -> None:
    async with bound(simulator) as esme:
        assert (await esme.request(EnquireLink(), EnquireLinkResp)).command_status == 0


async def test_a_part_repeated_by_the_esme_does_not_show_twice(
    simulator: Simulator, http: HttpClient
) -> None:
    parts = parts_of(TEXTS["three parts"])
    async with bound(simulator) as esme:
        for index in (0, 1, 1, 2):
            await esme.request(parts[index], SubmitSmResp)
    [shown] = (await http.get(f"/handsets/{NUMBER}"))["messages"]
    assert shown["text"] == TEXTS["three parts"]
    assert len(shown["messageIds"]) == 4


async def test_sar_tlvs_join_too(simulator: Simulator, http: HttpClient) -> None:
    async with bound(simulator) as esme:
        for number, octets in ((2, b"world"), (1, b"Hello ")):
            tlvs = (
                int_tlv(Tag.SAR_MSG_REF_NUM, 9, 2),
                int_tlv(Tag.SAR_TOTAL_SEGMENTS, 2, 1),
                int_tlv(Tag.SAR_SEGMENT_SEQNUM, number, 1),
            )
            await esme.request(submit(short_message=octets, tlvs=tlvs), SubmitSmResp)
    [shown] = (await http.get(f"/handsets/{NUMBER}"))["messages"]
    assert shown["text"] == "Hello world"


@pytest.mark.parametrize(
    ("alphabet", "octets", "text"),
    [
        ("gsm7", b"caf\x05 \x00", "caf\u00e9 @"),
        ("latin1", b"caf\xe9 @", "caf\u00e9 @"),
        ("ascii", b"a@b", "a@b"),
    ],
)
async def test_data_coding_0_means_the_default_alphabet(
    start: Start, alphabet: str, octets: bytes, text: str
) -> None:
    simulator = await start(default_alphabet=alphabet)
    async with bound(simulator) as esme:
        await esme.request(submit(short_message=octets), SubmitSmResp)
        handset = simulator.handsets.find(NUMBER)
        assert handset
        [shown] = handset_view(handset, simulator.offline, packed=False, texts=1).messages
        assert (shown.text, shown.encoding) == (text, alphabet)
        await simulator.send_from_handset(NUMBER, "4455", "caf\u00e9")
        coding = (await esme.delivered()).data_coding
    assert coding == {"gsm7": 0, "latin1": 3, "ascii": 8}[alphabet]
