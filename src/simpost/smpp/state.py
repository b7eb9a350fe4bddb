"""Session states and the requests allowed in each (SMPP 3.4 2.2-2.3, SMPP 5.0 2.3-2.4)."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Final

from simpost.smpp.command import CommandId


class Role(Enum):
    """Our end of the connection."""

    ESME = "esme"
    SMSC = "smsc"

    @property
    def peer(self) -> Role:
        """The role of the other end."""
        return Role.SMSC if self is Role.ESME else Role.ESME


class SessionState(StrEnum):
    """The standard's states, and `CLOSED`: the connection is gone."""

    OPEN = "open"
    OUTBOUND = "outbound"
    BOUND_TX = "bound_tx"
    BOUND_RX = "bound_rx"
    BOUND_TRX = "bound_trx"
    UNBOUND = "unbound"
    CLOSED = "closed"

    @property
    def is_bound(self) -> bool:
        """Whether the session is bound, as transmitter, receiver or both."""
        return self in _BOUND


class CloseReason(StrEnum):
    """Why a session ended."""

    UNBOUND_BY_US = "unbound_by_us"
    UNBOUND_BY_PEER = "unbound_by_peer"
    CLOSED_BY_US = "closed_by_us"
    CLOSED_BY_PEER = "closed_by_peer"
    CONNECTION_LOST = "connection_lost"
    BIND_REFUSED = "bind_refused"
    BIND_TIMEOUT = "bind_timeout"
    UNBIND_TIMEOUT = "unbind_timeout"
    ENQUIRE_LINK_TIMEOUT = "enquire_link_timeout"
    INACTIVE = "inactive"
    PROTOCOL_ERROR = "protocol_error"
    TOO_MANY_SESSIONS = "too_many_sessions"


_TX, _RX, _TRX = SessionState.BOUND_TX, SessionState.BOUND_RX, SessionState.BOUND_TRX
_OPEN, _OUTBOUND = SessionState.OPEN, SessionState.OUTBOUND
_BOUND = (_TX, _RX, _TRX)
_NEVER: tuple[SessionState, ...] = ()

ISSUED_IN: Final[dict[int, tuple[tuple[SessionState, ...], tuple[SessionState, ...]]]] = {
    CommandId.BIND_TRANSMITTER: ((_OPEN,), _NEVER),
    CommandId.BIND_RECEIVER: ((_OPEN, _OUTBOUND), _NEVER),
    CommandId.BIND_TRANSCEIVER: ((_OPEN, _OUTBOUND), _NEVER),
    CommandId.OUTBIND: (_NEVER, (_OPEN,)),
    CommandId.UNBIND: (_BOUND, _BOUND),
    CommandId.ENQUIRE_LINK: (_BOUND, _BOUND),
    CommandId.SUBMIT_SM: ((_TX, _TRX), _NEVER),
    CommandId.SUBMIT_MULTI: ((_TX, _TRX), _NEVER),
    CommandId.DATA_SM: ((_TX, _TRX), (_RX, _TRX)),
    CommandId.DELIVER_SM: (_NEVER, (_RX, _TRX)),
    CommandId.QUERY_SM: ((_TX, _TRX), _NEVER),
    CommandId.CANCEL_SM: ((_TX, _TRX), _NEVER),
    CommandId.REPLACE_SM: ((_TX, _TRX), _NEVER),
    CommandId.ALERT_NOTIFICATION: (_NEVER, (_RX, _TRX)),
    CommandId.BROADCAST_SM: ((_TX, _TRX), _NEVER),
    CommandId.QUERY_BROADCAST_SM: ((_TX, _TRX), _NEVER),
    CommandId.CANCEL_BROADCAST_SM: ((_TX, _TRX), _NEVER),
}
"""Command id: (states in which an ESME may send it, states in which an SMSC may).

SMPP 3.4 Table 2-1; replace_sm and broadcasts on a transceiver as in SMPP 5.0 Table 2-2.
"""

BOUND_BY: Final[dict[int, SessionState]] = {
    CommandId.BIND_TRANSMITTER: _TX,
    CommandId.BIND_RECEIVER: _RX,
    CommandId.BIND_TRANSCEIVER: _TRX,
}
"""The state that each bind command leads to."""

CONTROL_REQUESTS: Final = frozenset({CommandId.ENQUIRE_LINK, CommandId.UNBIND, *BOUND_BY})
"""Requests that are sent even if the window is full, and do not count as activity."""


def allowed_requests(issuer: Role, state: SessionState) -> frozenset[int]:
    """Return the command ids of the requests that `issuer` may send in `state`."""
    column = 0 if issuer is Role.ESME else 1
    return frozenset(command for command, row in ISSUED_IN.items() if state in row[column])
