"""The octets of a submit_sm, for each setting of a carrier."""

from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from simpost.carriers.smpp.submit import SubmitBuilder, capabilities_of
from simpost.config import SmppCarrierSettings as Settings
from simpost.domain.options import DEFAULT_OPTIONS, Concatenation, Options, Ports
from simpost.ports.carrier import OutboundPart
from simpost.smpp import FieldError, Tag

NOW_MS = int(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).timestamp() * 1000)
HOUR_MS = 3_600_000


def settings(**changed):
    return Settings(
        type="smpp",
        name="one",
        host="127.0.0.1",
        system_id="esme",
        password=SecretStr("secret"),
        **changed,
    )


def written(
    text="hello", *, encoding="gsm7", options=DEFAULT_OPTIONS, sender="", place=(1, 1), **changed
):
    number, total = place
    part = OutboundPart(
        account_id=1,
        message_id=b"\x07" * 16,
        number=number,
        total=total,
        text=text,
        encoding=encoding,
        reference=0xABCD,
        destination="447700900001",
        sender=sender,
        category="service",
        priority=1,
        created_ms=NOW_MS,
        expires_ms=NOW_MS + HOUR_MS,
        attempt=1,
        repeat=False,
        options=options,
    )
    return SubmitBuilder(settings(**changed)).submit_sm(part, NOW_MS)


def seen(submit):
    """esm_class, data_coding, the TLVs and short_message, in hex."""
    tlvs = {Tag(tag).name.lower(): value.hex() for tag, value in submit.tlvs}
    return submit.esm_class, submit.data_coding, tlvs, submit.short_message.hex()


# Concatenation.

UDH8 = {"options": Options(concatenation=Concatenation.UDH8)}
UDH16 = {"options": Options(concatenation=Concatenation.UDH16)}
SAR = {"options": Options(concatenation=Concatenation.SAR)}
PAYLOAD = {"options": Options(concatenation=Concatenation.PAYLOAD)}
SECOND_OF_3 = {"place": (2, 3)}
SAR_2_OF_3 = {
    "sar_msg_ref_num": "abcd",
    "sar_total_segments": "03",
    "sar_segment_seqnum": "02",
}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (UDH8, (0x40, 0, {}, "050003cd0302" + "6869")),
        (UDH16, (0x40, 0, {}, "060804abcd0302" + "6869")),
        (SAR, (0x00, 0, SAR_2_OF_3, "6869")),
    ],
)
def test_the_position_of_a_part_is_in_the_header_or_in_tlvs_never_in_both(asked, expected):
    assert seen(written("hi", **SECOND_OF_3, **asked)) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, "050003cd0302"),
        ({"reference_bits": 16}, "060804abcd0302"),
    ],
)
def test_a_part_of_an_earlier_release_uses_the_configured_concatenation(asked, expected):
    assert seen(written("", **SECOND_OF_3, **asked))[3] == expected


@pytest.mark.parametrize("changed", [{"concatenation": "sar"}, {"reference_bits": 8}])
def test_parts_are_sent_as_segmented_though_the_settings_changed_since(changed):
    """One part with a header and one without would never be joined."""
    assert seen(written("hi", **SECOND_OF_3, **UDH16, **changed))[3] == "060804abcd03026869"


@pytest.mark.parametrize("text", ["hi", "x" * 400])
def test_a_text_given_whole_is_in_message_payload_and_nowhere_else(text):
    """More than one PDU carries: node-smpp#145, cloudhopper#72, jasmin#920."""
    payload = {"message_payload": text.encode().hex()}
    assert seen(written(text, **PAYLOAD)) == (0, 0, payload, "")


def test_a_header_beside_sar_tlvs_is_refused():
    options = Options(concatenation=Concatenation.SAR, ports=Ports(2948))
    with pytest.raises(FieldError, match="next to sar"):
        written("00", encoding="binary", options=options, **SECOND_OF_3)


# Alphabets and what data_coding 0 means.


@pytest.mark.parametrize(
    ("encoding", "text", "changed", "expected"),
    [
        ("gsm7", "@£é[", {}, (0, 0x00, {}, "00" + "01" + "05" + "1b3c")),
        ("gsm7", "hi", {"default_data_coding": 1}, (0, 0x01, {}, "6869")),
        ("gsm7", "hellohello", {"gsm7": "packed"}, (0, 0x00, {}, "e8329bfd4697d9ec37")),
        ("ucs2", "✓😀", {}, (0, 0x08, {}, "2713" + "d83dde00")),
        ("latin1", "@é", {"default_alphabet": "latin1"}, (0, 0x00, {}, "40e9")),
        ("latin1", "@é", {}, (0, 0x03, {}, "40e9")),
        ("ascii", "@[", {"default_alphabet": "ascii"}, (0, 0x00, {}, "405b")),
        ("ascii", "@[", {}, (0, 0x01, {}, "405b")),
        ("binary", "00ff1b", {}, (0, 0x04, {}, "00ff1b")),
        ("binary", "00", {"binary_data_coding": 0xF5}, (0, 0xF5, {}, "00")),
        ("gsm7+single1", "ş", {}, (0x40, 0x00, {}, "03240101" + "1b73")),
        ("gsm7+locking1", "ş", {}, (0x40, 0x00, {}, "03250101" + "1d")),
    ],
)
def test_every_alphabet_has_the_data_coding_of_its_carrier(encoding, text, changed, expected):
    """data_coding 0 is GSM 7 bit here and Latin-1 there: opensmpp#19, node-smpp#105, jasmin#800."""
    assert seen(written(text, encoding=encoding, **changed)) == expected


def test_packed_septets_begin_at_a_septet_edge_after_the_header():
    """TS 23.040 9.2.3.24: one fill bit after six octets, so h (68) is shifted by one."""
    submit = written("hi", **SECOND_OF_3, **UDH8, gsm7="packed")
    assert submit.short_message.hex() == "050003cd0302" + "d069"


def test_a_text_the_carrier_would_misread_is_refused():
    with pytest.raises(FieldError, match="no value for gsm7"):
        written("hi", encoding="gsm7", default_alphabet="latin1")


# Message classes.

FLASH = {"options": Options(message_class=0)}


@pytest.mark.parametrize(
    ("told", "codings", "tlvs"),
    [
        ("general", (0x10, 0x18, 0x14), {}),
        ("group_f", (0xF0, 0x18, 0xF4), {}),
        ("subunit", (0x00, 0x08, 0x04), {"dest_addr_subunit": "01"}),
    ],
)
def test_flash_is_marked_in_every_alphabet(told, codings, tlvs):
    """Mislabelled classes: jsmpp#117, node-smpp#67, #126, gosmpp#149, jasmin#527."""
    parts = [("hi", "gsm7"), ("✓", "ucs2"), ("00", "binary")]
    for (text, encoding), coding in zip(parts, codings, strict=True):
        submit = written(text, encoding=encoding, message_class=told, **FLASH)
        assert seen(submit)[1:3] == (coding, tlvs)


@pytest.mark.parametrize("each", range(4))
def test_message_classes_count_on_from_flash(each):
    options = Options(message_class=each)
    assert written(options=options, message_class="general").data_coding == 0x10 + each
    assert written(options=options).data_coding == 0xF0 + each
    subunit = written(options=options, message_class="subunit")
    assert subunit.tlv(Tag.DEST_ADDR_SUBUNIT) == bytes((each + 1,))


def test_flash_in_several_parts_has_tlvs_of_both_kinds():
    options = Options(concatenation=Concatenation.SAR, message_class=0)
    submit = written("hi", options=options, message_class="subunit", **SECOND_OF_3)
    assert seen(submit) == (0, 0, SAR_2_OF_3 | {"dest_addr_subunit": "01"}, "6869")


def test_a_message_class_that_cannot_be_marked_is_refused():
    with pytest.raises(FieldError, match="of class 0"):
        written(message_class="off", **FLASH)
    with pytest.raises(FieldError, match="of class 0"):
        written(encoding="latin1", default_alphabet="latin1", **FLASH)


# Ports.


def test_ports_stand_in_the_header_of_a_binary_part():
    options = Options(ports=Ports(2948, 9200))
    submit = written("00ff", encoding="binary", options=options)
    assert seen(submit) == (0x40, 0x04, {}, "0605040b8423f0" + "00ff")


def test_ports_follow_the_position_in_every_part():
    options = Options(concatenation=Concatenation.UDH8, ports=Ports(250, 240, 8))
    submit = written("00", encoding="binary", options=options, **SECOND_OF_3)
    assert seen(submit) == (0x40, 0x04, {}, "09" + "0003cd0302" + "0402faf0" + "00")


# Addresses.


@pytest.mark.parametrize(
    ("sender", "changed", "expected"),
    [
        ("", {}, (0, 0, "")),
        ("Shop", {}, (5, 0, "Shop")),
        ("447700900001", {}, (1, 1, "447700900001")),
        ("+447700900001", {}, (1, 1, "447700900001")),
        ("12345", {}, (3, 0, "12345")),
        ("12345", {"short_code_ton_npi": "0/0"}, (0, 0, "12345")),
        ("12345", {"short_code_ton_npi": "6/9"}, (6, 9, "12345")),
        ("447700900001", {"number_ton_npi": "2/8"}, (2, 8, "447700900001")),
        ("Shop", {"name_ton_npi": "5/1"}, (5, 1, "Shop")),
    ],
)
def test_a_sender_has_the_configured_ton_and_npi(sender, changed, expected):
    submit = written(sender=sender, **changed)
    assert (submit.source_addr_ton, submit.source_addr_npi, submit.source_addr) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, (1, 1)),
        ({"address": "imsi"}, (0, 6)),
        ({"address": "iccid"}, (0, 0)),
        ({"destination_ton_npi": "2/1"}, (2, 1)),
    ],
)
def test_a_destination_has_the_configured_ton_and_npi(changed, expected):
    submit = written(**changed)
    assert (submit.dest_addr_ton, submit.dest_addr_npi) == expected


# Validity and receipts.


@pytest.mark.parametrize(
    ("validity", "expected"),
    [
        ("relative", "000000010000000R"),
        ("absolute", "260102040405000+"),
        ("off", ""),
    ],
)
def test_the_validity_is_written_as_its_carrier_reads_it(validity, expected):
    assert written(validity=validity).validity_period == expected


@pytest.mark.parametrize(("receipt", "registered"), [(True, 1), (False, 0)])
def test_a_receipt_is_requested_or_not(receipt, registered):
    assert written(options=Options(receipt=receipt)).registered_delivery == registered


@pytest.mark.parametrize(("receipts", "asked"), [("on", True), ("off", False)])
def test_a_carrier_without_receipts_says_so_to_the_decision(receipts, asked):
    assert capabilities_of(settings(receipts=receipts)).receipts is asked


# What a decision knows about the carrier.


@pytest.mark.parametrize(
    ("changed", "method"),
    [
        ({}, Concatenation.UDH8),
        ({"reference_bits": 16}, Concatenation.UDH16),
        ({"concatenation": "sar"}, Concatenation.SAR),
        ({"concatenation": "payload"}, Concatenation.PAYLOAD),
    ],
)
def test_the_capabilities_name_the_kind_of_long_messages(changed, method):
    assert capabilities_of(settings(**changed)).concatenation_method is method


@pytest.mark.parametrize("told", ["general", "group_f", "subunit", "off"])
@pytest.mark.parametrize("alphabet", ["gsm7", "latin1", "ascii"])
def test_every_declared_capability_can_be_encoded(told, alphabet):
    changed = {"message_class": told, "default_alphabet": alphabet}
    promised = capabilities_of(settings(**changed)).class_alphabets
    for encoding in {alphabet, "ucs2", "binary"} & promised:
        text = "00" if encoding == "binary" else "hi"
        assert written(text, encoding=encoding, **FLASH, **changed).command_status == 0
    assert bool(promised) == (told != "off")


@pytest.mark.parametrize(
    ("padding", "octets"),
    [("cr", "e170381c0e871b"), ("zero", "e170381c0e8701")],
)
def test_seven_spare_bits_of_packed_septets_are_filled_as_configured(padding, octets):
    sent = written("a" * 7, gsm7="packed", gsm7_padding=padding)
    assert sent.short_message.hex() == octets
