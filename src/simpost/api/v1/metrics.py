"""GET /metrics: metrics in the formats of Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from simpost.api.shared.auth import ServicesDep, admit_bearer
from simpost.observe.metrics import BUILD, Sample, render

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    summary="Metrics, for Prometheus",
    response_class=PlainTextResponse,
)
async def show_metrics(request: Request, services: ServicesDep) -> Response:
    """Needs the metrics token or the admin token."""
    await admit_bearer(
        request, "metrics", "metrics token", services.metrics_token, services.admin_token
    )
    samples = [
        *await services.metrics.read(),
        *services.response_counts.read(),
        *services.wrong_credentials.read(),
        Sample(BUILD, (services.version,), 1),
    ]
    content_type, body = render(samples, request.headers.get("accept", ""))
    return Response(body, media_type=content_type)
