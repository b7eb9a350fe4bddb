"""Why a bind ended, in sentences for administrators."""

from __future__ import annotations

from typing import Final

from simpost.smpp import CloseReason

CLOSE_REASON_TEXT: Final[dict[CloseReason, str]] = {
    CloseReason.UNBOUND_BY_US: "We unbound.",
    CloseReason.UNBOUND_BY_PEER: "The SMSC unbound.",
    CloseReason.CLOSED_BY_US: "We closed the connection.",
    CloseReason.CLOSED_BY_PEER: "The SMSC closed the connection without an unbind.",
    CloseReason.CONNECTION_LOST: "The connection was lost.",
    CloseReason.BIND_REFUSED: "The SMSC refused the bind.",
    CloseReason.BIND_TIMEOUT: "The SMSC did not answer the bind in time.",
    CloseReason.UNBIND_TIMEOUT: "The SMSC did not answer the unbind.",
    CloseReason.ENQUIRE_LINK_TIMEOUT: "The SMSC did not answer an enquire_link.",
    CloseReason.INACTIVE: "The connection was idle for too long.",
    CloseReason.PROTOCOL_ERROR: "The SMSC sent data that is not SMPP.",
    CloseReason.TOO_MANY_SESSIONS: "There were too many connections.",
}
