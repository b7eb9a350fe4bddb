"""What the admin API shows of the SMPP port."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class SmppClient(msgspec.Struct, frozen=True):
    """A bound client of this node.

    Attributes:
        bind: bound_tx, bound_rx or bound_trx.
        peer: its address and port.
        unanswered: its requests without a response.
    """

    system_id: str
    account_id: int
    bind: str
    peer: str
    unanswered: int


class SmppPortView(Protocol):
    """The SMPP port of this node."""

    @property
    def listens_on(self) -> int | None:
        """The port; `None` while it is closed."""
        ...

    def bound_clients(self) -> Sequence[SmppClient]:
        """The clients that are bound, in the order of their binds."""
        ...
