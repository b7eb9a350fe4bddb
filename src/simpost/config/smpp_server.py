"""The settings of the SMPP server port."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from simpost.config.section import Section


def _beside_the_file(name: str, info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder", Path())
    return str(folder / name) if name else ""


_File = Annotated[str, AfterValidator(_beside_the_file)]


class SmppServerSettings(Section):
    """The SMPP port: clients of accounts bind to it and send messages (smpp-server.md)."""

    enabled: bool = Field(default=False, description="Listen for binds of clients.")
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(
        default=2775, ge=0, le=65_535, description="Port to listen on; 0: a free one."
    )
    tls_cert_file: _File = Field(
        default="",
        description="PEM file of the certificate chain; with it every connection is TLS. It is "
        "read again at each reload. Empty: no TLS.",
    )
    tls_key_file: _File = Field(
        default="", description="PEM file of the key; empty: the key is in `tls_cert_file`."
    )
    allow_plain: bool = Field(
        default=False,
        description="Listen without TLS beyond loopback, such as within a VPN: anyone on the way "
        "reads texts and passwords.",
    )
    system_id: str = Field(
        default="simpost",
        pattern=r"^[\x20-\x7e]{1,15}$",
        description="Name of this service in the responses to binds, 1 to 15 characters.",
    )
    max_connections: int = Field(
        default=200,
        ge=1,
        le=10_000,
        description="Most connections of a node, bound or not; further ones are closed at once. "
        "At most half of them may be unbound: beyond, the oldest unbound one is closed.",
    )
    max_binds_per_account: int = Field(
        default=10,
        ge=1,
        le=1_000,
        description="Most binds of an account on a node; further ones get ESME_RALYBND.",
    )
    window: int = Field(
        default=100,
        ge=1,
        le=10_000,
        description="Most requests of a client without a response, per connection; further ones "
        "get ESME_RTHROTTLED.",
    )
    receipt_window: int = Field(
        default=10,
        ge=1,
        le=1_000,
        description="Most deliver_sm without a response of the client, per connection.",
    )
    max_pdu_octets: int = Field(
        default=16_384,
        ge=1_024,
        le=131_072,
        description="Longest PDU in octets; a longer one ends the connection.",
    )
    bind_timeout_s: float = Field(
        default=10,
        ge=1,
        le=120,
        description="Seconds from the connection to the accepted bind.",
    )
    enquire_link_s: float = Field(
        default=30,
        ge=1,
        le=3600,
        description="Seconds of silence after which an enquire_link is sent to the client.",
    )
    idle_timeout_s: float = Field(
        default=0,
        ge=0,
        le=86_400,
        description="Seconds without any PDU but enquire_link after which simpost unbinds; 0: "
        "never.",
    )
    response_timeout_s: float = Field(
        default=30,
        ge=1,
        le=120,
        description="Seconds to wait for a deliver_sm_resp; then the receipt is sent again.",
    )
    default_alphabet: Literal["gsm7", "latin1"] = Field(
        default="gsm7",
        description="What `data_coding` 0 means: the GSM 7-bit alphabet with one character an "
        "octet, or Latin-1.",
    )
    ascii_alphabet: Literal["ascii", "gsm7"] = Field(
        default="ascii",
        description="What `data_coding` 1 means: ASCII, or the GSM 7-bit alphabet with one "
        "character an octet, as npm's `smpp` sends it.",
    )

    @property
    def alphabets(self) -> dict[int, str]:
        """The alphabets of the codings that are not the same everywhere."""
        return {0: self.default_alphabet, 1: self.ascii_alphabet}

    @property
    def certificate(self) -> tuple[Path, Path]:
        """The files of the certificate chain and of its key."""
        return Path(self.tls_cert_file), Path(self.tls_key_file or self.tls_cert_file)

    @property
    def key_is_open_to_others(self) -> bool:
        """Whether other users of the machine can read the key."""
        return bool(self.certificate[1].stat().st_mode & 0o077)

    @property
    def is_plain_beyond_loopback(self) -> bool:
        """Whether passwords and texts cross a network unencrypted."""
        return not self.tls_cert_file and not is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether the address or name is of this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
