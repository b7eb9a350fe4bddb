"""Faults on outgoing octets, receipts in other formats, and queued texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.smpp import DeliverSm, SubmitSm, SubmitSmResp, decode, encode, parse_receipt
from simpost.smsc import faults as f
from simpost.smsc import offline_handsets
from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.behaviour import ReceiptStyle, SubmitScript
from simpost.smsc.content import Content, content_of
from simpost.smsc.mobile_originated import parts_of
from simpost.smsc.offline_handsets import OfflineHandsets, PendingText
from simpost.smsc.wire_faults import drop_octets, mangle_octets, repeat_octets, shift_sequence
from simpost.text import TextError

RESPONSE = encode(SubmitSmResp(0, 7, message_id="12AB"))


def test_a_pdu_can_be_lost_doubled_or_answer_another_request() -> None:
    assert drop_octets(RESPONSE) == b""
    assert repeat_octets(3)(RESPONSE) == RESPONSE * 3
    assert decode(shift_sequence(5)(RESPONSE)).sequence_number == 12
    last = encode(SubmitSmResp(0, 0x7FFFFFFF, message_id="1"))
    assert decode(shift_sequence(1)(last)).sequence_number == 1


@given(st.integers(0, 2**32 - 1), st.integers(1, 50))
def test_mangling_is_repeatable_and_spares_the_header_unless_told(seed: int, changes: int) -> None:
    once = mangle_octets(changes, seed, header=False)(RESPONSE)
    assert once == mangle_octets(changes, seed, header=False)(RESPONSE)
    assert int.from_bytes(once[:4], "big") == len(once)
    assert once[4:16] == RESPONSE[4:16]
    assert mangle_octets(changes, seed, header=True)(RESPONSE) is not None


def test_other_seeds_mangle_differently() -> None:
    assert len({mangle_octets(3, seed, header=True)(RESPONSE) for seed in range(50)}) > 40


def taken(style: ReceiptStyle, message_id: str = "255", base: int = 10) -> AcceptedSubmit:
    request = SubmitSm(destination_addr="66812345678", short_message=b"a err:1 stat:X")
    script = SubmitScript(receipt=style)
    return AcceptedSubmit.from_submit(
        request, content_of(request), script, message_id, 1_000.0, base
    )


@pytest.mark.parametrize(
    ("message_id", "base", "form", "written"),
    [
        ("255", 10, f.ReceiptId(base="hex"), "FF"),
        ("255", 10, f.ReceiptId(base="hex", case="lower"), "ff"),
        ("255", 10, f.ReceiptId(base="hex", width=6), "0000FF"),
        ("255", 10, f.ReceiptId(width=10), "0000000255"),
        ("255", 10, f.ReceiptId(base="decimal"), "255"),
        ("FF", 16, f.ReceiptId(base="decimal"), "255"),
        ("10", 16, f.ReceiptId(base="decimal"), "16"),
        ("10", 16, f.ReceiptId(base="hex"), "10"),
        ("FF", 16, f.ReceiptId(case="lower"), "ff"),
    ],
)
def test_an_id_is_written_in_another_form(
    message_id: str, base: int, form: f.ReceiptId, written: str
) -> None:
    read = parse_receipt(taken(ReceiptStyle(id=form), message_id, base).build_pdu())
    assert (read.message_id, read.raw["id"]) == (written, written)


@pytest.mark.parametrize(
    ("where", "by_tlv", "by_text"), [("text", "255", "FF"), ("tlv", "FF", "255")]
)
def test_text_and_tlv_can_disagree_about_the_id(where: str, by_tlv: str, by_text: str) -> None:
    form = f.ReceiptId(base="hex", where=where)  # type: ignore[arg-type]
    read = parse_receipt(taken(ReceiptStyle(id=form)).build_pdu())
    assert (read.message_id, read.raw["id"]) == (by_tlv, by_text)


@pytest.mark.parametrize(
    ("shape", "labels"),
    [
        (f.ShapeReceipt(), ["id", "sub", "dlvrd", "submitdate", "donedate", "stat", "err", "text"]),
        (f.ShapeReceipt(separator=","), None),
        (
            f.ShapeReceipt(omit=("sub", "submit", "err")),
            ["id", "dlvrd", "donedate", "stat", "text"],
        ),
        (f.ShapeReceipt(omit=("text",)), None),
        (f.ShapeReceipt(text=False), []),
    ],
)
def test_a_receipt_is_written_in_another_shape(
    shape: f.ShapeReceipt, labels: list[str] | None
) -> None:
    pdu = taken(ReceiptStyle(shape=shape)).build_pdu()
    raw = parse_receipt(pdu).raw
    everything = {"id", "sub", "dlvrd", "submitdate", "donedate", "stat", "err", "text"}
    left_out = {"submit": "submitdate", "done": "donedate"}
    expected = everything - {left_out.get(label, label) for label in shape.omit}
    assert set(raw) == (expected if labels is None else set(labels))
    if shape.separator == ",":
        assert pdu.short_message.startswith(b"id:255,sub:001,")
    if "text" in raw:
        assert raw["text"] == "a err:1 stat:X"
    assert pdu.tlvs


def test_a_receipt_can_come_without_tlvs() -> None:
    pdu = taken(ReceiptStyle(shape=f.ShapeReceipt(tlvs=False))).build_pdu()
    assert pdu.tlvs == ()
    assert parse_receipt(pdu).message_id == "255"


def test_only_the_first_try_is_mangled() -> None:
    deliver = taken(ReceiptStyle(mangle=f.MangleReceipt(), seed=1))
    deliver.attempts = 1
    assert deliver.octet_fault() is not None
    deliver.attempts = 2
    assert deliver.octet_fault() is None


def waiting(octets: int = 10) -> PendingText:
    return PendingText(taken(ReceiptStyle()), Content(b"x" * octets), 0.0)


def test_texts_wait_in_their_order_and_are_given_back_once() -> None:
    offline = OfflineHandsets()
    assert offline.switch_off("1")
    kept = [waiting(), waiting(), waiting()]
    keys = [offline.add("1", each) for each in kept]
    assert keys[1] is not None
    assert offline.remove("1", keys[1]) is kept[1]
    assert offline.remove("1", keys[1]) is None
    assert (offline.pending_for("1"), offline.texts) == (2, 2)
    assert offline.switch_on("1") == [kept[0], kept[2]]
    assert offline.switch_on("1") == []
    assert ("1" in offline, offline.texts) == (False, 0)


def test_waiting_texts_are_bounded_in_number_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offline_handsets, "MAX_PENDING_TEXTS", 3)
    monkeypatch.setattr(offline_handsets, "MAX_PENDING_OCTETS", 1_000)
    monkeypatch.setattr(offline_handsets, "MAX_OFF", 2)
    offline = OfflineHandsets()
    assert [offline.switch_off(number) for number in ("1", "2", "3", "1")] == [
        True,
        True,
        False,
        True,
    ]
    assert offline.add("1", waiting(1_001)) is None
    assert [offline.add("1", waiting()) is not None for _ in range(4)] == [True] * 3 + [False]
    offline.switch_on("1")
    assert offline.add("2", waiting(1_000)) is not None


def test_a_permanent_absence_outlasts_a_temporary_one() -> None:
    offline = OfflineHandsets()
    offline.switch_off("1", until=5.0)
    assert offline.is_off_until("1", 5.0)
    offline.switch_off("1")
    assert not offline.is_off_until("1", 5.0)


@pytest.mark.parametrize("text", ["Hello", "Γειά σου 🏖️" * 30, "many words [] " * 40, ""])
@pytest.mark.parametrize("packed", [False, True])
def test_a_text_from_a_handset_is_split_into_valid_parts(text: str, packed: bool) -> None:
    from simpost.smsc.content import fits_one_part, text_of

    parts = parts_of(text, reference=200, packed=packed)
    assert "".join(text_of(part, packed=packed) for part in parts) == text
    assert all(fits_one_part(part, packed=packed) for part in parts)
    assert all(DeliverSm(short_message=part.octets) for part in parts)


def test_a_text_no_phone_can_send_is_refused() -> None:
    with pytest.raises(TextError):
        parts_of("x" * 153 * 256, reference=1, packed=False)
