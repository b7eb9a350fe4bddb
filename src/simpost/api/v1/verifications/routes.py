"""/v1/verifications: start, check, show and cancel."""

from __future__ import annotations

import math

from fastapi import APIRouter, Response

from simpost.api.shared.auth import Caller, CallerKey, ServicesDep
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.schemas import format_time
from simpost.api.shared.services import Services
from simpost.api.v1.messages.results import refusal_problem
from simpost.api.v1.verifications.schemas import (
    CheckedVerification,
    CheckRequest,
    StartedVerification,
    VerificationOut,
    VerificationPreview,
    VerificationRequest,
    show_preview,
    show_verification,
)
from simpost.domain.accounts import Account
from simpost.domain.messages import parse_id
from simpost.domain.verifications import StartStep
from simpost.features.verifications.requests import StartRequest
from simpost.messaging.decision import Refusal

router = APIRouter(prefix="/v1", tags=["verifications"])

_BEGINS = (StartStep.CREATE, StartStep.SUPERSEDE)


@router.post(
    "/verifications",
    status_code=201,
    response_model=StartedVerification,
    summary="Send a one-time code to an eSIM; with dryRun, preview the decision",
    responses={
        200: {
            "model": StartedVerification | VerificationPreview,
            "description": "The verification is pending already, or this is a dry run",
        }
    },
)
async def start_verification(
    given: VerificationRequest, account: Caller, services: ServicesDep, key_id: CallerKey
) -> Response:
    """A repeated start sends nothing before `resendAt`; Retry-After is the wait in seconds."""
    wanted = given.start_request(key_id)
    if given.dry_run:
        return await _preview(services, account, wanted)
    started = await services.verifications.start(account, wanted)
    if isinstance(started, Refusal):
        raise _refused(started, services.clock_ms())
    verification, headers = started.verification, {}
    if started.step is StartStep.KEEP and verification.resend_ms is not None:
        headers = _retry_after(verification.resend_ms, services.clock_ms())
    shown = show_verification(verification)
    body = StartedVerification(**shown.model_dump(), step=started.step)
    status = 201 if started.step in _BEGINS else 200
    return _answer(body, status, headers)


@router.post("/verifications/{id}/check", summary="Check a one-time code")
async def check_verification(
    id: str,  # noqa: A002
    given: CheckRequest,
    account: Caller,
    services: ServicesDep,
) -> CheckedVerification:
    """200 with the verdict, also of a wrong code. A verification is `verified` once."""
    verification_id = parse_id(id)
    checked = verification_id and await services.verifications.check(
        account, verification_id, given.code
    )
    if not checked:
        raise _unknown()
    shown = show_verification(checked.verification)
    return CheckedVerification(**shown.model_dump(), verdict=checked.verdict)


@router.get("/verifications/{id}", summary="Show a verification", operation_id="showVerification")
async def get_verification(
    id: str,  # noqa: A002
    account: Caller,
    services: ServicesDep,
) -> VerificationOut:
    """Kept for 30 days after its end."""
    verification_id = parse_id(id)
    found = verification_id and await services.verifications.find(account, verification_id)
    if not found:
        raise _unknown()
    return show_verification(found)


@router.delete("/verifications/{id}", summary="Cancel a verification")
async def cancel_verification(
    id: str,  # noqa: A002
    account: Caller,
    services: ServicesDep,
) -> VerificationOut:
    """The code is invalid from now on. A verification that ended before stays as it is."""
    verification_id = parse_id(id)
    found = verification_id and await services.verifications.cancel(account, verification_id)
    if not found:
        raise _unknown()
    return show_verification(found)


async def _preview(services: Services, account: Account, wanted: StartRequest) -> Response:
    found = await services.verifications.preview(account, wanted)
    return _answer(show_preview(found), 200)


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


def _answer(
    body: StartedVerification | VerificationPreview,
    status: int,
    headers: dict[str, str] | None = None,
) -> Response:
    content = body.model_dump_json(by_alias=True)
    return Response(content, status, headers, media_type="application/json")


def _unknown() -> Problem:
    return Problem(404, ProblemCode.NOT_FOUND, "This account has no such verification.")
