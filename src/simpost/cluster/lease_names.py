"""What one node has at a time, by the names its leases have in the store."""

from __future__ import annotations

DISPATCH = "dispatch"
"""The duties that one node does for all: see `Maintenance` and `Failover`."""


def bind_of(carrier: str, number: int) -> str:
    """The name of a carrier has no blank."""
    return f"bind {carrier} {number}"


def parse_bind(thing: str) -> tuple[str, int] | None:
    """Carrier and number; none for a thing that is no bind."""
    word, _, rest = thing.partition(" ")
    carrier, _, number = rest.partition(" ")
    return (carrier, int(number)) if word == "bind" else None
