"""Settings of a session; times in seconds, lengths in octets."""

from __future__ import annotations

from dataclasses import dataclass

from simpost.smpp.framer import MAX_PDU_OCTETS
from simpost.smpp.version import SMPP_3_4


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The timers of SMPP 3.4 7.2, the window and the limits.

    Attributes:
        window: most unanswered requests of ours.
        max_unacked: most requests of the peer that the handler has not answered; further ones get
            ESME_RMSGQFUL at once, so responses and enquire_link are still processed.
        max_late: most timed-out requests whose late response is still recognised.
        connect_timeout_s: time to open a connection, TLS included (client).
        session_init_timeout_s: time from the connection to the accepted bind.
        response_timeout_s: time from a request to its response.
        enquire_link_s: silence of the peer before we send enquire_link; `None` disables it.
        inactivity_timeout_s: time without a PDU other than enquire_link before we unbind; `None`
            disables it.
        unbind_timeout_s: time to wait for unbind_resp, and then for the connection to close.
        max_pdu_octets: a longer command_length closes the session.
        max_unread_octets: unsent octets at which we stop reading from a peer that does not read.
        interface_version: highest version we accept, 0x34 or 0x50 (SMSC).
    """

    window: int = 10
    max_unacked: int = 1000
    max_late: int = 1000
    connect_timeout_s: float = 10.0
    session_init_timeout_s: float = 10.0
    response_timeout_s: float = 30.0
    enquire_link_s: float | None = 30.0
    inactivity_timeout_s: float | None = None
    unbind_timeout_s: float = 5.0
    max_pdu_octets: int = MAX_PDU_OCTETS
    max_unread_octets: int = 1024 * 1024
    interface_version: int = SMPP_3_4
