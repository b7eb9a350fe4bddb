"""Every decided and encoded message is decoded correctly by the strictest handset."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from simpost.carriers.smpp.submit import SubmitBuilder, capabilities_of
from simpost.config import SmppCarrierSettings as Settings
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.messaging.plan import SendOptions, plan_for_carrier
from simpost.messaging.reservation import first_attempts
from simpost.ports.store import NewMessage
from simpost.smpp import Tag, decode, encode
from simpost.smsc.content import class_of, content_of, fits_one_part, text_of

ESIM = Esim("26010100000001", "8944538532008160222", "447700900001", "", "ENABLED", "IN_USE", 1)
SAR = (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)

pieces = st.tuples(
    st.sampled_from([*"aZ@ é[€~ç\x0c", "ş", "ğ", "ж", "你", "👍🏽", "👨‍👩‍👧"]), st.integers(1, 200)
)
texts = st.lists(pieces, min_size=1, max_size=4).map(
    lambda each: "".join(piece * count for piece, count in each)
)
# The reader takes data_coding 0 for GSM 7 bit, so the other alphabets are told by their own.
alphabets = st.one_of(
    st.fixed_dictionaries(
        {
            "gsm7": st.sampled_from(["unpacked", "packed"]),
            "languages": st.sampled_from([frozenset(), frozenset({1}), frozenset({1, 2, 3})]),
        }
    ),
    st.just({"default_alphabet": "latin1", "default_data_coding": 3}),
    st.just({"default_alphabet": "ascii", "default_data_coding": 1}),
)
ways = st.fixed_dictionaries(
    {
        "concatenation": st.sampled_from(["udh", "sar", "payload"]),
        "reference_bits": st.sampled_from([8, 16]),
        "message_class": st.sampled_from(["general", "group_f", "subunit"]),
    }
)


def submitted(text, changed, options):
    settings = Settings(
        type="smpp",
        name="one",
        host="127.0.0.1",
        system_id="esme",
        password=SecretStr("secret"),
        max_parts=255,
        **changed,
    )
    plan = plan_for_carrier(capabilities_of(settings), ESIM, text, Category.SERVICE, options)
    message = NewMessage(
        id=b"\x07" * 16,
        account_id=1,
        esim_tran_no=ESIM.esim_tran_no,
        iccid=ESIM.iccid,
        destination=plan.destination,
        sender=plan.sender,
        carrier="one",
        category=plan.category,
        priority=1,
        text=text,
        encoding=plan.encoding,
        parts=plan.parts,
        created_ms=0,
        expires_ms=3_600_000,
        options=plan.options,
    )
    submitter = SubmitBuilder(settings)
    submits = [submitter.submit_sm(part, 0) for part in first_attempts(message, 0xABCD)]
    return [decode(encode(submit)) for submit in submits]


@given(texts, alphabets, ways, st.sampled_from([None, 0]))
def test_parts_decode_back_to_the_text(text, alphabet, way, message_class):
    packed = alphabet.get("gsm7") == "packed"
    if packed:  # an @ in the last seven bits looks like padding when only octets are counted
        text = text.replace("@", "$")
    submits = submitted(text, alphabet | way, SendOptions(message_class=message_class))
    contents = [content_of(submit) for submit in submits]
    assert "".join(text_of(content, packed=packed) for content in contents) == text
    assert {class_of(content) for content in contents} == {message_class}
    if way["concatenation"] != "payload":
        assert all(fits_one_part(content, packed=packed) for content in contents)
    for submit in submits:
        has_header = bool(submit.esm_class & 0x40)
        has_sar = any(submit.tlv(tag) is not None for tag in SAR)
        assert not (has_header and has_sar)


@given(st.binary(min_size=1, max_size=2000), ways)
def test_binary_parts_decode_back_to_the_octets(octets, way):
    submits = submitted(octets.hex(), way, SendOptions(binary=True))
    shown = [text_of(content_of(submit), packed=False) for submit in submits]
    assert bytes.fromhex("".join(shown)) == octets
