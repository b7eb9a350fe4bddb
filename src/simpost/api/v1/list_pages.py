"""Pages of lists: a large one takes its account's turn, and is written out off the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from fastapi import Response

from simpost.api.services import Services
from simpost.api.v1.shapes import Shape
from simpost.domain.accounts import Account

R = TypeVar("R")

MAX_SMALL: Final = 50
"""Rows of a page that costs about what sending a message does."""


async def answer_page(
    services: Services,
    account: Account,
    limit: int,
    find: Callable[[], Awaitable[R]],
    show: Callable[[R], Shape],
) -> Response:
    """The page as JSON. Raises Overdrawn where the account has no budget left for a large one."""

    def written(found: R) -> bytes:
        return show(found).model_dump_json(by_alias=True).encode()

    costs = services.costs
    if limit <= MAX_SMALL:
        body = written(await find())
    else:
        async with costs.turn(account):
            found = await find()
            body = await costs.work(account, lambda: written(found))
            costs.charge_octets(account, len(body))
    return Response(body, media_type="application/json")
