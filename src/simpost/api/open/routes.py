"""The endpoints of the compatible API by path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from simpost.api.open.envelope import ApiError, ApiResponse, Code
from simpost.api.open.esims import query_esims
from simpost.api.open.packages import list_packages
from simpost.api.open.request import AuthenticatedRequest
from simpost.api.open.send_sms import send_sms
from simpost.api.open.webhook import query_webhook, save_webhook

PREFIX = "/api/v1/open"
NOT_OFFERED = (
    "balance/query",
    "esim/cancel",
    "esim/order",
    "esim/realtimeBalance/query",
    "esim/revoke",
    "esim/suspend",
    "esim/topup",
    "esim/unsuspend",
    "esim/usage/query",
    "location/list",
)
"""Documented endpoints that only the eSIM provider can serve."""


async def not_offered(call: AuthenticatedRequest) -> ApiResponse:
    """Refuse an endpoint of the documented API that simpost does not offer."""
    name = call.path.removeprefix(f"{PREFIX}/")
    raise ApiError(
        Code.NOT_ALLOWED, f"simpost does not offer {name}: send it to your eSIM provider"
    )


ENDPOINTS: Mapping[str, Callable[[AuthenticatedRequest], Awaitable[ApiResponse]]] = {
    f"{PREFIX}/esim/query": query_esims,
    f"{PREFIX}/esim/sendSms": send_sms,
    f"{PREFIX}/package/list": list_packages,
    f"{PREFIX}/webhook/query": query_webhook,
    f"{PREFIX}/webhook/save": save_webhook,
    **{f"{PREFIX}/{name}": not_offered for name in NOT_OFFERED},
}
