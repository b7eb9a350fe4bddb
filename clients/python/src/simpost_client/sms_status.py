"""What is known of the smsStatus of eSIMs: bounded, and only for a time."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

MAX_ESIMS: Final = 10_000
KEEP_S: Final = 600.0


class KnownStatuses:
    """eSIMs that can receive SMS, as the host said lately. Refusals are not remembered."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, keep_s: float = KEEP_S) -> None:
        self._clock = clock
        self._keep_s = keep_s
        self._until: OrderedDict[str, float] = OrderedDict()

    def __contains__(self, esim_tran_no: str) -> bool:
        return self._until.get(esim_tran_no, 0.0) > self._clock()

    def add(self, esim_tran_no: str) -> None:
        """Remember that this eSIM can receive SMS."""
        self._until[esim_tran_no] = self._clock() + self._keep_s
        self._until.move_to_end(esim_tran_no)
        if len(self._until) > MAX_ESIMS:
            self._until.popitem(last=False)
