"""Health: liveness and readiness of this process."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from simpost.api.shared.auth import ServicesDep
from simpost.api.shared.problems import Problem, ProblemCode
from simpost.runtime.readiness import DRAINING

router = APIRouter(tags=["health"])


class HealthOut(BaseModel):
    """The process responds."""

    status: Literal["ok"] = "ok"
    version: str


class ReadinessOut(BaseModel):
    """`degraded`: messages are committed but not sent; `warning` is the reason."""

    status: Literal["ok", "degraded"]
    version: str
    warning: str | None


@router.get("/healthz", summary="Alive: the process responds")
async def healthz(services: ServicesDep) -> HealthOut:
    """Checks nothing else: a failure means that the process must be restarted."""
    return HealthOut(version=services.version)


@router.get("/readyz", summary="Ready: the store commits, and the process is not about to stop")
async def readyz(services: ServicesDep, response: Response) -> ReadinessOut:
    """503 when messages cannot be accepted: the store does not commit, or a stop has begun."""
    found = await services.readiness.status()
    if found.problem:
        draining = found.problem == DRAINING
        code = ProblemCode.STOPPING if draining else ProblemCode.STORE_UNAVAILABLE
        raise Problem(503, code, found.problem, headers={"Cache-Control": "no-store"})
    response.headers["Cache-Control"] = "no-store"
    return ReadinessOut(
        status="degraded" if found.warning else "ok",
        version=services.version,
        warning=found.warning,
    )
