"""What a connection may take: octets, time, and a share of all connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_HEAD_OCTETS: Final = 65_536
"""Octets that bring no body and complete no request: head, trailers, chunk extensions. What comes
in one read with its end is bounded by the read."""
MAX_FIELDS: Final = 128
"""Headers of a request, with its trailers. Each costs a call, also in a small head."""
MAX_PIPELINE: Final = 16
"""Requests that wait on a connection for the answers before theirs."""
MAX_UNREAD_BODY_OCTETS: Final = 1_048_576
"""How much of a body is read and dropped after its request was answered."""
MAX_LINGER_OCTETS: Final = 16_777_216
"""How much of what nobody needs is read before the connection is cut off without a word."""
SEND_BUFFER_OCTETS: Final = 131_072
"""Answers that the kernel keeps for a connection; by itself it takes megabytes for a client that
does not read, and nobody is told."""
BODY_AHEAD_OCTETS: Final = 65_536
"""Octets of a body kept in memory before the application asks for them."""
LINGER_S: Final = 2.0
"""How long a refused client may go on writing, so that it gets to read why."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a server.

    Attributes:
        keep_alive_s: how long a connection stays open without a request.
        unread_s: how long an answer may wait for its client to read on.
        slow_head_s: from the connection, or the first octet after an answer, to the end of the
            head; also for the rest of a body nobody needs.
        max_connections: under what a process may usually have open, so that the store and the
            carriers keep their files.
        unproven_connections: how many of them callers without valid credentials may hold.
    """

    keep_alive_s: float = 75.0
    unread_s: float = 30.0
    slow_head_s: float = 30.0
    max_connections: int = 1_000
    unproven_connections: int = 800
