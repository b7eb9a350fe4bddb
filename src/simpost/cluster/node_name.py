"""Names of nodes that the settings do not name."""

from __future__ import annotations

import secrets
import socket

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def host_name() -> str:
    """The first label of the host name, at most 40 characters."""
    return socket.gethostname().partition(".")[0][:40] or "node"


def new_name(base: str = "") -> str:
    """`base`, or the host, and four random characters: a restarted process is another node."""
    return f"{base or host_name()}-{''.join(secrets.choice(_ALPHABET) for _ in range(4))}"
