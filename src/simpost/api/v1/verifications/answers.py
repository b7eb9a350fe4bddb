"""The answer to a start of a verification."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
from fastapi import Response

from simpost.api.shared.problems import Problem
from simpost.api.shared.schemas import format_time
from simpost.api.shared.services import Services
from simpost.api.v1.messages.results import refusal_problem
from simpost.api.v1.verifications.schemas import started_document
from simpost.domain.accounts import Account
from simpost.domain.verifications import StartStep
from simpost.features.verifications.requests import StartRequest
from simpost.messaging.plan import Refusal

_BEGINS = (StartStep.CREATE, StartStep.SUPERSEDE)
_encode = msgspec.json.Encoder().encode


async def start(services: Services, account: Account, wanted: StartRequest) -> Response:
    """Start a verification. Raises Problem if it is refused."""
    started = await services.verifications.start(account, wanted)
    if isinstance(started, Refusal):
        raise _refused(started, services.clock_ms())
    verification, headers = started.verification, None
    if started.step is StartStep.KEEP and verification.resend_ms is not None:
        headers = _retry_after(verification.resend_ms, services.clock_ms())
    status = 201 if started.step in _BEGINS else 200
    return json_response(_encode(started_document(started)), status, headers)


def json_response(
    body: bytes | str, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """A response with this JSON."""
    return Response(body, status, headers, media_type="application/json")


def _refused(refusal: Refusal, now_ms: int) -> Problem:
    """The response to a start that was refused; it has the budget and the time of the next try."""
    problem = refusal_problem(refusal.reason, refusal.detail)
    if refusal.until_ms is None:
        return problem
    until = {"budget": refusal.budget or None, "resendAt": format_time(refusal.until_ms)}
    return Problem(
        problem.status,
        refusal.reason,
        problem.detail,
        headers=_retry_after(refusal.until_ms, now_ms),
        members={**problem.members, **until},
    )


def _retry_after(until_ms: int, now_ms: int) -> dict[str, str]:
    return {"Retry-After": str(max(1, math.ceil((until_ms - now_ms) / 1000)))}
