"""Every error simpost raises, in one tree.

SimpostError
├── InvalidRequest        the caller's: the request cannot be fulfilled
│   ├── NotFound          what the request names does not exist
│   │   ├── UnknownAccount
│   │   ├── UnknownCarrier
│   │   ├── UnknownConsoleUser
│   │   ├── UnknownEsim
│   │   ├── UnknownAutomation
│   │   ├── UnknownBroadcast
│   │   ├── UnknownBroadcastFile
│   │   ├── UnknownBulkJob
│   │   ├── UnknownConversation
│   │   ├── NotHeld
│   │   ├── UnknownSource
│   │   ├── UnknownStop
│   │   └── UnknownWebhook
│   ├── ConversationExists
│   └── PullRuns
├── StoreError            ours: the store did not do what it promised
│   ├── StoreBusy         another process owns the embedded store
│   ├── StoreFull         no room on the disk
│   ├── StoreReadOnly     the folder or file cannot be written
│   ├── StoreDamaged      the file's structure is broken
│   ├── StoreTimeout      no response in time
│   └── SchemaTooNew      written by a newer simpost
├── PolicyError           ours: a rule returned no decision, and nothing was accepted
├── ProtocolError         the wire's: recoverable (respond) or fatal (close)
└── ConfigError           the administrator's: found before anything starts

A class docstring is its default message. No message contains a secret, a one-time code or the
text of an SMS.
"""

from __future__ import annotations


class SimpostError(Exception):
    """Base of all errors of simpost."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").partition("\n")[0])


class InvalidRequest(SimpostError):
    """The request is not valid."""


class NotFound(InvalidRequest):
    """There is no object with this name."""


class UnknownAccount(NotFound):
    """There is no account with this access code."""


class UnknownCarrier(NotFound):
    """There is no carrier with this name."""


class UnknownConsoleUser(NotFound):
    """There is no console user with this name."""


class UnknownEsim(NotFound):
    """This account has no such eSIM."""


class UnknownAutomation(NotFound):
    """This account has no such automation."""


class UnknownBroadcast(NotFound):
    """This account has no such broadcast."""


class UnknownBroadcastFile(NotFound):
    """This account has no such file."""


class UnknownBulkJob(NotFound):
    """This account has no such bulk job."""


class UnknownConversation(NotFound):
    """This account has no such conversation."""


class ConversationExists(InvalidRequest):
    """This eSIM has another conversation that is not closed."""


class NotHeld(NotFound):
    """Sending is not held: this store is no copy, or was confirmed before."""


class UnknownSource(NotFound):
    """The configuration has no source with this name."""


class PullRuns(InvalidRequest):
    """A pull of this source is running."""


class UnknownStop(NotFound):
    """There is no stop with exactly this scope."""


class UnknownWebhook(NotFound):
    """This account has no such webhook endpoint."""


class StoreError(SimpostError):
    """The store could not commit; nothing was accepted."""


class StoreBusy(StoreError):
    """Another simpost process owns this store."""


class StoreFull(StoreError):
    """The disk that holds the store is full; nothing was accepted."""


class StoreReadOnly(StoreError):
    """The store cannot be written; nothing was accepted."""


class StoreDamaged(StoreError):
    """The store is damaged: nothing is accepted until a backup is restored."""


class StoreTimeout(StoreError):
    """The store did not respond in time."""


class SchemaTooNew(StoreError):
    """The store was written by a newer simpost; it is left untouched."""


class PolicyError(SimpostError):
    """A policy returned no decision."""


class ProtocolError(SimpostError):
    """The peer broke the protocol.

    Attributes:
        status: the command_status of the response.
        fatal: the stream cannot be trusted any more and must be closed.
    """

    def __init__(self, message: str | None = None, *, status: int, fatal: bool) -> None:
        super().__init__(message)
        self.status = status
        self.fatal = fatal


class ConfigError(SimpostError):
    """The configuration is not valid."""
