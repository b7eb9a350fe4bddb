"""The endpoints of the compatible API by path."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from simpost.api.open.envelope import ApiResponse
from simpost.api.open.esims import query_esims
from simpost.api.open.packages import list_packages
from simpost.api.open.request import PREFIX, AuthenticatedRequest
from simpost.api.open.send_sms import send_sms
from simpost.api.open.supplier import NOT_OWNED, ask_supplier
from simpost.api.open.webhook import query_webhook, save_webhook

ENDPOINTS: Mapping[str, Callable[[AuthenticatedRequest], Awaitable[ApiResponse]]] = {
    f"{PREFIX}/esim/query": query_esims,
    f"{PREFIX}/esim/sendSms": send_sms,
    f"{PREFIX}/package/list": list_packages,
    f"{PREFIX}/webhook/query": query_webhook,
    f"{PREFIX}/webhook/save": save_webhook,
    **{f"{PREFIX}/{name}": ask_supplier for name in NOT_OWNED},
}
