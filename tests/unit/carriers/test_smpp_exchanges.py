"""The exchange of an attempt, decoded; the names and values against those of smpplib."""

import pytest
import smpplib.client
import smpplib.smpp

from simpost.carriers.recent_exchanges import MOST, RecentExchanges
from simpost.carriers.smpp.exchanges import show_exchange
from simpost.domain.exchanges import LEASE_LOST, NO_RESPONSE, NOT_REBUILT, FieldPrivacy
from simpost.domain.messages import Attempt
from simpost.domain.options import Concatenation, Options, Ports
from simpost.domain.reasons import Reason
from simpost.ports.carrier import OutboundPart
from simpost.smpp import ResponseTimeout, SubmitSmResp, Tag
from tests.unit.carriers.test_smpp_submit import HOUR_MS, NOW_MS, settings

ID = b"\x07" * 16
OURS = {"sequence_number": "sequence"}
"""Fields that smpplib names otherwise."""
_client = smpplib.client.Client("127.0.0.1", 1, allow_unknown_opt_params=True)


def part(text="hello", **changed):
    fields = {
        "account_id": 1, "message_id": ID, "number": 1, "total": 1, "text": text,
        "encoding": "gsm7", "reference": 0xABCD, "destination": "447700900001",
        "sender": "simpost", "category": "service", "priority": 1, "created_ms": NOW_MS,
        "expires_ms": NOW_MS + HOUR_MS, "attempt": 1, "repeat": False,
    }  # fmt: skip
    return OutboundPart(**fields | changed)


def attempt(**changed):
    fields = {
        "part": 1, "number": 1, "carrier": "one", "outcome": "accepted", "reason": None,
        "carrier_code": None, "started_ms": NOW_MS, "ended_ms": NOW_MS + 20, "repeat": False,
        "carrier_message_id": "c-1",
    }  # fmt: skip
    return Attempt(**fields | changed)


def exchange(given=None, tried=None, *, recent=None, has_text=True, **changed):
    recent = RecentExchanges() if recent is None else recent
    return show_exchange(
        recent, settings(**changed), given or part(), tried or attempt(), has_text=has_text
    )


def values(side):
    return {field.name: field.value for field in side.fields}


def meanings(side):
    return {field.name: field.meaning for field in side.fields}


def by_smpplib(octets):
    return smpplib.smpp.parse_pdu(
        bytes.fromhex(octets), client=_client, allow_unknown_opt_params=True
    )


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        (part(), {}),
        (part("Grüße €", sender="447700900009"), {"gsm7": "packed", "receipts": "off"}),
        (part("✓😀", encoding="ucs2"), {"validity": "absolute"}),
        (part("y" * 9, number=2, total=3), {"reference_bits": 16}),
        (part("y" * 9, number=2, total=3), {"concatenation": "sar"}),
        (part("z" * 300, options=Options(concatenation=Concatenation.PAYLOAD)), {}),
        (part("hi", options=Options(ports=Ports(2948, 9200), message_class=1)),
         {"message_class": "general", "number_ton_npi": "2/8"}),
        (part("hi", options=Options(message_class=0)), {"message_class": "subunit"}),
    ],
)  # fmt: skip
def test_a_submit_has_the_fields_that_another_decoder_reads(given, changed):
    shown = exchange(given, **changed).request
    found = values(shown)
    other = by_smpplib(shown.octets)
    assert shown.name == other.command == "submit_sm"
    assert found.pop("command_length") == str(other.length)
    assert found.pop("command_id") == "0x00000004"
    assert found.pop("command_status") == f"0x{other.status:08X}"
    assert found.pop("sequence_number") is None  # not known: it was not in memory
    read = set()
    for name, value in found.items():
        theirs = getattr(other, name)
        read.add(name)
        if isinstance(theirs, bytes):
            is_octets = name in ("short_message", "message_payload")
            theirs = theirs.hex() if is_octets else theirs.decode()
        assert value == str("" if theirs is None else theirs), name
    mandatory = {name for name in other.params if not name.startswith("sm_length")}
    optional = {name for name in mandatory if Tag.__members__.get(name.upper())}
    sent = {name for name in optional if getattr(other, name) is not None}
    assert (mandatory - optional) | sent <= read | {"sm_length"}


def test_a_submit_is_explained():
    long = part("y" * 9, number=2, total=3)
    said = meanings(exchange(long, reference_bits=16).request)
    assert said["dest_addr_ton"] == "international"
    assert said["source_addr_ton"] == "alphanumeric"
    assert said["esm_class"] == "default mode, with a user data header"
    assert said["registered_delivery"] == "receipts: of success and failure"
    assert said["data_coding"] == "gsm7"
    assert said["validity_period"] == "from when it was sent"
    words = "header: part 2 of 3, reference 43981 of 16 bits; " + "y" * 9
    assert said["short_message"] == words
    packed = exchange(part("Grüße €"), gsm7="packed").request
    assert meanings(packed)["short_message"] == "Grüße €"
    japanese = exchange(part("✓😀", encoding="ucs2")).request
    assert meanings(japanese)["short_message"] == "✓😀"
    payload = part("z" * 300, options=Options(concatenation=Concatenation.PAYLOAD))
    assert meanings(exchange(payload).request)["message_payload"] == "z" * 300


def test_numbers_and_texts_are_marked_as_private():
    private = {
        field.name: field.privacy
        for field in exchange().request.fields
        if field.privacy is not FieldPrivacy.OPEN
    }
    assert private == {
        "source_addr": FieldPrivacy.NUMBER,
        "destination_addr": FieldPrivacy.NUMBER,
        "short_message": FieldPrivacy.TEXT,
    }


@pytest.mark.parametrize("method", [None, Concatenation.PAYLOAD])
def test_without_a_text_nothing_that_depends_on_it_is_shown(method):
    given = part("", category="code", options=Options(concatenation=method))
    shown = exchange(given, has_text=False).request
    assert shown.octets is None
    found = values(shown)
    hidden = {"command_length", "sequence_number", "sm_length", "short_message"}
    hidden |= {"message_payload"} if method else set()
    assert {name for name, value in found.items() if value is None} == hidden
    assert found["destination_addr"] == "447700900001"


def test_a_stored_response_has_its_status_and_its_id():
    shown = exchange()
    assert (shown.settings.value, shown.source.value) == ("of_now", "store")
    assert shown.response.octets is None
    assert values(shown.response) == {
        "command_id": "0x80000004",
        "command_status": "0x00000000",
        "sequence_number": None,
        "message_id": "c-1",
    }
    tried = attempt(
        outcome="throttled", reason=Reason.THROTTLED, carrier_code="0x00000058",
        carrier_message_id=None,
    )  # fmt: skip
    refused = exchange(tried=tried).response
    assert values(refused)["command_status"] == "0x00000058"
    assert meanings(refused)["command_status"].startswith("ESME_RTHROTTLED: Too many messages")


def test_a_response_in_memory_is_shown_as_it_was_read():
    recent = RecentExchanges()
    then = settings(validity="off", source_address="then")
    tlvs = ((int(Tag.CONGESTION_STATE), b"\x10"),)
    response = SubmitSmResp(sequence_number=7, message_id="c-1", tlvs=tlvs)
    recent.note((ID, 1, 1, 7, "transceiver 2", then, response))
    shown = exchange(recent=recent)
    assert (shown.connection, shown.settings.value) == ("transceiver 2", "of_attempt")
    assert values(shown.request)["sequence_number"] == "7"
    assert values(shown.request)["validity_period"] == ""  # of the settings of then
    assert shown.source.value == "memory"
    assert values(shown.response)["congestion_state"] == "10"
    other = by_smpplib(shown.response.octets)
    assert (other.command, other.sequence, other.message_id) == ("submit_sm_resp", 7, b"c-1")


def test_without_a_response_its_absence_is_explained():
    doubt = {"outcome": "in_doubt", "carrier_message_id": None}
    silent = exchange(tried=attempt(**doubt, reason=Reason.NO_RESPONSE))
    assert (silent.response, silent.note) == (None, NO_RESPONSE)
    lost = exchange(tried=attempt(**doubt, reason=Reason.LEASE_LOST))
    assert (lost.response, lost.note) == (None, LEASE_LOST)
    recent = RecentExchanges()
    recent.note((ID, 1, 1, 7, "transceiver 2", settings(), ResponseTimeout(written=True)))
    timed_out = exchange(tried=attempt(**doubt, reason=Reason.NO_RESPONSE), recent=recent)
    assert (timed_out.response, timed_out.note) == (None, NO_RESPONSE)
    assert values(timed_out.request)["sequence_number"] == "7"


def test_what_cannot_be_encoded_was_not_sent():
    refused = {"outcome": "refused", "reason": Reason.CARRIER_REFUSED, "carrier_message_id": None}
    flash = part("hi", options=Options(message_class=0))
    tried = attempt(**refused, carrier_code="data_coding has no value for gsm7 of class 0")
    shown = exchange(flash, tried, message_class="off")
    assert (shown.request, shown.response) == (None, None)
    assert shown.note == f"Nothing was sent in this attempt. {tried.carrier_code}"


def test_what_the_settings_of_now_cannot_encode_is_not_called_unsent():
    flash = part("hi", options=Options(message_class=0))
    shown = exchange(flash, message_class="off")
    assert (shown.request, shown.settings, shown.note) == (None, None, NOT_REBUILT)
    assert values(shown.response)["message_id"] == "c-1"


def test_the_newest_attempts_are_kept_and_the_last_word_on_one_counts():
    recent = RecentExchanges()
    for number in range(MOST + 1):
        recent.note((ID, number, 1, number, None, None, None))
    assert recent.find(ID, 0, 1) is None
    assert recent.find(ID, 1, 1).sequence == 1
    recent.note((ID, MOST, 1, MOST, None, None, "late"))
    assert recent.find(ID, MOST, 1).response == "late"
    assert recent.find(ID, MOST, 2) is None
