"""Connects to the one of several hosts that accepts writes, in a bounded time."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import asyncpg

from simpost.errors import StoreError
from simpost.store.postgres.dsn import each_host
from simpost.store.postgres.failures import FAILURES, DatabaseUnreachable, translate

CONNECT_S: Final = 5.0
ANSWER_S: Final = 10.0
"""Longest wait for one statement; the server cancels it two seconds earlier."""
SETTINGS: Final = {
    # Plans are made while tables are small and kept when they have grown: allow only plans that
    # stay fast.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
    "jit": "off",
    "statement_timeout": f"{int(1000 * (ANSWER_S - 2))}",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "60000",
}

_KEEPALIVE: Final = {
    # The server notices in half a minute, not in two hours, that a node is cut off. Then the locks
    # and the connections of the node are free.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


async def connect(
    url: str, *, is_pooled: bool, keeps_plans: bool = False
) -> asyncpg.Connection[Any]:
    """Connect to the first host that accepts writes; all hosts are tried at once.

    In sequence, a host that drops packets would delay the connection to its standby.
    Raises DatabaseUnreachable, which contains neither user nor password.
    """
    settings = {"application_name": "simpost", **SETTINGS, **_KEEPALIVE}
    if keeps_plans:
        settings["plan_cache_mode"] = "force_generic_plan"
    said = None if is_pooled else settings
    tries = {asyncio.create_task(_connect(each, said)) for each in each_host(url)}
    pending = tries
    try:
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                if each.exception() is None:
                    tries.remove(each)
                    return each.result()
                error = each.exception()
        assert error is not None
        raise error
    finally:
        await _close_unused(tries)


async def _close_unused(tries: set[asyncio.Task[asyncpg.Connection[Any]]]) -> None:
    for each in tries:
        each.cancel()
    for ended in await asyncio.gather(*tries, return_exceptions=True):
        if isinstance(ended, asyncpg.Connection):
            ended.terminate()


async def _connect(url: str, settings: dict[str, str] | None) -> asyncpg.Connection[Any]:
    try:
        connection: asyncpg.Connection[Any] = await asyncpg.connect(
            url,
            timeout=CONNECT_S,
            command_timeout=ANSWER_S,
            statement_cache_size=200 if settings else 0,
            max_cached_statement_lifetime=0,
            server_settings=settings,
        )
    except FAILURES as error:
        raise DatabaseUnreachable(str(translate(error))) from None
    except ValueError:
        raise StoreError("the database's URL cannot be read") from None
    return connection
