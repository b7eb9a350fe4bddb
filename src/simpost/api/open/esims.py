"""esim/query: the account's eSIMs, by number, ICCID, order and time, one page at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from simpost.api.open.dialects import Paging
from simpost.api.open.documents import esim_document
from simpost.api.open.envelope import ApiError, ApiResponse, Code
from simpost.api.open.parameters import Given, optional, optional_iccid, parse_body
from simpost.api.open.request import AuthenticatedRequest
from simpost.domain.esims import EsimStatus
from simpost.ports.store import EsimFilter, EsimRow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALLOCATING = frozenset(
    {EsimStatus.CREATE, EsimStatus.PAYING, EsimStatus.PAID, EsimStatus.GETTING_RESOURCE}
)
_MAX_SMALL = 50
"""eSIMs of a page that does not count as a heavy call: serialized on the event loop."""
_WHOLE_ORDER = 500
"""More than an order holds (30 are documented)."""


class Pager(msgspec.Struct, frozen=True, rename="camel"):
    """The page. Clients may send the pager of a response, with `total`, which is ignored."""

    page_num: int | msgspec.UnsetType | None = msgspec.UNSET
    page_size: int | msgspec.UnsetType | None = msgspec.UNSET


class EsimQuery(msgspec.Struct, frozen=True, rename="camel"):
    """Absent, null and empty filters all mean "any"."""

    order_no: Given = msgspec.UNSET
    iccid: Given = msgspec.UNSET
    esim_tran_no: Given = msgspec.UNSET
    start_time: Given = msgspec.UNSET
    end_time: Given = msgspec.UNSET
    pager: Pager | msgspec.UnsetType | None = msgspec.UNSET


_DECODER = msgspec.json.Decoder(EsimQuery)


async def query_esims(call: AuthenticatedRequest) -> ApiResponse:
    """A page of the account's eSIMs."""
    query = parse_body(call.body, _DECODER)
    number, size = _page(query.pager, call.rules.paging)
    filters = EsimFilter(
        esim_tran_no=optional("esimTranNo", query.esim_tran_no),
        iccid=optional_iccid(query.iccid),
        order_no=optional("orderNo", query.order_no),
        from_ms=parse_time("startTime", query.start_time),
        to_ms=parse_time("endTime", query.end_time),
        offset=(number - 1) * size,
        limit=size,
    )
    if size <= _MAX_SMALL or filters.esim_tran_no or filters.iccid:
        return _reply(call, *await _find(call, filters), size, number)
    costs, account = call.services.costs, call.account
    async with costs.turn(account):
        esims, total = await _find(call, filters)
        reply = await costs.work(account, lambda: _reply(call, esims, total, size, number))
        costs.charge_octets(account, len(reply.body))
    return reply


async def _find(call: AuthenticatedRequest, filters: EsimFilter) -> tuple[list[EsimRow], int]:
    esims, total = await call.services.store.catalogue.query_esims(call.account.id, filters)
    if filters.order_no or filters.esim_tran_no or filters.iccid:
        await _check_named(call, filters, esims, total)
    return esims, total


def _reply(
    call: AuthenticatedRequest, esims: list[EsimRow], total: int, size: int, number: int
) -> ApiResponse:
    """The response. eSIMs are encoded one by one, so that other threads run in between."""
    encoded = [msgspec.Raw(msgspec.json.encode(esim_document(esim))) for esim in esims]
    pager = {"pageSize": size, "pageNum": number, "total": total}
    return call.rules.result({"esimList": encoded, "pager": pager})


async def _check_named(
    call: AuthenticatedRequest, filters: EsimFilter, esims: list[EsimRow], total: int
) -> None:
    """Raise ApiError if the eSIM or order in the query is unknown or still being allocated."""
    if total != len(esims) or not total:
        at_any_time = EsimFilter(
            filters.esim_tran_no, filters.iccid, filters.order_no, limit=_WHOLE_ORDER
        )
        esims, total = await call.services.store.catalogue.query_esims(call.account.id, at_any_time)
    if not total:
        raise ApiError(Code.ORDER_UNKNOWN if filters.order_no else Code.ESIM_UNKNOWN)
    allocating = sum(esim.esim_status in _ALLOCATING for esim in esims)
    if allocating:
        raise ApiError(
            Code.STILL_ALLOCATING,
            "the batchOrder has been getting resource, "
            f"total:[{total}], success:[{total - allocating}]",
        )


def _page(pager: Pager | msgspec.UnsetType | None, paging: Paging) -> tuple[int, int]:
    """Number and size of the page. Raises ApiError beyond the limits of the dialect."""
    if not pager:
        return 1, paging.default_size
    number = _within("pager.pageNum", pager.page_num, 1, paging.most_number)
    size = _within("pager.pageSize", pager.page_size, paging.default_size, paging.most_size)
    return number, size


def _within(name: str, given: int | msgspec.UnsetType | None, default: int, most: int) -> int:
    value = default if given is None or given is msgspec.UNSET else given
    if not 1 <= value <= most:
        raise ApiError(Code.PARAMETER_LENGTH, f"{name} must be 1 to {most}")
    return value


def parse_time(name: str, given: Given) -> int | None:
    """Milliseconds since 1970 of an ISO 8601 time; UTC without an offset, seconds are optional."""
    text = optional(name, given)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(Code.PARAMETER_INVALID, f"{name} must be an ISO 8601 time") from None
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(milliseconds=1)
