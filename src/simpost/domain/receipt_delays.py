"""How long the receipts of a carrier take. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class ReceiptDelay(msgspec.Struct, frozen=True):
    """The time from the acceptance of a part by its carrier to the receipt of its delivery.

    Attributes:
        receipts: how many were looked at.
        median_ms: half of them took no longer.
        p95_ms: 95 of 100 took no longer.
    """

    receipts: int
    median_ms: int
    p95_ms: int


def summarise(delays_ms: Sequence[int]) -> ReceiptDelay:
    """The quantiles of some delays, at least one, each of them a delay that was seen.

    A receipt that came before the response counts as 0 ms.
    """
    rising = sorted(max(0, each) for each in delays_ms)
    return ReceiptDelay(len(rising), _quantile(rising, 50), _quantile(rising, 95))


def _quantile(rising: Sequence[int], percent: int) -> int:
    """By the nearest rank: the lowest delay that this percentage does not exceed."""
    return rising[-(-percent * len(rising) // 100) - 1]
