"""Name look-ups that cannot hold each other up.

The system's look-up (`getaddrinfo`) blocks a thread, and a name server that does not answer holds
it for half a minute. The event loop shares a few such threads among everything that runs, so a few
names that hang would keep every carrier from connecting. Here each look-up has a thread of its own,
and their number is bounded: in all, and per owner.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections import Counter
from typing import Any, Final

MAX_LOOKUPS: Final = 64
MAX_LOOKUPS_PER_OWNER: Final = 2


class TooManyLookups(OSError):
    """Too many name look-ups are unanswered."""


class NameResolver:
    """Looks names up in threads of its own.

    A look-up whose caller gave up counts until the system answers it.
    """

    def __init__(
        self, most: int = MAX_LOOKUPS, most_per_owner: int = MAX_LOOKUPS_PER_OWNER
    ) -> None:
        self._most = most
        self._most_per_owner = most_per_owner
        self._unanswered: Counter[str] = Counter()

    async def resolve(
        self, host: str, port: int, *, owner: str, family: int = socket.AF_UNSPEC
    ) -> list[tuple[int, str]]:
        """The addresses of a host, each with its address family, in the system's order.

        Args:
            owner: who asks: an account, a carrier. Each may have two look-ups unanswered.

        Raises:
            TooManyLookups: the owner, or all together, have too many look-ups unanswered.
            OSError: the name could not be resolved.
        """
        if self._unanswered[owner] >= self._most_per_owner:
            raise TooManyLookups(None, f"{owner} has {self._most_per_owner} unanswered look-ups")
        if self._unanswered.total() >= self._most:
            raise TooManyLookups(None, f"{self._most} name look-ups are unanswered")
        self._unanswered[owner] += 1
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()

        def finish(found: Any, error: BaseException | None) -> None:
            self._release(owner)
            if answer.done():
                return
            if error is None:
                answer.set_result(found)
            else:
                answer.set_exception(error)

        def look_up() -> None:
            found: Any = None
            failure: BaseException | None = None
            try:
                found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
            except (OSError, UnicodeError) as error:
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(finish, found, failure)

        # A daemon: a look-up that hangs must not keep the process from ending.
        threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
        return [(kind, where[0]) for kind, _, _, _, where in await answer]

    def _release(self, owner: str) -> None:
        self._unanswered[owner] -= 1
        if not self._unanswered[owner]:
            del self._unanswered[owner]
