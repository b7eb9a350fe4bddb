"""Decisions about the options of a request and the capabilities of a carrier."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.messages import Category
from simpost.domain.options import DEFAULT_OPTIONS, Concatenation, Options, Ports
from simpost.domain.reasons import Reason
from simpost.messaging.plan import Refusal, SendOptions, plan_for_carrier
from simpost.ports.carrier import CarrierCapabilities
from tests.unit.messaging.test_decision import ESIM

ALL = frozenset({"gsm7", "latin1", "ascii", "ucs2", "binary"})
BY_CODING = ALL - {"latin1", "ascii"}
TURKISH = "ışığını söndürmüş" * 12


def planned(text="hello", options=None, **capabilities):
    known = {"name": "main", "sender": "Shop", "class_alphabets": BY_CODING, "binary": True}
    carrier = CarrierCapabilities(**(known | capabilities))
    return plan_for_carrier(carrier, ESIM, text, Category.SERVICE, options or SendOptions())


def test_a_plain_text_is_stored_without_options():
    plan = planned()
    assert plan.options is DEFAULT_OPTIONS
    assert (plan.sender, plan.part_count, plan.segments) == ("Shop", 1, None)


@pytest.mark.parametrize(
    ("concatenation", "bits", "method", "sizes"),
    [
        ("udh", 8, Concatenation.UDH8, [153, 47]),
        ("udh", 16, Concatenation.UDH16, [152, 48]),
        ("sar", 8, Concatenation.SAR, [153, 47]),
        ("sar", 16, Concatenation.SAR, [152, 48]),
        ("payload", 16, Concatenation.PAYLOAD, [200]),
    ],
)
def test_a_long_text_is_joined_as_its_carrier_wants(concatenation, bits, method, sizes):
    """Beyond one PDU: smppgui#6, cloudhopper#18, node-smpp#32, opensmpp#5, jsmpp#90."""
    plan = planned("x" * 200, concatenation=concatenation, reference_bits=bits)
    assert plan.options == Options(concatenation=method)
    assert [len(part) for part in plan.parts] == sizes
    assert plan.part_count == 2


def test_a_text_given_whole_shows_how_it_is_likely_cut_and_is_bounded_by_that():
    plan = planned("x" * 200, concatenation="payload")
    assert [len(part) for part in plan.segments] == [153, 47]
    refusal = planned("x" * 200, concatenation="payload", max_parts=1)
    assert refusal == Refusal(Reason.TOO_MANY_PARTS, "2 parts, 1 at most")


def test_national_tables_need_a_header_so_they_are_left_out_beside_other_joinings():
    """UDH and sar TLVs are never mixed."""
    turkish = frozenset({1})
    assert planned(TURKISH, languages=turkish).encoding.startswith("gsm7+")
    for concatenation in ("sar", "payload"):
        plan = planned(TURKISH, languages=turkish, concatenation=concatenation)
        assert (plan.encoding, plan.part_count) == ("ucs2", 4)
    short = planned("ğ" * 80, languages=turkish, concatenation="sar")
    assert short.encoding.startswith("gsm7+")
    assert short.options is DEFAULT_OPTIONS


@pytest.mark.parametrize(
    ("alphabet", "text", "encoding"),
    [
        ("gsm7", "é€[", "gsm7"),
        ("latin1", "é[â", "latin1"),
        ("latin1", "10 €", "ucs2"),
        ("ascii", "a[b]", "ascii"),
        ("ascii", "é", "ucs2"),
    ],
)
def test_what_does_not_fit_the_carriers_alphabet_goes_as_ucs2(alphabet, text, encoding):
    """Latin-1 sent as GSM 7 bit and the other way: jasmin#750, #800, #246, #415, #617."""
    assert planned(text, alphabet=alphabet).encoding == encoding


@pytest.mark.parametrize(
    ("alphabet", "class_alphabets", "encoding"),
    [
        ("gsm7", BY_CODING, "gsm7"),
        ("latin1", BY_CODING, "ucs2"),
        ("latin1", ALL, "latin1"),
        ("ascii", BY_CODING, "ucs2"),
    ],
)
def test_flash_goes_in_an_alphabet_that_the_carrier_can_say_it_in(
    alphabet, class_alphabets, encoding
):
    """Class not reachable or mislabelled: jasmin#525, #527, jsmpp#117, node-smpp#67."""
    plan = planned(
        "flash", SendOptions(message_class=0), alphabet=alphabet, class_alphabets=class_alphabets
    )
    assert (plan.encoding, plan.options) == (encoding, Options(message_class=0))


def test_a_carrier_without_classes_refuses_flash():
    refusal = planned("flash", SendOptions(message_class=0), class_alphabets=frozenset())
    assert refusal == Refusal(Reason.CLASS_NOT_SUPPORTED)


@pytest.mark.parametrize(
    ("senders", "wanted", "is_allowed"),
    [
        (set(), "Shop", True),
        (set(), "Bank", False),
        ({"Bank"}, "Bank", True),
        ({"Bank"}, "bank", False),
        ({"*"}, "12345", True),
    ],
)
def test_a_message_has_the_sender_it_asks_for_where_the_carrier_may_use_it(
    senders, wanted, is_allowed
):
    plan = planned(options=SendOptions(sender=wanted), senders=frozenset(senders))
    if is_allowed:
        assert (plan.sender, plan.options) == (wanted, DEFAULT_OPTIONS)
    else:
        assert plan == Refusal(Reason.SENDER_NOT_ALLOWED)


def test_a_carrier_without_receipts_is_asked_for_none():
    assert planned(receipts=False).options == Options(receipt=False)
    assert planned(options=SendOptions(receipt=False), receipts=True).options == Options(
        receipt=False
    )


def test_without_a_receipt_is_remembered_with_the_message():
    assert planned(options=SendOptions(receipt=False)).options == Options(receipt=False)


@pytest.mark.parametrize(
    ("ports", "bits", "sizes"),
    [
        (None, 16, [133, 133, 34]),
        (None, 8, [134, 134, 32]),
        (Ports(2948, 9200), 16, [127, 127, 46]),
    ],
)
def test_binary_is_cut_in_octets(ports, bits, sizes):
    options = SendOptions(binary=True, ports=ports)
    plan = planned(bytes(300).hex(), options, reference_bits=bits)
    assert plan.encoding == "binary"
    assert [len(part) // 2 for part in plan.parts] == sizes


def test_blank_octets_are_no_blank_text():
    assert planned("2020", SendOptions(binary=True)).parts == ("2020",)


def test_a_carrier_without_binary_refuses_it():
    assert planned("00", SendOptions(binary=True), binary=False) == Refusal(
        Reason.BINARY_NOT_SUPPORTED
    )


@pytest.mark.parametrize("concatenation", ["sar", "payload"])
def test_ports_in_several_parts_need_headers(concatenation):
    options = SendOptions(binary=True, ports=Ports(2948))
    assert planned("00" * 133, options, concatenation=concatenation).part_count == 1
    refusal = planned("00" * 134, options, concatenation=concatenation)
    assert refusal == Refusal(Reason.PORTS_NEED_ONE_PART, "2 parts")


carriers = st.fixed_dictionaries(
    {
        "alphabet": st.sampled_from(["gsm7", "latin1", "ascii"]),
        "concatenation": st.sampled_from(["udh", "sar", "payload"]),
        "reference_bits": st.sampled_from([8, 16]),
        "class_alphabets": st.sampled_from([ALL, BY_CODING]),
        "max_parts": st.just(255),
    }
)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=700), carriers)
def test_parts_joined_are_the_text_for_every_carrier(text, capabilities):
    plan = planned(text, SendOptions(message_class=0), **capabilities)
    assert "".join(plan.parts) == text
    assert "".join(plan.segments or plan.parts) == text
    assert (plan.options.concatenation is not None) == (plan.part_count > 1)


def test_the_same_options_give_the_same_options():
    options = SendOptions(message_class=1, receipt=False)
    assert planned(options=options) == planned(options=msgspec.structs.replace(options))
