"""What a node is called where its administrator does not say."""

from __future__ import annotations

import secrets
import socket

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def host_name() -> str:
    return socket.gethostname().partition(".")[0][:40] or "node"


def new_name(base: str = "") -> str:
    """The base, or the host, and four characters of chance: who starts again is another node."""
    return f"{base or host_name()}-{''.join(secrets.choice(_LETTERS) for _ in range(4))}"
