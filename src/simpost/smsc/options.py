"""Options of the simulator."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from simpost.errors import ConfigError
from simpost.smpp.tls import server_context
from simpost.smsc.behaviour import Behaviour
from simpost.smsc.faults import Faults, UpstreamName
from simpost.smsc.handsets import MAX_OCTETS
from simpost.smsc.upstreams.catalogue import UpstreamCatalogue

IdFormat: TypeAlias = Literal["decimal", "hex"]
DefaultAlphabet: TypeAlias = Literal["gsm7", "latin1", "ascii"]

_CODING_OF: Final[dict[DefaultAlphabet, int]] = {"gsm7": 0, "latin1": 3, "ascii": 1}


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """Options of the simulator.

    Attributes:
        port, http_port: 0 selects a free one; see the properties of `Simulator`.
        password: at most 8 characters (SMPP); generated when not given.
        id_format: format of message ids in responses and receipts.
        default_alphabet: alphabet of data_coding 0.
        gsm7_packed: data_coding 0 has packed septets instead of one per octet.
        response_delay_s, receipt_delay_s: delays of the default behaviour, see `ByNumber`.
        retry_s: seconds until a deliver_sm that was not acknowledged is repeated.
        window: most unanswered deliver_sm of one session.
        response_timeout_s: seconds to wait for the response to a deliver_sm.
        seed: the same seed gives the same message ids and faults.
        behaviour: decides the script of each submit; None: `ByNumber`.
        faults: rules that are applied to the script; see `Simulator.set_faults`.
        faults_file: the file that the page writes the rules to; None: it offers them to save.
        open_binds: every system_id and password may bind; receipts go to the system_id that sent.
        keep_for_s: seconds after which texts are deleted; None: only when memory is needed.
        max_octets: estimated memory of all texts; then the handset inactive longest is deleted.
        keep_submits: number of the latest submits in `Simulator.submits`.
        write_line: called with a line for each text that a handset received, sent or never shows.
        upstream_secret: key, token or password that requests in the shape of an upstream must have;
            empty: any will do.
        callback_urls: URLs for callbacks of upstreams whose requests name none.
        catalogue: plans and eSIMs that the upstreams list; see `Simulator.set_catalogue`.
        tls_cert, tls_key: PEM files; the SMPP port then speaks TLS.
        tls_ca: PEM file; ESMEs need a certificate signed by this CA.
    """

    host: str = "127.0.0.1"
    port: int = 0
    http_port: int = 0
    system_id: str = "simpost"
    password: str = field(default_factory=lambda: secrets.token_hex(4), repr=False)
    id_format: IdFormat = "decimal"
    default_alphabet: DefaultAlphabet = "gsm7"
    gsm7_packed: bool = False
    response_delay_s: float = 0.0
    receipt_delay_s: float = 0.0
    retry_s: float = 5.0
    window: int = 10
    response_timeout_s: float = 30.0
    seed: int | None = None
    behaviour: Behaviour | None = None
    faults: Faults | None = None
    faults_file: Path | None = None
    open_binds: bool = False
    keep_for_s: float | None = None
    max_octets: int = MAX_OCTETS
    keep_submits: int = 1000
    write_line: Callable[[str], None] | None = None
    upstream_secret: str = field(default="", repr=False)
    callback_urls: Mapping[UpstreamName, str] = field(default_factory=dict)
    catalogue: UpstreamCatalogue = field(default=UpstreamCatalogue(), repr=False)
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None

    @property
    def id_base(self) -> int:
        """The number base of message ids."""
        return 16 if self.id_format == "hex" else 10

    @property
    def default_coding(self) -> int:
        """The data_coding that names the default alphabet explicitly."""
        return _CODING_OF[self.default_alphabet]

    def ssl_context(self) -> ssl.SSLContext | None:
        """The TLS context of the SMPP port; None without TLS. Raises ConfigError."""
        if self.tls_cert is None:
            if self.tls_key or self.tls_ca:
                raise ConfigError("TLS needs a certificate: a key or a CA alone is not enough.")
            return None
        return server_context(self.tls_cert, self.tls_key or self.tls_cert, self.tls_ca)
