"""The settings of an SMPP carrier, and of a carrier of any type."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo

from simpost.config.emnify_carrier import EmnifyCarrierSettings
from simpost.config.esim_access_carrier import EsimAccessCarrierSettings
from simpost.config.esim_go_carrier import EsimGoCarrierSettings
from simpost.config.esimfly_carrier import EsimflyCarrierSettings
from simpost.config.http_carrier import HttpCarrierSettings
from simpost.config.once_carrier import OnceCarrierSettings
from simpost.config.part_prices import PRICE_PER_PART, PRICES, Price, Prices
from simpost.config.section import NAME, Section, SenderOrAny, SenderOrNone
from simpost.config.twilio_carrier import TwilioCarrierSettings
from simpost.text import TextError, parse_language


def _fits_c_octets(limit: int) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if not text.isascii() or len(text) > limit:
            raise ValueError(f"must be ASCII of at most {limit} octets")
        return secret

    return AfterValidator(check)


def _beside_the_file(name: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder", Path())
    return str(folder / name) if name else ""


def _language(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        return parse_language(given)
    except TextError as error:
        raise ValueError(str(error)) from None


_File = Annotated[str, AfterValidator(_beside_the_file)]
_Ascii = Annotated[str, Field(pattern=r"^[\x20-\x7e]*$")]
_Octet = Annotated[int, Field(ge=0, le=255)]
_TonNpi = Annotated[str, Field(pattern=r"^[0-7]/(?:1[0-8]|[0-9])$")]
_TonNpiOrNone = Annotated[str, Field(pattern=r"^(?:[0-7]/(?:1[0-8]|[0-9]))?$")]


class SmppCarrierSettings(Section):
    """A carrier reached by SMPP: simpost is the ESME that binds to its SMSC."""

    type: Literal["smpp"] = Field(description="The kind of carrier.")
    name: str = Field(pattern=NAME, description="Name used by routes, logs and metrics.")
    host: str = Field(min_length=1, description="Host name or address of the SMSC.")
    port: int = Field(default=2775, ge=1, le=65_535, description="TCP port of the SMSC.")
    system_id: _Ascii = Field(
        min_length=1, max_length=15, description="Name to bind with, 1 to 15 characters."
    )
    password: Annotated[SecretStr, _fits_c_octets(8)] = Field(
        description="Password to bind with, at most 8 octets."
    )
    system_type: _Ascii = Field(
        default="",
        max_length=12,
        description="`system_type` of the bind; set it only if the carrier asks for one.",
    )
    bind: Literal["transceiver", "transmitter_receiver", "transmitter"] = Field(
        default="transceiver",
        description="Kind of bind: one connection for both directions, one for each direction, "
        "or one that only sends.",
    )
    binds: int = Field(
        default=1, ge=1, le=32, description="Number of binds (or pairs of binds) to keep open."
    )
    tls: bool = Field(default=False, description="Connect with TLS.")
    tls_verify: bool = Field(
        default=True,
        description="Verify the server certificate. Disabling this allows man-in-the-middle "
        "attacks.",
    )
    tls_ca_file: _File = Field(
        default="",
        description="PEM file of the trusted certificate authorities; empty: those of the system.",
    )
    tls_server_name: str = Field(
        default="", description="Name expected in the server certificate; empty: `host`."
    )
    tls_cert_file: _File = Field(
        default="", description="PEM file of the client certificate, if the carrier asks for one."
    )
    tls_key_file: _File = Field(
        default="", description="PEM file of the client key; empty: the key is in `tls_cert_file`."
    )
    interface_version: Literal["3.4", "5.0"] = Field(
        default="3.4", description="SMPP version announced in the bind."
    )
    window: int = Field(
        default=10, ge=1, le=1000, description="Largest number of unanswered PDUs per bind."
    )
    rate_per_s: float = Field(
        default=0,
        ge=0,
        le=100_000,
        description="Rate limit in submit_sm per second and bind; 0: no limit.",
    )
    enquire_link_s: float = Field(
        default=30,
        ge=1,
        le=3600,
        description="Seconds of silence after which an enquire_link is sent.",
    )
    response_timeout_s: float = Field(
        default=30,
        ge=1,
        le=600,
        description="Seconds to wait for a response; then the part is in doubt.",
    )
    bind_timeout_s: float = Field(
        default=10,
        ge=1,
        le=120,
        description="Seconds that connecting and binding may take together.",
    )
    reconnect_min_s: float = Field(
        default=1,
        ge=0.1,
        le=600,
        description="Seconds before the first reconnect; doubled after each failure, with jitter.",
    )
    reconnect_max_s: float = Field(
        default=60, ge=0.1, le=3600, description="Most seconds between two reconnects."
    )
    bind_refused_wait_s: float = Field(
        default=120,
        ge=0.1,
        le=86_400,
        description="Seconds before the next try after a refused bind: already bound, wrong "
        "password, unknown name.",
    )
    statuses: dict[str, Literal["retry", "throttle", "refuse", "bind", "unclear", "doubt"]] = Field(
        default={},
        description="Meaning of error statuses that this carrier uses in its own way: "
        '`"0x00000045" = "retry"`.',
    )
    retry_after_s: float = Field(
        default=0,
        ge=0,
        le=86_400,
        description="Seconds before a part is sent again after a temporary error; 0: 5 s, "
        "doubled up to 300 s.",
    )
    outbind_port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="Port for outbind: the carrier connects here and asks us to bind as a "
        "receiver; 0: off.",
    )
    outbind_host: str = Field(
        default="127.0.0.1", min_length=1, description="Address to listen on for outbind."
    )
    outbind_system_id: _Ascii = Field(
        default="", max_length=15, description="`system_id` that an outbind must have; empty: any."
    )
    outbind_password: Annotated[SecretStr, _fits_c_octets(8)] = Field(
        default=SecretStr(""),
        description="Password that an outbind must have; required with `outbind_port`.",
    )
    source_address: SenderOrNone = Field(
        default="",
        description="Default sender: up to 15 digits, or up to 11 letters and digits; empty: "
        "the carrier chooses.",
    )
    senders: frozenset[SenderOrAny] = Field(
        default=frozenset(),
        description='Other senders that a message may ask for with `from`; `"*"`: any.',
    )
    number_ton_npi: _TonNpi = Field(
        default="1/1",
        description="TON and NPI of a sender of 9 digits or more.",
    )
    short_code_ton_npi: _TonNpi = Field(
        default="3/0",
        description='TON and NPI of a sender of up to 8 digits; some carriers want `"0/0"`.',
    )
    name_ton_npi: _TonNpi = Field(
        default="5/0", description="TON and NPI of a sender with letters."
    )
    destination_ton_npi: _TonNpiOrNone = Field(
        default="",
        description='TON and NPI of the destination; empty: `"1/1"` for an MSISDN, `"0/6"` for '
        'an IMSI, `"0/0"` for the others.',
    )
    address: Literal["msisdn", "imsi", "iccid", "esim_tran_no"] = Field(
        default="msisdn", description="Identifier of the eSIM that is the destination address."
    )
    reference_bits: Literal[8, 16] = Field(
        default=8,
        description="Bits of the concatenation reference of long messages. 8 bits leave room "
        "for one more character per part; references count per eSIM, so 256 are enough.",
    )
    concatenation: Literal["udh", "sar", "payload"] = Field(
        default="udh",
        description="How a long message is sent: in parts with a user data header, in parts "
        "with the TLVs `sar_*`, or whole in the TLV `message_payload`.",
    )
    default_alphabet: Literal["gsm7", "latin1", "ascii"] = Field(
        default="gsm7",
        description="Alphabet of `default_data_coding` at this carrier. A text that does not "
        "fit it is sent as UCS-2.",
    )
    default_data_coding: _Octet = Field(
        default=0, description="`data_coding` of texts in the default alphabet."
    )
    languages: frozenset[Annotated[int, BeforeValidator(_language), Field(ge=1, le=13)]] = Field(
        default=frozenset(),
        description="National language tables that the carrier supports (TS 23.038 6.2.1.2.4), "
        'by number, name or code (`1`, `"turkish"` or `"tr"`): 1 Turkish, 2 Spanish, 3 '
        "Portuguese, 4 Bengali, 5 Gujarati, 6 Hindi, 7 Kannada, 8 Malayalam, 9 Oriya, 10 "
        "Punjabi, 11 Tamil, 12 Telugu, 13 Urdu.",
    )
    gsm7: Literal["unpacked", "packed"] = Field(
        default="unpacked",
        description="Packing of GSM 7 bit texts: one septet per octet, or packed.",
    )
    gsm7_padding: Literal["cr", "zero"] = Field(
        default="cr",
        description="Fill of seven unused bits after packed septets: a carriage return (TS "
        "23.038 6.1.2.3.1), which no handset shows, or zeros, which some show as `@`.",
    )
    message_class: Literal["general", "group_f", "subunit", "off"] = Field(
        default="group_f",
        description='How class 0 (flash) is encoded: "group_f": `data_coding` 0xF0 and 0xF4 '
        '(UCS-2: 0x18), which most SMSCs accept; "general": 0x10, 0x14 and 0x18, which SMPP '
        '3.4 5.2.19 reserves; "subunit": the TLV `dest_addr_subunit`; "off": not supported.',
    )
    binary: bool = Field(
        default=True, description="Whether the carrier supports binary and port-addressed messages."
    )
    binary_data_coding: _Octet = Field(
        default=4, description="`data_coding` of binary messages; some carriers want 0xF5."
    )
    receipts: Literal["on", "off"] = Field(
        default="on",
        description='Whether to ask for delivery receipts. With "off" messages end at `sent`; '
        "receipts that come anyway are applied if they match.",
    )
    max_parts: int = Field(
        default=10, ge=1, le=255, description="Largest number of parts per message."
    )
    service_type: _Ascii = Field(
        default="",
        max_length=5,
        description="`service_type` of submit_sm; set it only if the carrier asks for one.",
    )
    validity: Literal["relative", "absolute", "off"] = Field(
        default="relative",
        description="Format of `validity_period`.",
    )
    price_per_part: Price = PRICE_PER_PART
    prices: Prices = PRICES

    @property
    def repeats_are_safe(self) -> bool:
        """SMPP cannot tell a repeat; the categories that may be repeated take that into account."""
        return True

    @property
    def default_sender(self) -> str:
        """The sender of a message that names none; empty if the carrier chooses it."""
        return self.source_address

    @property
    def other_senders(self) -> frozenset[str]:
        """Senders that a message may name."""
        return self.senders


CarrierSettings: TypeAlias = Annotated[
    SmppCarrierSettings
    | HttpCarrierSettings
    | EsimAccessCarrierSettings
    | EsimGoCarrierSettings
    | EsimflyCarrierSettings
    | TwilioCarrierSettings
    | EmnifyCarrierSettings
    | OnceCarrierSettings,
    Field(discriminator="type"),
]
"""The settings of a carrier; `type` selects the class."""
CARRIER_TYPES: Final[Mapping[str | int, type[Section]]] = {
    get_args(model.model_fields["type"].annotation)[0]: model
    for model in get_args(get_args(CarrierSettings)[0])
}
"""The classes by `type`."""
