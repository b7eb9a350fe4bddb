"""What a session calls: a handler for its PDUs, and the listener that accepted it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from simpost.smpp.errors import PduError
    from simpost.smpp.pdu import Bind, Pdu
    from simpost.smpp.session import Session
    from simpost.smpp.state import CloseReason


class SessionHandler:
    """Called from the event loop in the order of the PDUs. Must not block.

    Only `on_request` has to be implemented. An exception in a handler is a bug and ends the
    connection; every unanswered request then gets `SessionClosed`.
    """

    def on_request(self, session: Session, request: Pdu) -> None:
        """Handle a request of the peer.

        Answer with `session.respond` or `session.refuse`, now or later. alert_notification and
        outbind also arrive here and have no response.
        """
        raise NotImplementedError

    def on_bound(self, session: Session) -> None:
        """Called when the bind is accepted and requests can be sent."""

    def on_window_free(self, session: Session) -> None:
        """Called when a full window has free slots again: `session.free_window`."""

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        """Called for a response that arrived after its request had timed out."""

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        """Called for a response to no request: a duplicate, a wrong command or sequence number."""

    def on_tolerated(self, session: Session, what: str) -> None:
        """Called when the peer deviates from the standard and the session continues."""

    def on_malformed(self, session: Session, error: PduError) -> None:
        """Called for a PDU that could not be decoded.

        The session has sent an error response; after a `FatalPduError` it closes.
        """

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        """Called once when the connection is gone, before unanswered requests get their error."""


class SessionHost(Protocol):
    """The listener that accepted a session: it limits connections and checks binds."""

    def session_opened(self, session: Session) -> None:
        """Called when the connection is established."""

    def bind_requested(self, session: Session, bind: Bind) -> None:
        """Answer a bind with `session.accept_bind` or `session.reject_bind`, now or later."""
