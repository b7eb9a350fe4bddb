"""How a simulator is to be."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from simpost.errors import ConfigError
from simpost.smsc.behaviour import Behaviour
from simpost.smsc.faults import Faults
from simpost.smsc.listener import tls_context

IdFormat: TypeAlias = Literal["decimal", "hex"]
DefaultAlphabet: TypeAlias = Literal["gsm7", "latin1", "ascii"]

_PLAIN_CODING: Final[dict[DefaultAlphabet, int]] = {"gsm7": 0, "latin1": 3, "ascii": 1}


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    """How a simulator is to be.

    Attributes:
        port, http_port: 0 takes a free one, told by the simulator's properties.
        password: at most 8 characters, as SMPP has it; made up when not given.
        id_format: how message ids are written in answers and receipts.
        default_alphabet: what data_coding 0 means.
        gsm7_packed: data_coding 0 carries septets packed as on the air, not one an octet.
        response_delay_s, receipt_delay_s: given to the default behaviour.
        retry_s: from a receipt not taken to its repetition.
        window: receipts that may wait for their answer in one session.
        response_timeout_s: the wait for the answer to a receipt.
        seed: message ids begin at the same number for the same seed, and rules are obeyed at the
            same submits.
        behaviour: decides what becomes of each submit; None delivers, see `ByNumber`.
        faults: what goes wrong beside that; see `Simulator.set_faults`.
        keep_submits: how many of the latest `Simulator.submits` holds.
        on_line: called with one line for each text that a handset got, lost or sent.
        tls_cert, tls_key: PEM files; the SMPP port then speaks TLS.
        tls_ca: with it only ESMEs with a certificate of this CA may connect.
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
    keep_submits: int = 1000
    on_line: Callable[[str], None] | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None

    @property
    def id_base(self) -> int:
        return 16 if self.id_format == "hex" else 10

    @property
    def default_coding(self) -> int:
        """The data_coding that says the default alphabet by its name."""
        return _PLAIN_CODING[self.default_alphabet]

    def tls(self) -> ssl.SSLContext | None:
        """What the SMPP port speaks TLS with; None when it does not. Raises ConfigError."""
        if self.tls_cert is None:
            if self.tls_key or self.tls_ca:
                raise ConfigError("TLS needs a certificate beside its key or CA.")
            return None
        return tls_context(self.tls_cert, self.tls_key or self.tls_cert, self.tls_ca)
