"""The errors of this package.

ProtocolError
├── FieldError            a field cannot be encoded or decoded
├── PduError              octets from the peer are not a valid PDU
│   ├── RecoverablePduError   answer with an error and continue with the next PDU
│   └── FatalPduError         PDU boundaries are lost: close the session
├── RequestError          a request of ours got no response
│   ├── NotAllowed            the session state does not allow this command
│   ├── WindowFull            too many unanswered requests; nothing was sent
│   ├── ResponseTimeout       no response in time
│   └── SessionClosed         the session ended before the response
└── BindError             no session was established
    ├── ConnectFailed         no connection
    ├── BindTimeout           no response to the bind in time
    ├── BindLost              the connection closed before the bind response
    └── BindRejected          the SMSC refused the bind

A message contains names, lengths and statuses, but never an address, a password or a text.
"""

from __future__ import annotations

from simpost.errors import ProtocolError
from simpost.smpp.command import command_name
from simpost.smpp.state import CloseReason
from simpost.smpp.status import Status, status_name


class FieldError(ProtocolError):
    """A field is not valid.

    Attributes:
        field: its name in the standard.
        status: the command_status that reports it to the peer.
    """

    def __init__(self, field: str, problem: str, status: int) -> None:
        super().__init__(f"{field}: {problem}", status=status, fatal=False)
        self.field = field


class PduError(ProtocolError):
    """Octets from the peer are not a valid PDU.

    Attributes:
        command_id, sequence_number: from the header; 0 if the header is incomplete.
        body: the octets after the header.
    """

    def __init__(
        self, problem: str, status: int, *, header: tuple[int, int] = (0, 0), body: bytes = b""
    ) -> None:
        self.command_id, self.sequence_number = header
        self.body = body
        super().__init__(
            f"{command_name(self.command_id)}: {problem}",
            status=status,
            fatal=isinstance(self, FatalPduError),
        )


class RecoverablePduError(PduError):
    """One PDU cannot be decoded; the next one can."""


class FatalPduError(PduError):
    """PDU boundaries in the stream are lost."""


class RequestError(ProtocolError):
    """A request got no response.

    Attributes:
        written: its octets were given to the transport. True: the outcome is in doubt, the peer
            may have acted on the request. False: it was not sent.
    """

    def __init__(self, message: str | None = None, *, written: bool, status: int) -> None:
        super().__init__(message, status=status, fatal=False)
        self.written = written


class NotAllowed(RequestError):
    """The session state does not allow this command."""

    def __init__(self, command: str) -> None:
        super().__init__(command, written=False, status=Status.ESME_RINVBNDSTS)


class WindowFull(RequestError):
    """The window is full."""

    def __init__(self) -> None:
        super().__init__(written=False, status=Status.ESME_RMSGQFUL)


class ResponseTimeout(RequestError):
    """No response arrived in time."""

    def __init__(self, *, written: bool) -> None:
        super().__init__(written=written, status=Status.ESME_RSYSERR)


class SessionClosed(RequestError):
    """The session ended before the response.

    Attributes:
        reason: why it ended.
    """

    def __init__(self, reason: CloseReason, *, written: bool) -> None:
        super().__init__(f"session closed: {reason}", written=written, status=Status.ESME_RSYSERR)
        self.reason = reason


class BindError(ProtocolError):
    """No session was established."""

    def __init__(self, message: str | None = None, *, status: int = Status.ESME_RBINDFAIL) -> None:
        super().__init__(message, status=status, fatal=True)


class ConnectFailed(BindError):
    """The SMSC cannot be reached."""


class BindTimeout(BindError):
    """The SMSC did not answer the bind in time."""


class BindLost(BindError):
    """The connection closed before the bind was answered."""


class BindRejected(BindError):
    """The SMSC refused the bind.

    Attributes:
        command_status: the status of its response; also in `status`.
    """

    def __init__(self, command_status: int) -> None:
        super().__init__(f"bind refused: {status_name(command_status)}", status=command_status)
        self.command_status = command_status
