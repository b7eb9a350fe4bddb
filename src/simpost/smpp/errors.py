"""What can go wrong on an SMPP link.

ProtocolError
├── FieldError            a field cannot be written, or read, as the standard says
├── PduError              octets from the peer that are no PDU
│   ├── RecoverablePduError   answer it and go on with the next PDU
│   └── FatalPduError         the stream has lost its frame: close
├── RequestError          a request of ours that got no answer
│   ├── NotAllowed            the command does not belong in this session state
│   ├── WindowFull            no room in the window, nothing was sent
│   ├── ResponseTimeout       written, and no answer in time
│   └── SessionClosed         the session ended before the answer
└── BindError             no session came about
    ├── ConnectFailed         no connection
    ├── BindTimeout           no answer to the bind in time
    ├── BindLost              the link closed before the bind was answered
    └── BindRejected          the message centre said no

No message holds an address, a password or a text: only names, lengths and statuses.
"""

from __future__ import annotations

from simpost.errors import ProtocolError
from simpost.smpp.command import command_name
from simpost.smpp.state import CloseReason
from simpost.smpp.status import Status, status_name


class FieldError(ProtocolError):
    """A field does not fit the standard.

    Attributes:
        field: its name as the standard spells it.
    """

    def __init__(self, field: str, what: str, status: int) -> None:
        super().__init__(f"{field}: {what}", status=status, fatal=False)
        self.field = field


class PduError(ProtocolError):
    """Octets from the peer that are no PDU.

    Attributes:
        command_id, sequence_number: of the header, zero where there was none to read.
        body: the octets after the header.
    """

    def __init__(
        self, what: str, status: int, *, header: tuple[int, int] = (0, 0), body: bytes = b""
    ) -> None:
        self.command_id, self.sequence_number = header
        self.body = body
        super().__init__(
            f"{command_name(self.command_id)}: {what}",
            status=status,
            fatal=isinstance(self, FatalPduError),
        )


class RecoverablePduError(PduError):
    """One request cannot be read; the next PDU can."""


class FatalPduError(PduError):
    """The stream has lost its frame."""


class RequestError(ProtocolError):
    """A request got no answer.

    Attributes:
        written: its octets were handed to the transport. True means in doubt: the peer may have
            acted on it. False means it never left.
    """

    def __init__(self, what: str | None = None, *, written: bool, status: int) -> None:
        super().__init__(what, status=status, fatal=False)
        self.written = written


class NotAllowed(RequestError):
    """The command does not belong in this session state."""

    def __init__(self, what: str) -> None:
        super().__init__(what, written=False, status=Status.ESME_RINVBNDSTS)


class WindowFull(RequestError):
    """There is no room in the window."""

    def __init__(self) -> None:
        super().__init__(written=False, status=Status.ESME_RMSGQFUL)


class ResponseTimeout(RequestError):
    """No response came in time."""

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
    """No session came about."""

    def __init__(self, what: str | None = None, *, status: int = Status.ESME_RBINDFAIL) -> None:
        super().__init__(what, status=status, fatal=True)


class ConnectFailed(BindError):
    """The message centre cannot be reached."""


class BindTimeout(BindError):
    """The message centre did not answer the bind in time."""


class BindLost(BindError):
    """The link closed before the bind was answered."""


class BindRejected(BindError):
    """The message centre refused the bind.

    Attributes:
        command_status: what it answered; also in `status`.
    """

    def __init__(self, command_status: int) -> None:
        super().__init__(f"bind refused: {status_name(command_status)}", status=command_status)
        self.command_status = command_status
