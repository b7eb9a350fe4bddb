"""Plans and eSIMs of the compatible API.

Hosts differ in fields that few clients read. Such a field is None if it has another type than the
documents say; `raw` has the whole object as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from simpost_client.calls import Response
from simpost_client.envelope import read_envelope
from simpost_client.errors import SmsNotSupported, UnexpectedResponse

NOT_SUPPORTED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A plan. Prices are US dollars by 10,000, volumes octets.

    `sms_status`: 0 no SMS, 1 from phones and the API, 2 from the API only.
    """

    package_code: str
    slug: str | None
    name: str | None
    sms_status: int | None
    price: int | None
    currency_code: str | None
    volume: int | None
    duration: int | None
    duration_unit: str | None
    locations: tuple[str, ...]
    data_type: int | None
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def supports_sms(self) -> bool:
        """Whether its eSIMs can be sent texts through the API."""
        return self.sms_status is not None and self.sms_status != NOT_SUPPORTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Esim:
    """An eSIM; `sms_status` as that of its plan. `raw` also has the activation code."""

    esim_tran_no: str
    iccid: str | None
    order_no: str | None
    msisdn: str | None = field(repr=False)
    sms_status: int | None
    esim_status: str | None
    smdp_status: str | None
    expires_at: datetime | None
    package_codes: tuple[str, ...]
    raw: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EsimPage:
    """A page of eSIMs, and how many there are in all if the host says."""

    esims: tuple[Esim, ...]
    total: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSms:
    """An accepted text. Only simpost says more than that it is accepted.

    `message_id` is the id for the native API; `reason` and `held_until` are there if it is held;
    `replaced` is the number of characters that were replaced by look-alikes.
    """

    message_id: str | None
    reason: str | None
    held_until: datetime | None
    replaced: int


def read_packages(response: Response) -> tuple[Package, ...]:
    """The plans of a response."""
    return tuple(_package(each) for each in _rows(response, "packageList"))


def read_esims(response: Response) -> EsimPage:
    """The eSIMs of a response."""
    found = read_envelope(response)
    pager = found.get("pager") if isinstance(found, Mapping) else None
    rows = _rows(response, "esimList")
    total = _int(pager, "total") if isinstance(pager, Mapping) else None
    return EsimPage(esims=tuple(_esim(each) for each in rows), total=total)


def read_sent(response: Response) -> SentSms:
    """What is known of a text that was accepted."""
    read_envelope(response)
    replaced = response.headers.get("rt-replaced", "")
    return SentSms(
        message_id=response.headers.get("rt-messageid"),
        reason=response.headers.get("rt-reason"),
        held_until=_time(response.headers.get("rt-held-until")),
        replaced=int(replaced) if replaced.isdecimal() else 0,
    )


def check_sms_status(esim_tran_no: str, status: Literal[0, 1, 2] | int | None) -> None:  # noqa: PYI051
    """Raise SmsNotSupported if the smsStatus is 0: nothing was sent."""
    if status == NOT_SUPPORTED:
        raise SmsNotSupported(
            f"The plan of eSIM {esim_tran_no} does not support SMS (smsStatus 0). "
            "Nothing was sent.",
            status=200,
            code="200002",
            reason="sms_not_supported",
            remedy="Choose a plan with smsStatus 1 or 2.",
        )


def _rows(response: Response, name: str) -> list[Mapping[str, Any]]:
    found = read_envelope(response)
    rows = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(each, Mapping) for each in rows):
        raise UnexpectedResponse(f"the response has no {name}")
    return rows


def _package(row: Mapping[str, Any]) -> Package:
    return Package(
        package_code=_needed(row, "packageCode"),
        slug=_text(row, "slug"),
        name=_text(row, "name"),
        sms_status=_int(row, "smsStatus"),
        price=_int(row, "price"),
        currency_code=_text(row, "currencyCode"),
        volume=_int(row, "volume"),
        duration=_int(row, "duration"),
        duration_unit=_text(row, "durationUnit"),
        locations=tuple(each for each in (_text(row, "location") or "").split(",") if each),
        data_type=_int(row, "dataType"),
        raw=row,
    )


def _esim(row: Mapping[str, Any]) -> Esim:
    packages = row.get("packageList")
    codes = [
        _text(each, "packageCode")
        for each in (packages if isinstance(packages, list) else [])
        if isinstance(each, Mapping)
    ]
    return Esim(
        esim_tran_no=_needed(row, "esimTranNo"),
        iccid=_text(row, "iccid"),
        order_no=_text(row, "orderNo"),
        msisdn=_text(row, "msisdn"),
        sms_status=_int(row, "smsStatus"),
        esim_status=_text(row, "esimStatus"),
        smdp_status=_text(row, "smdpStatus"),
        expires_at=_time(_text(row, "expiredTime")),
        package_codes=tuple(each for each in codes if each),
        raw=row,
    )


def _needed(row: Mapping[str, Any], name: str) -> str:
    found = _text(row, name)
    if found is None:
        raise UnexpectedResponse(f"a row has no {name}")
    return found


def _text(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return value if isinstance(value, str) and value else None


def _int(row: Mapping[str, Any], name: str) -> int | None:
    value = row.get(name)
    return value if type(value) is int else None


def _time(text: str | None) -> datetime | None:
    """A time with an offset, as either dialect writes it."""
    try:
        found = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo else None
