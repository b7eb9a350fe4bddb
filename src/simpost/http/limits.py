"""Limits of a connection: octets, seconds, and number of connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_HEAD_OCTETS: Final = 65_536
"""Octets without body: head, trailers, chunk extensions. Octets that arrive in one read together
with the end of the request are bounded by the size of the read."""
MAX_FIELDS: Final = 128
"""Headers and trailers of a request. Each costs a call, however short it is."""
MAX_PIPELINE: Final = 16
"""Pipelined requests that wait on a connection."""
MAX_UNREAD_BODY_OCTETS: Final = 1_048_576
"""Octets of a body that are read and dropped after the response."""
MAX_LINGER_OCTETS: Final = 16_777_216
"""Octets that are read and dropped before the connection is aborted."""
SEND_BUFFER_OCTETS: Final = 131_072
"""Octets that the kernel buffers for a connection. Its default is megabytes, which would hide that
a client does not read."""
BODY_AHEAD_OCTETS: Final = 65_536
"""Octets of a body in memory that the application has not received yet."""
LINGER_S: Final = 2.0
"""Seconds that a refused client may go on writing, so that it can read the response."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a server.

    Attributes:
        keep_alive_s: a connection without a request is closed after this time.
        unread_s: a connection whose client does not read is aborted after this time.
        slow_head_s: time from the connection, or from the first octet after a response, to the end
            of the head; also for the rest of a body that is dropped.
        max_connections: below the usual limit of open files, so that the store and the carriers
            can open theirs.
        unproven_connections: connections of callers without valid credentials.
    """

    keep_alive_s: float = 75.0
    unread_s: float = 30.0
    slow_head_s: float = 30.0
    max_connections: int = 1_000
    unproven_connections: int = 800
