"""Whether this simpost is alive, and whether it can do its work."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from simpost.api.services import Services
from simpost.api.v1.problems import Problem, ProblemCode
from simpost.errors import StoreError

_PATIENCE_S = 2.0

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: str
    version: str


@router.get("/healthz", summary="Alive: the process answers")
async def healthz(request: Request) -> Health:
    services: Services = request.app.state.services
    return Health(status="ok", version=services.version)


@router.get("/readyz", summary="Ready: the store answers")
async def readyz(request: Request, response: Response) -> Health:
    services: Services = request.app.state.services
    response.headers["Cache-Control"] = "no-store"
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await services.store.find_plan("")
    except (StoreError, TimeoutError):
        code = ProblemCode.STORE_UNAVAILABLE
        raise Problem(503, code, "The store does not answer.") from None
    return Health(status="ok", version=services.version)
