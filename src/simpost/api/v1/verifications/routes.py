"""/v1/verifications: start, check, show and cancel."""

from __future__ import annotations

from fastapi import APIRouter, Response

from simpost.api.shared.auth import Caller, CallerKey, ServicesDep
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.api.shared.services import Services
from simpost.api.v1.verifications.answers import json_response, start
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
from simpost.features.verifications.requests import StartRequest

router = APIRouter(prefix="/v1", tags=["verifications"])


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
    return await start(services, account, wanted)


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
    return json_response(show_preview(found).model_dump_json(by_alias=True), 200)


def _unknown() -> Problem:
    return Problem(404, ProblemCode.NOT_FOUND, "This account has no such verification.")
