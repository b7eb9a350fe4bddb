"""Checks plans and eSIMs from upstreams and normalizes them to one form.

A row is an item of package/list's `packageList` or of esim/query's `esimList`, or a line of a CSV
file with the same field names, where every value is text and an empty one is absent. Different
spellings are normalized. The meaning is never guessed: an ambiguous row is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simpost.catalogue.row_fields import (
    ESIM_FIELDS,
    PACKAGE_FIELDS,
    PLAN_FIELDS,
    TAGS,
    RefusedRow,
    document_of,
    known_fields,
    objects_of,
    quoted,
    tags_of,
    text_of,
)
from simpost.catalogue.row_identifiers import (
    check_eid,
    iccid_of,
    imsi_of,
    msisdn_of,
    name_of,
    put,
    restored,
)
from simpost.domain.esims import EsimStatus, SmdpStatus, SmsStatus
from simpost.domain.identifiers import passes_luhn
from simpost.ports.store import EsimRow, PlanRow, PriceRow

_TOP_UP = "TOPUP"
_SMS_STATUSES = frozenset(int(status) for status in SmsStatus)
_ESIM_COLUMNS = {
    "iccid": "iccid",
    "msisdn": "msisdn",
    "imsi": "imsi",
    "orderNo": "order_no",
    "packageList": "package_code",
    "smsStatus": "sms_status",
    "smdpStatus": "smdp_status",
    "esimStatus": "esim_status",
}
_PLAN_COLUMNS = {
    "slug": "slug",
    "smsStatus": "sms_status",
    "type": "type",
    "location": "location",
    "locationCode": "location",
    "dataType": "data_type",
}


def parse_plan(row: Mapping[str, Any], *, partial: bool = False) -> PlanRow:
    """Read one plan; raises RefusedRow with the reason.

    A partial row changes only the fields that it has and that are not null; an empty text clears
    its field.
    """
    fields = known_fields(row, PLAN_FIELDS | {"type": "type"}, skips_null=partial)
    kind = text_of(fields, "type").upper()
    document = document_of(fields, PLAN_FIELDS)
    code = name_of(document, "packageCode")
    if not code:
        raise RefusedRow("packageCode is missing")
    sms_status = _sms_status(document)
    if sms_status is None and not (partial and "smsStatus" not in document):
        raise RefusedRow("smsStatus is missing")
    if not kind:
        kind = _TOP_UP if code.startswith(f"{_TOP_UP}_") else "BASE"
    if kind not in ("BASE", _TOP_UP):
        raise RefusedRow(f"type must be BASE or TOPUP, not {quoted(kind)}")
    location = text_of(document, "location") or text_of(document, "locationCode")
    return PlanRow(
        package_code=code,
        slug=name_of(document, "slug"),
        sms_status=sms_status or 0,
        type=kind,
        location=",".join(part.strip().upper() for part in location.split(",")),
        data_type=_data_type(document),
        document=document,
        given=_given(fields, _PLAN_COLUMNS) if partial else None,
    )


def parse_price(row: Mapping[str, Any]) -> PriceRow:
    """Read the price of a plan for an account; raises RefusedRow with the reason."""
    document = document_of(known_fields(row, PLAN_FIELDS), PLAN_FIELDS)
    code = name_of(document, "packageCode")
    if not code:
        raise RefusedRow("packageCode is missing")
    if "price" not in document:
        raise RefusedRow("price is missing")
    if document["price"] is None:
        return PriceRow(code, None)
    return PriceRow(code, _amount(document, "price"), _amount(document, "retailPrice"))


def _amount(document: dict[str, Any], name: str) -> int:
    value = document.get(name) or 0
    if not isinstance(value, int) or not 0 <= value < 2**53:
        raise RefusedRow(f"{name} must be a whole number of USD x 10,000, not {quoted(value)}")
    return value


def _given(names: Mapping[str, Any], columns: Mapping[str, str]) -> frozenset[str]:
    return frozenset(columns[name] for name in names if name in columns)


def parse_esim(row: Mapping[str, Any], now_ms: int, *, partial: bool = False) -> EsimRow:
    """Read one eSIM; raises RefusedRow with the reason.

    `now_ms` is the creation time if the row has none. A partial row changes only the fields that it
    has and that are not null; an empty text clears its field.
    """
    fields = known_fields(row, ESIM_FIELDS | PACKAGE_FIELDS | TAGS, skips_null=partial)
    package = _package(fields)
    document = document_of(fields, ESIM_FIELDS)
    if package:
        document["packageList"] = [package, *document.get("packageList", ())[1:]]
    tran_no = name_of(document, "esimTranNo")
    if not tran_no:
        raise RefusedRow("esimTranNo is missing")
    created = package.get("createTime")
    check_eid(document)
    put(document, "transactionId", restored("transactionId", text_of(document, "transactionId")))
    return EsimRow(
        esim_tran_no=tran_no,
        iccid=iccid_of(document),
        msisdn=msisdn_of(document),
        imsi=imsi_of(document),
        order_no=name_of(document, "orderNo"),
        package_code=name_of(package, "packageCode") or name_of(package, "slug"),
        sms_status=_sms_status(document),
        smdp_status=_one_of(SmdpStatus, document, "smdpStatus", may_miss=partial),
        esim_status=_one_of(EsimStatus, document, "esimStatus", may_miss=partial),
        created_ms=now_ms if created in (None, "") else _time_ms(created, "createTime"),
        document=document,
        given=_given(document, _ESIM_COLUMNS) if partial else None,
        tags=tags_of(fields),
    )


def doubt(esim: EsimRow) -> str | None:
    """The doubt about a valid eSIM, such as the unusual ICCIDs of some vendors; `None` if none."""
    if esim.iccid and not esim.iccid.startswith("89"):
        return "iccid does not begin with 89"
    if esim.iccid and not passes_luhn(esim.iccid):
        return "iccid fails its Luhn digit"
    return None


def _package(fields: dict[str, Any]) -> dict[str, Any]:
    """The plan of an eSIM: the first of its packageList, or the columns of a flat row."""
    listed = objects_of("packageList", fields.get("packageList"))
    if listed:
        return document_of(known_fields(listed[0], PACKAGE_FIELDS), PACKAGE_FIELDS)
    return document_of({name: value for name, value in fields.items() if value}, PACKAGE_FIELDS)


def _data_type(document: dict[str, Any]) -> int:
    value = document.get("dataType") or 0
    if not isinstance(value, int) or not 0 <= value <= 99:
        raise RefusedRow(f"dataType must be a small number, not {quoted(value)}")
    return value


def _sms_status(document: dict[str, Any]) -> int | None:
    value = document.get("smsStatus")
    if value is None:
        return None
    if value not in _SMS_STATUSES:
        raise RefusedRow(f"smsStatus must be 0, 1 or 2, not {quoted(value)}")
    return int(value)


def _one_of(
    kind: type[SmdpStatus | EsimStatus], document: dict[str, Any], name: str, *, may_miss: bool
) -> str:
    if may_miss and name not in document:
        return ""
    status = text_of(document, name).upper()
    if not status:
        raise RefusedRow(f"{name} is missing")
    if status not in kind.__members__:
        raise RefusedRow(f"{name} {quoted(status)} is not known: {', '.join(kind.__members__)}")
    document[name] = status
    return status


def _time_ms(value: Any, name: str) -> int:
    """ISO 8601 in all the forms upstreams write; UTC where no offset is given."""
    try:
        time = datetime.fromisoformat(str(value).strip())
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise RefusedRow(f"{name} must be a time in ISO 8601, not {quoted(value)}") from None
