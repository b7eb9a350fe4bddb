"""How many event streams are open: each is a connection that stays."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Final

from simpost.domain.accounts import Account
from simpost.errors import InvalidRequest

MAX_STREAMS: Final = 200
MAX_STREAMS_OF_ACCOUNT: Final = 20


class TooManyStreams(InvalidRequest):
    """Too many event streams are open. Close one, or try again later."""


class OpenStreams:
    """The streams of a process by account."""

    def __init__(self) -> None:
        self._open: Counter[int] = Counter()

    def check(self, account: Account) -> None:
        """Raise TooManyStreams if the account may not open another one."""
        is_full = self._open.total() >= MAX_STREAMS
        if is_full or self._open[account.id] >= MAX_STREAMS_OF_ACCOUNT:
            raise TooManyStreams

    @contextlib.contextmanager
    def opened(self, account: Account) -> Iterator[None]:
        """Count a stream while it is open. Raises TooManyStreams."""
        self.check(account)
        self._open[account.id] += 1
        try:
            yield
        finally:
            self._open[account.id] -= 1
            if not self._open[account.id]:
                del self._open[account.id]
