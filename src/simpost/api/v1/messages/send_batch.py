"""Batches of messages: each message has a result of its own, in the order of the request."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import Request, Response

from simpost.api.shared.problems import (
    Problem,
    problem_document,
    store_unavailable,
)
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.api.v1.messages.body import Item, fingerprint_of
from simpost.api.v1.messages.content import MessageContents
from simpost.api.v1.messages.preview import Preview, preview
from simpost.api.v1.messages.results import (
    AcceptedMessage,
    accepted_message,
    refusal_problem,
    sent_document,
)
from simpost.domain.accounts import Account
from simpost.domain.messages import item_request_id
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.messaging.batch import ItemResult, chunks, send_all
from simpost.messaging.explanation import Explained
from simpost.messaging.send_request import SendRequest


class BatchItem(Schema):
    """The result of one message: what its own response would be, with its `status`.

    `replayed`: the key was used before for the same message, and this is the first result.
    """

    status: int
    replayed: bool
    message: AcceptedMessage | None
    problem: dict[str, Any] | None


class BatchResult(Schema):
    """One result for each message, in order; `accepted` and `refused` count them."""

    accepted: int
    refused: int
    results: list[BatchItem]


class BatchPreviewItem(Schema):
    """The decision about one message, or what is wrong with the message."""

    status: int
    preview: Preview | None
    problem: dict[str, Any] | None


class BatchPreview(Schema):
    """The decision about each message, in order."""

    results: list[BatchPreviewItem]


async def send_batch(
    services: Services,
    account: Account,
    request: Request,
    items: Sequence[Item],
    request_id: str | None,
) -> Response:
    """Send every valid message; 207 with the result of each."""
    fingerprint, is_replay = b"", False
    if request_id:
        fingerprint = await fingerprint_of(request)
        first = await services.intake.record_batch(account, request_id, fingerprint)
        if first and not first.same:
            raise refusal_problem(Reason.REQUEST_ID_REUSED, "")
        is_replay = first is not None
    wanted = await _requests(services, account, items, request_id, fingerprint)
    valid = [each for each in wanted if not isinstance(each, Problem)]
    sent = iter(await send_all(services.intake, account, valid))
    shown = [
        _problem_item(each)
        if isinstance(each, Problem)
        else await _item(services, account, request, each, next(sent))
        for each in wanted
    ]
    accepted = sum(item["message"] is not None for item in shown)
    document = {"accepted": accepted, "refused": len(shown) - accepted, "results": shown}
    headers = {"Idempotency-Replayed": "true"} if is_replay else {}
    if any(item["status"] == 503 for item in shown):
        headers["Retry-After"] = "1"
    return Response(msgspec.json.encode(document), 207, headers, media_type="application/json")


async def preview_batch(services: Services, account: Account, items: Sequence[Item]) -> Response:
    """200 with the decision about each message."""
    wanted = await _requests(services, account, items, None, b"")
    decisions: dict[int, Explained] = {}
    for chunk in chunks([each for each in wanted if not isinstance(each, Problem)]):
        for each in chunk:
            decisions[id(each)] = await services.intake.preview(account, each)
        await asyncio.sleep(0)

    def show() -> bytes:
        results = [
            BatchPreviewItem(status=each.status, preview=None, problem=problem_document(each))
            if isinstance(each, Problem)
            else BatchPreviewItem(
                status=200, preview=preview(decisions[id(each)], each), problem=None
            )
            for each in wanted
        ]
        return BatchPreview(results=results).model_dump_json(by_alias=True).encode()

    async with services.costs.turn(account):
        body = await services.costs.work(account, show)
    return Response(body, media_type="application/json")


async def _requests(
    services: Services,
    account: Account,
    items: Sequence[Item],
    request_id: str | None,
    fingerprint: bytes,
) -> list[SendRequest | Problem]:
    """What to send of each message, or what is wrong with it. Raises StoreError."""
    contents = MessageContents(services, account)
    return [
        item
        if isinstance(item, Problem)
        else await contents.request(
            item.message,
            item.key or (request_id and item_request_id(request_id, place)),
            item.fingerprint if item.key else fingerprint,
        )
        for place, item in enumerate(items)
    ]


async def _item(
    services: Services, account: Account, request: Request, sent: SendRequest, result: ItemResult
) -> dict[str, Any]:
    if isinstance(result, StoreError):
        return _problem_item(store_unavailable(request.url.path, result))
    if result.message_id is None:
        assert result.reason
        problem = refusal_problem(result.reason, result.detail)
        return _problem_item(problem, replayed=result.repeated)
    if result.plan:
        message = sent_document(result.message_id, result.plan, result.hold, sent.send_at_ms)
    else:
        found = await accepted_message(services, account, result, sent.send_at_ms)
        message = found.model_dump(by_alias=True)
    return {"status": 202, "replayed": result.repeated, "message": message, "problem": None}


def _problem_item(problem: Problem, *, replayed: bool = False) -> dict[str, Any]:
    document = problem_document(problem)
    return {"status": problem.status, "replayed": replayed, "message": None, "problem": document}
