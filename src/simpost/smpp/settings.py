"""How a session behaves; times in seconds, lengths in octets."""

from __future__ import annotations

from dataclasses import dataclass

from simpost.smpp.framer import MAX_PDU_OCTETS
from simpost.smpp.version import SMPP_3_4


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """The timers of SMPP 3.4 7.2, the window and the bounds.

    Attributes:
        window: requests of ours that may wait for their response at one time.
        max_unacked: requests of the peer that may wait for our response; one more is answered
            ESME_RMSGQFUL at once, so responses and enquire_link keep flowing meanwhile.
        max_late: requests given up by the response timer whose response is still recognised.
        connect_timeout_s: opening the connection, TLS included (client).
        session_init_timeout_s: from connection to bound; the wait for a bind, or for its answer.
        response_timeout_s: from writing a request to its response.
        enquire_link_s: silence of the peer after which we ask; None never asks.
        inactivity_timeout_s: without a request or response other than enquire_link we unbind; None
            never does.
        unbind_timeout_s: the wait for unbind_resp, and then for the last octets to leave.
        max_pdu_octets: a longer command_length closes the session.
        max_unread_octets: unsent octets, because the peer does not read, at which we stop reading
            from it too.
        interface_version: the highest we speak, 0x34 or 0x50 (message centre side).
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
