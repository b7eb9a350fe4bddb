"""Errors of the native API: problem+json (RFC 9457), the same on every path."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from simpost.api.shared.costs import Overdrawn
from simpost.api.shared.error_log import log_crash, log_store_refusal
from simpost.api.shared.error_messages import error_message
from simpost.domain.reasons import Reason
from simpost.errors import InvalidRequest, NotFound

MEDIA_TYPE = "application/problem+json"


class ProblemCode(StrEnum):
    """Stable codes of request errors; a refused message has a `Reason` instead."""

    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED = "unauthorized"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    SECRET_REQUIRED = "secret_required"  # noqa: S105  no secret
    IP_NOT_ALLOWED = "ip_not_allowed"
    MCP_SENDING_OFF = "mcp_sending_off"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    NOT_CANCELLABLE = "not_cancellable"
    ACCESS_CODE_TAKEN = "access_code_taken"
    CONVERSATION_EXISTS = "conversation_exists"
    PULL_RUNS = "pull_runs"
    TOO_MANY_KEYS = "too_many_keys"
    TOO_MANY_SMPP_LOGINS = "too_many_smpp_logins"
    SYSTEM_ID_TAKEN = "system_id_taken"
    USER_NAME_TAKEN = "user_name_taken"
    TOO_MANY_USERS = "too_many_users"
    BROADCAST_STATUS = "broadcast_status"
    TOO_MANY_BROADCASTS = "too_many_broadcasts"
    TOO_MANY_BULK_JOBS = "too_many_bulk_jobs"
    BULK_JOB_OVER = "bulk_job_over"
    FILE_IN_USE = "file_in_use"
    TOO_MANY_AUTOMATIONS = "too_many_automations"
    TOO_MANY_TEMPLATES = "too_many_templates"
    TOO_MANY_SOURCES = "too_many_sources"
    NOT_UNDERSTOOD = "not_understood"
    EVENTS_NOT_KEPT = "events_not_kept"
    EVENTS_NEEDED = "events_needed"
    EVENTS_GONE = "events_gone"
    INVALID_CONFIGURATION = "invalid_configuration"
    BODY_TOO_LARGE = "body_too_large"
    BODY_TOO_SLOW = "body_too_slow"
    TOO_MANY_REQUESTS = "too_many_requests"
    STORE_UNAVAILABLE = "store_unavailable"
    STOPPING = "stopping"
    INTERNAL_ERROR = "internal_error"


RETRY_STATUSES: Final = frozenset({429, 503})
"""Statuses whose responses always have Retry-After."""
DEFAULT_RETRY_S: Final = 1
RETRY_AFTER: Final = {
    "Retry-After": {
        "description": "Seconds to wait before the next try: with every 429 and 503.",
        "schema": {"type": "integer", "minimum": 1},
    }
}
"""The header in the OpenAPI document."""


def with_retry_after(status: int, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, with a Retry-After if the status needs one and there is none."""
    if status not in RETRY_STATUSES:
        return dict(headers)
    return {"Retry-After": str(DEFAULT_RETRY_S), **headers}


class Problem(InvalidRequest):
    """The response to a request that failed."""

    def __init__(
        self,
        status: int,
        code: ProblemCode | Reason,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = with_retry_after(status, headers or {})
        self.members = members or {}


def problem_document(problem: Problem) -> dict[str, Any]:
    """The JSON of a problem."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code.value,
        "detail": problem.detail,
        **problem.members,
    }


def render(problem: Problem) -> Response:
    """The problem as an HTTP response."""
    return Response(
        msgspec.json.encode(problem_document(problem)),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def invalid(detail: str, errors: Sequence[Mapping[str, str]] = ()) -> Problem:
    """A 422 problem; `errors` name the fields."""
    members = {"errors": list(errors)} if errors else None
    return Problem(422, ProblemCode.INVALID_REQUEST, detail, members=members)


async def on_problem(_request: Request, error: Exception) -> Response:
    """The response to a Problem."""
    assert isinstance(error, Problem)
    return render(error)


async def on_not_found(_request: Request, error: Exception) -> Response:
    """The response when what the request names does not exist: 404."""
    assert isinstance(error, NotFound)
    return render(Problem(404, ProblemCode.NOT_FOUND, str(error)))


async def on_invalid(request: Request, error: Exception) -> Response:
    """The response to invalid fields. Values are not repeated: they may be secrets or texts."""
    assert isinstance(error, RequestValidationError)
    errors = [error_message(each) for each in error.errors()]
    if not _is_json(request) and any(each["at"].startswith("body") for each in errors):
        return render(_not_json(request))
    return render(invalid("The request is not as documented.", errors))


def require_json(request: Request) -> None:
    """Raise Problem unless the body is declared as JSON."""
    if not _is_json(request):
        raise _not_json(request)


def _not_json(request: Request) -> Problem:
    given = request.headers.get("content-type", "none")[:100]
    detail = f"Send JSON with Content-Type: application/json; the Content-Type was {given}."
    return Problem(415, ProblemCode.INVALID_REQUEST, detail)


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind[-5:] == "+json")


async def on_http(request: Request, error: Exception) -> Response:
    """The response to an error of the framework, such as an unknown path."""
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 404:
            problem = Problem(404, ProblemCode.NOT_FOUND, "There is nothing at this path.")
        case 405:
            detail = "This path does not take this method."
            allowed = {"Allow": ", ".join(sorted(_methods(request)))}
            problem = Problem(405, ProblemCode.METHOD_NOT_ALLOWED, detail, headers=allowed)
        case status:
            problem = Problem(status, ProblemCode.INVALID_REQUEST, "The request cannot be read.")
    return render(problem)


def _methods(request: Request) -> set[str]:
    """All methods of a path: each is a separate route, and the error names only the first."""
    routes: list[Route] = request.app.state.routes
    found = [route for route in routes if route.matches(request.scope)[0] != Match.NONE]
    methods = {method for route in found for method in route.methods or ()}
    return methods | {"HEAD"} if "GET" in methods else methods


async def on_overdrawn(_request: Request, error: Exception) -> Response:
    """The response to a request beyond the account's budget."""
    assert isinstance(error, Overdrawn)
    return render(overdrawn(error))


def overdrawn(error: Overdrawn) -> Problem:
    """A 429 problem with Retry-After."""
    headers = {"Retry-After": str(math.ceil(error.wait_s))}
    return Problem(429, ProblemCode.TOO_MANY_REQUESTS, str(error), headers=headers)


async def on_store(request: Request, error: Exception) -> Response:
    """The response when the store failed: 503, nothing was accepted."""
    return render(store_unavailable(request.url.path, error))


def store_unavailable(path: str, error: Exception) -> Problem:
    """A 503 problem with Retry-After; the error is logged."""
    log_store_refusal("native", path, error)
    detail = str(
        type(error)()
    )  # the message of the class: that of the error may name files and hosts
    return Problem(503, ProblemCode.STORE_UNAVAILABLE, detail, headers={"Retry-After": "1"})


async def on_crash(request: Request, error: Exception) -> Response:
    """The response to a bug: 500, logged without its message."""
    log_crash("native", request.url.path, error)
    return render(Problem(500, ProblemCode.INTERNAL_ERROR, "Something went wrong in simpost."))
