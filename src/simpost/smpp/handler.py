"""What a session tells the one who uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simpost.smpp.errors import PduError
    from simpost.smpp.pdu import Pdu
    from simpost.smpp.session import Session
    from simpost.smpp.state import CloseReason


class SessionHandler:
    """Called from the event loop, in the order of the wire; it must not block.

    Only `on_request` has to be written. An exception out of a handler is a bug and ends the
    connection: every request waiting is handed back.
    """

    def on_request(self, session: Session, request: Pdu) -> None:
        """The peer asks. Answer with `session.respond` or `session.refuse`, now or much later.

        alert_notification and outbind come here too and take no answer.
        """
        raise NotImplementedError

    def on_bound(self, session: Session) -> None:
        """The bind was accepted; there is room in the window."""

    def on_window_free(self, session: Session) -> None:
        """There was no room in the window and now there is: `session.free_window` says how much."""

    def on_late_response(self, session: Session, request: Pdu, response: Pdu) -> None:
        """A response to a request that was given up by the response timer."""

    def on_unexpected_response(self, session: Session, response: Pdu) -> None:
        """A response nobody waits for: doubled, of a wrong kind, or with a sequence not ours."""

    def on_tolerated(self, session: Session, what: str) -> None:
        """The peer sent what the standard does not allow, and it was passed over."""

    def on_malformed(self, session: Session, error: PduError) -> None:
        """A request could not be read. The session has answered, or closes, as the error says."""

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        """The connection is gone and every waiting request has been handed back. Comes once."""
