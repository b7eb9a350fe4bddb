"""Drivers that show what they sent and what was answered."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from simpost.domain.exchanges import CarrierExchange
from simpost.domain.messages import Attempt
from simpost.ports.carrier import OutboundPart


@runtime_checkable
class ExchangeCarrier(Protocol):
    """A carrier whose driver shows its exchanges."""

    def show_exchange(
        self, part: OutboundPart, attempt: Attempt, *, has_text: bool
    ) -> CarrierExchange:
        """What an attempt that left sent and got. `part` is as it was for this attempt.

        Without `has_text` the text is not known or must not be shown, and that of `part` is empty.
        Never has a secret of the settings.
        """
        ...
