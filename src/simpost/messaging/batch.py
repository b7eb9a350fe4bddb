"""Sends many messages of one request, each with a result of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from simpost.domain.accounts import Account
from simpost.errors import StoreError
from simpost.messaging.intake import Intake
from simpost.messaging.send_request import SendRequest, SendResult

MOST_AT_ONCE: Final = 100
"""Messages that are decided in one turn of the event loop."""
MOST_CHARACTERS_AT_ONCE: Final = 20_000
"""Characters of these messages: other requests wait while they are segmented."""

ItemResult: TypeAlias = SendResult | StoreError
"""The result of a message, or why it could not be committed."""


async def send_all(
    intake: Intake, account: Account, requests: Sequence[SendRequest]
) -> list[ItemResult]:
    """The result of each message, in order. A message that fails does not affect the others.

    Messages that are sent at the same time share a commit of the store.
    """
    results: list[ItemResult] = []
    for chunk in chunks(requests):
        sending = (intake.send(account, request) for request in chunk)
        for result in await asyncio.gather(*sending, return_exceptions=True):
            if isinstance(result, BaseException) and not isinstance(result, StoreError):
                raise result
            results.append(result)
    return results


def chunks(requests: Sequence[SendRequest]) -> Iterator[Sequence[SendRequest]]:
    """The messages in pieces that are decided in one turn of the event loop."""
    start = characters = 0
    for place, request in enumerate(requests):
        characters += len(request.text)
        if place > start and (
            place - start >= MOST_AT_ONCE or characters > MOST_CHARACTERS_AT_ONCE
        ):
            yield requests[start:place]
            start, characters = place, len(request.text)
    if start < len(requests):
        yield requests[start:]
