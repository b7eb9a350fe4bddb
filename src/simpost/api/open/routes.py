"""Which endpoints the open door has, by exact path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from simpost.api.open.call import Call
from simpost.api.open.envelope import Code, Fault, Reply
from simpost.api.open.send_sms import send_sms

PREFIX = "/api/v1/open"
NOT_OFFERED = (
    "balance/query",
    "esim/cancel",
    "esim/order",
    "esim/revoke",
    "esim/suspend",
    "esim/topup",
    "esim/unsuspend",
    "esim/usage/query",
    "location/list",
)
"""Documented endpoints that are the eSIM provider's own business."""


async def not_offered(call: Call) -> Reply:
    name = call.path.removeprefix(f"{PREFIX}/")
    raise Fault(Code.NOT_ALLOWED, f"simpost does not offer {name}: send it to your eSIM provider")


ENDPOINTS: Mapping[str, Callable[[Call], Awaitable[Reply]]] = {
    f"{PREFIX}/esim/sendSms": send_sms,
    **{f"{PREFIX}/{name}": not_offered for name in NOT_OFFERED},
}
