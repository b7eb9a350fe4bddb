"""Why a link ended, as administrators read it."""

from __future__ import annotations

from typing import Final

from simpost.smpp import CloseReason

CLOSE_REASON_TEXT: Final[dict[CloseReason, str]] = {
    CloseReason.UNBOUND_BY_US: "We unbound.",
    CloseReason.UNBOUND_BY_PEER: "The message centre unbound.",
    CloseReason.CLOSED_BY_US: "We closed the link.",
    CloseReason.CLOSED_BY_PEER: "The message centre closed the link without unbinding.",
    CloseReason.CONNECTION_LOST: "The connection was lost.",
    CloseReason.BIND_REFUSED: "The message centre refused the bind.",
    CloseReason.BIND_TIMEOUT: "The message centre did not answer the bind in time.",
    CloseReason.UNBIND_TIMEOUT: "The message centre did not answer the unbind.",
    CloseReason.ENQUIRE_LINK_TIMEOUT: "The message centre fell silent: enquire_link had no answer.",
    CloseReason.INACTIVE: "Nothing was said for too long.",
    CloseReason.PROTOCOL_ERROR: "The message centre sent what is no SMPP.",
    CloseReason.TOO_MANY_SESSIONS: "There were too many connections.",
}
