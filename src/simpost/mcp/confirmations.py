"""Messages that were prepared and not sent: each has a token that sends it once."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

LIFE_S: Final = 600
"""Seconds for which a token is valid."""
MAX_OF_PRINCIPAL: Final = 20
"""Tokens of one key and session at the same time; beyond, the oldest is deleted."""
MAX_TOKENS: Final = 2_000
"""Tokens of all; beyond, the oldest is deleted."""
TOKEN_PATTERN: Final = r"^confirm_[A-Za-z0-9_-]{32}$"  # noqa: S105  a pattern


class Principal(NamedTuple):
    """Who prepared a message: only the same one may send it.

    Attributes:
        session: of the connection; empty for requests that have none.
    """

    account: str
    key_id: str
    session: str


class Prepared:
    """A message that waits for its token.

    Attributes:
        request: the body of `POST /v1/messages`: recipient, text and category.
        shown: the text, as the dry run rendered it.
        request_id: makes every send of this token the same request.
        act: the same for the record of calls.
        result: what the send gave; `None` before.
        is_confirmed: a person has agreed, where the client can ask one.
    """

    def __init__(
        self,
        principal: Principal,
        request: Mapping[str, Any],
        shown: str,
        token: str,
        ends_s: float,
    ) -> None:
        self.principal = principal
        self.request = request
        self.shown = shown
        self.request_id, self.act = _names_of(token)
        self.ends_s = ends_s
        self.result: dict[str, Any] | None = None
        self.is_confirmed = False


class Confirmations:
    """The tokens of a process, in memory: after a restart messages are prepared again."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()

    def __len__(self) -> int:
        return len(self._prepared)

    def add(self, principal: Principal, request: Mapping[str, Any], shown: str) -> str:
        """Keep a message; returns its token."""
        now_s = self._monotonic_s()
        self._delete_old(now_s)
        token = f"confirm_{secrets.token_urlsafe(24)}"
        mine = [each for each, kept in self._prepared.items() if kept.principal == principal]
        if len(mine) >= MAX_OF_PRINCIPAL:
            del self._prepared[mine[0]]
        elif len(self._prepared) >= MAX_TOKENS:
            self._prepared.popitem(last=False)
        self._prepared[token] = Prepared(principal, dict(request), shown, token, now_s + LIFE_S)
        return token

    def find(self, principal: Principal, token: str) -> Prepared | None:
        """The message of a token; `None` if it is unknown, has ended, or is of another one."""
        self._delete_old(self._monotonic_s())
        found = self._prepared.get(token)
        return found if found and found.principal == principal else None

    def drop(self, token: str) -> None:
        """Delete a token: it sends nothing any more."""
        self._prepared.pop(token, None)

    def _delete_old(self, now_s: float) -> None:
        """All have the same life, so that the oldest end first."""
        while self._prepared:
            token, oldest = next(iter(self._prepared.items()))
            if oldest.ends_s > now_s:
                return
            del self._prepared[token]


def act_of(token: str) -> str:
    """The name of what a token does, from which nobody can tell the token."""
    return _names_of(token)[1]


def _names_of(token: str) -> tuple[str, str]:
    digest = hashlib.sha256(token.encode()).hexdigest()
    return f"mcp-{digest[:40]}", digest[32:]
