"""Name look-ups that do not block each other.

`getaddrinfo` blocks a thread, for half a minute if a name server does not respond. The event loop
has a few threads for such calls, so a few slow names would keep every carrier from connecting. Here
each look-up has its own thread. Their number is limited in total and per owner.
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
    """Looks up names, each in its own thread.

    A look-up that was cancelled counts as unanswered until the system responds.
    """

    def __init__(
        self, max_lookups: int = MAX_LOOKUPS, max_per_owner: int = MAX_LOOKUPS_PER_OWNER
    ) -> None:
        self._max = max_lookups
        self._max_per_owner = max_per_owner
        self._unanswered: Counter[str] = Counter()

    async def resolve(
        self, host: str, port: int, *, owner: str, family: int = socket.AF_UNSPEC
    ) -> list[tuple[int, str]]:
        """The addresses of a host with their address families, in the order of the system.

        Args:
            owner: the account or carrier of the look-up. Each may have two unanswered look-ups.

        Raises:
            TooManyLookups: the owner, or all owners together, have too many unanswered look-ups.
            OSError: the name could not be resolved.
        """
        if self._unanswered[owner] >= self._max_per_owner:
            raise TooManyLookups(None, f"{owner} has {self._max_per_owner} unanswered look-ups")
        if self._unanswered.total() >= self._max:
            raise TooManyLookups(None, f"{self._max} name look-ups are unanswered")
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

        # A daemon thread: a blocked look-up must not delay the end of the process.
        threading.Thread(target=look_up, name=f"resolve {host}", daemon=True).start()
        return [(kind, where[0]) for kind, _, _, _, where in await answer]

    def _release(self, owner: str) -> None:
        self._unanswered[owner] -= 1
        if not self._unanswered[owner]:
            del self._unanswered[owner]
