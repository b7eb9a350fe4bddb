"""Pages of lists. A large page counts as a heavy call and is serialized off the event loop."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final, Protocol, TypeVar

from fastapi import Response
from pydantic import AwareDatetime, BeforeValidator, Field

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema, to_ms
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account

R = TypeVar("R")

MAX_SMALL: Final = 50
"""Rows of a page that costs about as much as sending a message."""


_DATE_AND_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]")


def _check_rfc_3339(text: object) -> object:
    """Refuse Unix times and dates without a time, which pydantic would accept."""
    if not isinstance(text, str) or not _DATE_AND_TIME.match(text):
        raise ValueError("is not an RFC 3339 time")
    return text


# The 22 characters of 16 octets in base64, the last of which holds two bits.
Cursor = Annotated[
    str, Matching(r"^[A-Za-z0-9_-]{21}[AQgw]$", "must be the `next` of a page, unchanged")
]
Instant = Annotated[AwareDatetime, BeforeValidator(_check_rfc_3339)]


class PageQuery(Schema):
    """How many rows, and after which: `cursor` is the `next` of the page before."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Cursor | None = None

    @property
    def before(self) -> bytes | None:
        """The id of the last row of the page before; `None` for the first page."""
        return parse_cursor(self.cursor) if self.cursor else None

    @property
    def look_ahead(self) -> int:
        """One row more than the page has, which shows whether there is a next page."""
        return self.limit + 1


class Period(Schema):
    """The time between two instants, both included."""

    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None

    @property
    def from_ms(self) -> int | None:
        """Milliseconds since 1970, inclusive; `None` without a lower bound."""
        return to_ms(self.from_) if self.from_ else None

    @property
    def to_ms(self) -> int | None:
        """Milliseconds since 1970; `None` without an upper bound."""
        return to_ms(self.to) if self.to else None


class PeriodQuery(PageQuery, Period):
    """A page of the rows between two times."""


class _Identified(Protocol):
    @property
    def id(self) -> bytes: ...


RowT = TypeVar("RowT", bound=_Identified)


def cut_page(found: Sequence[RowT], query: PageQuery) -> tuple[Sequence[RowT], str | None]:
    """The rows of the page out of `look_ahead` rows, and the cursor of the next page, if any."""
    if len(found) <= query.limit:
        return found, None
    return found[: query.limit], format_cursor(found[query.limit - 1].id)


async def answer_page(
    services: Services,
    account: Account,
    limit: int,
    find: Callable[[], Awaitable[R]],
    show: Callable[[R], Schema],
) -> Response:
    """The page as JSON. Raises Overdrawn if the account has no budget left for a large one."""

    def serialize(found: R) -> bytes:
        return show(found).model_dump_json(by_alias=True).encode()

    costs = services.costs
    if limit <= MAX_SMALL:
        body = serialize(await find())
    else:
        async with costs.turn(account):
            found = await find()
            body = await costs.work(account, lambda: serialize(found))
            costs.charge_octets(account, len(body))
    return Response(body, media_type="application/json")


def format_cursor(message_id: bytes) -> str:
    """The id in 22 characters of URL-safe base64."""
    return base64.urlsafe_b64encode(message_id).rstrip(b"=").decode()


def parse_cursor(text: str) -> bytes:
    """The id that a cursor names."""
    return base64.urlsafe_b64decode(f"{text}==")
