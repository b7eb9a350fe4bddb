"""Names of the leases in the store. A node owns each of them alone."""

from __future__ import annotations

DISPATCH = "dispatch"
"""The jobs of the leader: see `Maintenance` and `Failover`."""


def bind_lease(carrier: str, number: int) -> str:
    """The name of the lease of a bind. Carrier names have no space."""
    return f"bind {carrier} {number}"


def parse_bind_lease(name: str) -> tuple[str, int] | None:
    """Carrier and number of a bind; `None` for the lease of something else."""
    kind, _, bind = name.partition(" ")
    carrier, _, number = bind.partition(" ")
    return (carrier, int(number)) if kind == "bind" else None
