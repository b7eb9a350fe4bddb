"""Pages of lists: a large one takes its account's turn, and is written out off the event loop."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

from fastapi import Response
from pydantic import AwareDatetime, BeforeValidator

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account

R = TypeVar("R")

MAX_SMALL: Final = 50
"""Rows of a page that costs about what sending a message does."""


_DATE_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]")


def _written_out(text: object) -> object:
    """Refuse the Unix times and bare dates that would be read as times too."""
    if not isinstance(text, str) or not _DATE_AND_TIME.match(text):
        raise ValueError("is not an RFC 3339 time")
    return text


# The 22 characters of 16 octets in base64, the last of which holds two bits.
Cursor = Annotated[
    str, Matching(r"^[A-Za-z0-9_-]{21}[AQgw]$", "must be the `next` of a page, as it was given")
]
Instant = Annotated[AwareDatetime, BeforeValidator(_written_out)]


async def answer_page(
    services: Services,
    account: Account,
    limit: int,
    find: Callable[[], Awaitable[R]],
    show: Callable[[R], Schema],
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


def format_cursor(message_id: bytes) -> str:
    """The id in 22 characters of URL-safe base64."""
    return base64.urlsafe_b64encode(message_id).rstrip(b"=").decode()


def parse_cursor(text: str) -> bytes:
    """The id that a cursor names."""
    return base64.urlsafe_b64decode(f"{text}==")
