"""Parameters of the verbs that both stores have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from simpost.domain.attempt_results import AttemptResult
from simpost.domain.outcomes import Receipt
from simpost.domain.repeats import RepeatPolicy
from simpost.ports.store import EsimRow, NewMessage, PriceRow, Reroute
from simpost.ports.store.held import Deferral, HeldEnd
from simpost.store.secret_box import SecretBox

PartKey: TypeAlias = tuple[int, bytes, int]
"""Account, message, number."""
MessageKey: TypeAlias = tuple[int, bytes]
"""Account, message."""

LEASE_STEP = 500
"""Most parts that one job changes; longer work is several jobs, so that others run in between."""
CLAIM_ROUNDS = 8
"""Most queries of a claim: one that finds expired parts is repeated."""


CarrierResults: TypeAlias = tuple[Sequence[AttemptResult], Sequence[Receipt]]
"""Results of attempts, and the receipts that are applied after them."""


class Claim(NamedTuple):
    carrier: str
    limit: int
    now_ms: int
    owner: str
    lease_ms: int
    codes_only: bool = False


class LeaseExpiry(NamedTuple):
    """Expire the leases that ran out; with an owner, all leases of that node."""

    now_ms: int
    owner: str | None
    repeats: RepeatPolicy


class Purge(NamedTuple):
    """Delete request ids and parked receipts that are older than these times."""

    now_ms: int
    requests_before_ms: int
    parked_before_ms: int
    limit: int


class InboundPurge(NamedTuple):
    """Delete assemblies or inbound messages that are older than this time."""

    before_ms: int
    limit: int


class UnreportedParts(NamedTuple):
    """End the sent parts of these messages that expired by `expired_ms`."""

    now_ms: int
    expired_ms: int
    messages: Sequence[MessageKey]


class RerouteBatch(NamedTuple):
    now_ms: int
    moves: Sequence[Reroute]


class EsimBatch(NamedTuple):
    account_id: int
    esims: Sequence[EsimRow]
    box: SecretBox


class PriceBatch(NamedTuple):
    account_id: int
    prices: Sequence[PriceRow]


class RetireRequest(NamedTuple):
    """Retire these keys; without a time, restore them."""

    keys: Sequence[str]
    now_ms: int | None


class HeldClaim(NamedTuple):
    """Lease at most `limit` due messages until `lease_ms`."""

    now_ms: int
    lease_ms: int
    limit: int


class Releases(NamedTuple):
    """Queue the parts of these messages."""

    now_ms: int
    messages: Sequence[NewMessage]


class Deferrals(NamedTuple):
    """Hold these messages again."""

    now_ms: int
    deferrals: Sequence[Deferral]


class HeldEnds(NamedTuple):
    """End these messages without sending them."""

    now_ms: int
    ends: Sequence[HeldEnd]


class Cancellation(NamedTuple):
    """Cancel one message if nothing of it has left."""

    now_ms: int
    account_id: int
    message_id: bytes
