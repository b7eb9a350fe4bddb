"""Paths of a shape that only the supplier of the account can serve."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from simpost.api.shapes.calls import (
    ApiShape,
    Failure,
    ShapeCall,
    ShapeError,
    ShapeResponse,
    ShapeRoute,
    header,
)
from simpost.api.shared.services import Services
from simpost.domain.api_keys import KeyScope
from simpost.features.catalogue_sync.supplier_calls import SupplierBusy, SupplierSilent

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_SENDING: Final = frozenset({"POST", "PUT", "PATCH"})
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9_.~-]{0,127}){1,12}")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_MAX_QUERY: Final = 2_048
_PASSED_BACK: Final = ("retry-after", "x-ratelimit-reset", "content-encoding")
"""Headers of the supplier that come back, beside the content type."""
_NOT_OFFERED: Final = (Failure.NOT_OFFERED, Failure.METHOD)


def find_route(services: Services, shape: ApiShape, method: str, path: str) -> ShapeRoute:
    """The route of the shape; without one, the route to a supplier that takes such requests.

    Raises ShapeError.
    """
    try:
        return shape.find(method, path)
    except ShapeError as error:
        passes = shape.supplier and services.supplier_calls.passes(shape.supplier)
        if not passes or error.failure not in _NOT_OFFERED or method not in _METHODS:
            raise
        if not _PATH.fullmatch(path) or _sends_text(method, path):
            raise
    return ShapeRoute(_ask_supplier, needs=KeyScope.SUPPLIER, place=shape.supplier)


def _sends_text(method: str, path: str) -> bool:
    """Whether the supplier may take it for a text to a handset, about which it asks no policy."""
    return method in _SENDING and "sms" in path.rpartition("/")[2].lower()


async def _ask_supplier(call: ShapeCall) -> ShapeResponse:
    """Pass a request on to the supplier of the account, and its response back, unchanged."""
    scope, calls = call.scope, call.services.supplier_calls
    source = calls.find(call.place, call.account)
    # Only the API version in the URL of the source may be called.
    base = urlsplit(source.url).path if source else ""
    prefix = f"/{base.rpartition('/')[2]}/" if call.place == "esim_go" else "/api/v1/business/"
    if source is None or not scope["path"].startswith(prefix):
        raise ShapeError(Failure.NOT_OFFERED)
    query = scope["query_string"].decode("ascii", "replace")
    if len(query) > _MAX_QUERY or not query.isprintable() or " " in query or "\ufffd" in query:
        raise ShapeError(Failure.INVALID, "the query is not as documented")
    request_id = header(scope, b"rt-requestid").decode("ascii", "replace")
    accept = header(scope, b"accept").decode("ascii", "replace")
    try:
        response = await calls.call(
            source,
            call.account,
            scope["path"].removeprefix(prefix),
            call.body,
            request_id if _REQUEST_ID.fullmatch(request_id) else None,
            method=scope["method"],
            query=query,
            accept=accept if accept.isascii() and accept.isprintable() else "",
        )
    except SupplierBusy as error:
        raise ShapeError(Failure.BUSY, f"Nothing was sent to the supplier: {error}") from None
    except SupplierSilent as error:
        detail = f"The supplier may have carried it out; look before you repeat it: {error}"
        raise ShapeError(Failure.SILENT, detail) from None
    headers = [
        (name.encode(), value.encode("latin-1"))
        for name in _PASSED_BACK
        if (value := response.headers.get(name))
    ]
    kind = response.headers.get("content-type", "application/json").encode("latin-1")
    return ShapeResponse(response.body, response.status, tuple(headers), kind)
