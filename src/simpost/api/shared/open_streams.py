"""How many long responses are open: event streams and exports are connections that stay."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Final

from simpost.domain.accounts import Account
from simpost.errors import InvalidRequest

MAX_STREAMS: Final = 200
MAX_STREAMS_OF_ACCOUNT: Final = 20
MAX_EXPORTS: Final = 8
MAX_EXPORTS_OF_ACCOUNT: Final = 2


class TooManyStreams(InvalidRequest):
    """Too many long responses of this kind are open. Close one, or try again later."""


class OpenStreams:
    """The open responses of one kind of a process, by account.

    `kind` is their plural noun in error messages; `most` and `most_of_account` are the limits.
    """

    def __init__(
        self,
        kind: str = "event streams",
        most: int = MAX_STREAMS,
        most_of_account: int = MAX_STREAMS_OF_ACCOUNT,
    ) -> None:
        self._kind = kind
        self._most = most
        self._most_of_account = most_of_account
        self._open: Counter[int] = Counter()

    def check(self, account: Account) -> None:
        """Raise TooManyStreams if the account may not open another one."""
        is_full = self._open.total() >= self._most
        if is_full or self._open[account.id] >= self._most_of_account:
            raise TooManyStreams(f"Too many {self._kind} are open. Close one, or try again later.")

    @contextlib.contextmanager
    def opened(self, account: Account) -> Iterator[None]:
        """Count a response while it is open. Raises TooManyStreams."""
        self.check(account)
        self._open[account.id] += 1
        try:
            yield
        finally:
            self._open[account.id] -= 1
            if not self._open[account.id]:
                del self._open[account.id]


def open_exports() -> OpenStreams:
    """The open exports: fewer than streams, since each keeps the store and a thread busy."""
    return OpenStreams("exports", MAX_EXPORTS, MAX_EXPORTS_OF_ACCOUNT)
