"""Repeats of parts that a carrier may already have."""

from __future__ import annotations

import msgspec


class RepeatPolicy(msgspec.Struct, frozen=True):
    """The bound on repeats of a part in doubt, and the pauses between them.

    Attributes:
        categories: those that are sent again at all; the others wait for a receipt or their end.
        most: how often a part is sent again, however it got in doubt.
        pause_s: before the first repeat; each further pause is twice as long.
        unsafe_carriers: those that send nothing again, because they cannot tell a repeat.
    """

    categories: frozenset[str] = frozenset()
    most: int = 3
    pause_s: float = 60.0
    unsafe_carriers: frozenset[str] = frozenset()

    def is_exhausted(self, carrier: str, category: str, unclear: int) -> bool:
        """Whether the repeats of a part that is in doubt again are exhausted.

        `unclear`: how many earlier tries left open whether the carrier took it.
        """
        return self._allows(carrier, category) and unclear >= self.most

    def due_ms(
        self, carrier: str, category: str, unclear: int, now_ms: int, expires_ms: int
    ) -> int:
        """When a part in doubt is due: to repeat it, or when it expires."""
        if not self._allows(carrier, category) or unclear >= self.most:
            return expires_ms
        return min(expires_ms, now_ms + int(1000 * self.pause_s * 2.0 ** min(unclear, 20)))

    def due_after_lease_ms(
        self, carrier: str, category: str, unclear: int, now_ms: int, expires_ms: int
    ) -> int:
        """When a part whose lease expired is due; the lease was its first pause."""
        if not unclear and self.most and self._allows(carrier, category):
            return now_ms
        return self.due_ms(carrier, category, unclear, now_ms, expires_ms)

    def _allows(self, carrier: str, category: str) -> bool:
        return category in self.categories and carrier not in self.unsafe_carriers
