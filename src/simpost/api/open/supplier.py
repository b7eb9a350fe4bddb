"""Endpoints of the documented API that only the eSIM provider can serve."""

from __future__ import annotations

from typing import Final

from simpost.api.open.envelope import ApiError, ApiResponse, Code
from simpost.api.open.request import PREFIX, AuthenticatedRequest
from simpost.features.catalogue_sync.supplier_calls import SupplierBusy, SupplierSilent

NOT_OWNED: Final = (
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


_PASSED_BACK: Final = ("retry-after", "content-encoding")
"""Headers of the supplier that come back. The body is what it sent, also if it is compressed though
simpost asks for a plain one."""


async def ask_supplier(call: AuthenticatedRequest) -> ApiResponse:
    """Pass the request on to the supplier of the account, and its response back, unchanged."""
    name = call.path.removeprefix(f"{PREFIX}/")
    calls = call.services.supplier_calls
    source = calls.find("esim_access", call.account)
    if source is None:
        raise ApiError(
            Code.NOT_ALLOWED, f"simpost does not offer {name}: send it to your eSIM provider"
        )
    try:
        response = await calls.call(source, call.account, name, call.body, call.request_id)
    except SupplierBusy as error:
        detail = f"Nothing was sent to the supplier: {error}"
        raise ApiError(Code.BUSY, detail, status=503) from None
    except SupplierSilent as error:
        detail = f"The supplier may have carried it out; look before you repeat it: {error}"
        raise ApiError(Code.SERVER_ERROR, detail, status=504) from None
    headers = tuple(
        (name.encode(), response.headers[name].encode("latin-1"))
        for name in _PASSED_BACK
        if response.headers.get(name)
    )
    return ApiResponse(response.body, response.status, headers)
