"""What a node is called where its operator does not say."""

from __future__ import annotations

import secrets
import socket

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_name() -> str:
    """The host and four characters of chance: whoever starts again is another node."""
    host = socket.gethostname().partition(".")[0][:40] or "node"
    return f"{host}-{''.join(secrets.choice(_LETTERS) for _ in range(4))}"
