"""Checks plans and eSIMs from upstreams and normalizes them to one form.

A row is an item of package/list's `packageList` or of esim/query's `esimList`, or a line of a CSV
file with the same field names, where every value is text and an empty one is absent. Different
spellings are normalized. The meaning is never guessed: an ambiguous row is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from simpost.domain.esims import EsimStatus, SmdpStatus, SmsStatus
from simpost.domain.identifiers import (
    DigitsLost,
    digits_from_number,
    is_imsi,
    is_msisdn,
    looks_rounded,
    passes_luhn,
    passes_mod_97,
    restore_digits,
    without_trunk_zero,
)
from simpost.errors import InvalidRequest
from simpost.ports.store import EsimRow, PlanRow, PriceRow


class RefusedRow(InvalidRequest):
    """The row is not valid."""


def _by_plain_name(names: str) -> dict[str, str]:
    return {name.lower(): name for name in names.split()}


_PLAN_FIELDS = _by_plain_name("""
    packageCode slug name price currencyCode volume smsStatus dataType unusedValidTime duration
    durationUnit location locationCode description activeType favorite retailPrice speed
    locationNetworkList ipExport supportTopUpType fupPolicy
""")
_ESIM_FIELDS = _by_plain_name("""
    esimTranNo orderNo transactionId imsi iccid msisdn smsStatus dataType ac qrCodeUrl shortUrl
    smdpStatus eid activeType activateTime installationTime expiredTime totalVolume totalDuration
    durationUnit orderUsage esimStatus pin puk apn packageList deviceBrand deviceType deviceModel
""")
_PACKAGE_FIELDS = _by_plain_name("""
    packageName packageCode slug duration volume locationCode createTime
""")
_NUMBERS = frozenset(
    _by_plain_name("""
    price volume retailPrice unusedValidTime duration activeType supportTopUpType totalVolume
    totalDuration orderUsage dataType smsStatus
""").values()
)
_TYPED = _NUMBERS | {"packageList", "locationNetworkList", "favorite"}
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(?:\.0*)?")
_SPREADSHEET = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
_FRACTION = re.compile(r"\+?[0-9]{5,}[.,][0-9]{1,3}")
_NAME = re.compile(r"[\x21-\x7e]{1,64}")
_ICCID = re.compile(r"[0-9]{18,20}")
_GAPS_IN_NAMES = re.compile(r"[\s_\-]+")
_GAPS = re.compile(r"[\s\-().]+")
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
    fields = _fields(row, _PLAN_FIELDS | {"type": "type"}, skips_null=partial)
    kind = _text(fields, "type").upper()
    document = _document(fields, _PLAN_FIELDS)
    code = _name(document, "packageCode")
    if not code:
        raise RefusedRow("packageCode is missing")
    sms_status = _sms_status(document)
    if sms_status is None and not (partial and "smsStatus" not in document):
        raise RefusedRow("smsStatus is missing")
    if not kind:
        kind = _TOP_UP if code.startswith(f"{_TOP_UP}_") else "BASE"
    if kind not in ("BASE", _TOP_UP):
        raise RefusedRow(f"type must be BASE or TOPUP, not {_shown(kind)}")
    location = _text(document, "location") or _text(document, "locationCode")
    return PlanRow(
        package_code=code,
        slug=_name(document, "slug"),
        sms_status=sms_status or 0,
        type=kind,
        location=",".join(part.strip().upper() for part in location.split(",")),
        data_type=_data_type(document),
        document=document,
        given=_given(fields, _PLAN_COLUMNS) if partial else None,
    )


def parse_price(row: Mapping[str, Any]) -> PriceRow:
    """Read the price of a plan for an account; raises RefusedRow with the reason."""
    document = _document(_fields(row, _PLAN_FIELDS), _PLAN_FIELDS)
    code = _name(document, "packageCode")
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
        raise RefusedRow(f"{name} must be a whole number of USD x 10,000, not {_shown(value)}")
    return value


def _given(names: Mapping[str, Any], columns: Mapping[str, str]) -> frozenset[str]:
    return frozenset(columns[name] for name in names if name in columns)


def parse_esim(row: Mapping[str, Any], now_ms: int, *, partial: bool = False) -> EsimRow:
    """Read one eSIM; raises RefusedRow with the reason.

    `now_ms` is the creation time if the row has none. A partial row changes only the fields that it
    has and that are not null; an empty text clears its field.
    """
    fields = _fields(row, _ESIM_FIELDS | _PACKAGE_FIELDS, skips_null=partial)
    package = _package(fields)
    document = _document(fields, _ESIM_FIELDS)
    if package:
        document["packageList"] = [package, *document.get("packageList", ())[1:]]
    tran_no = _name(document, "esimTranNo")
    if not tran_no:
        raise RefusedRow("esimTranNo is missing")
    created = package.get("createTime")
    _eid(document)
    _put(document, "transactionId", _unspread("transactionId", _text(document, "transactionId")))
    return EsimRow(
        esim_tran_no=tran_no,
        iccid=_iccid(document),
        msisdn=_msisdn(document),
        imsi=_imsi(document),
        order_no=_name(document, "orderNo"),
        package_code=_name(package, "packageCode") or _name(package, "slug"),
        sms_status=_sms_status(document),
        smdp_status=_one_of(SmdpStatus, document, "smdpStatus", may_miss=partial),
        esim_status=_one_of(EsimStatus, document, "esimStatus", may_miss=partial),
        created_ms=now_ms if created in (None, "") else _time_ms(created, "createTime"),
        document=document,
        given=_given(document, _ESIM_COLUMNS) if partial else None,
    )


def field_names(key: str) -> str:
    """The field names of rows with this key, for an error about a heading."""
    fields = _ESIM_FIELDS if key in _ESIM_FIELDS.values() else _PLAN_FIELDS
    flat = {"packageCode": "", "slug": ""} if fields is _ESIM_FIELDS else {}
    return ", ".join([*fields.values(), *flat])


def is_field(key: str, name: str) -> bool:
    """Whether rows with this key have this field, in any spelling."""
    plain = _GAPS_IN_NAMES.sub("", name).lower()
    if key in _ESIM_FIELDS.values():
        return plain in _ESIM_FIELDS or plain in _PACKAGE_FIELDS
    return plain in _PLAN_FIELDS or plain == "type"


def doubt(esim: EsimRow) -> str | None:
    """The doubt about a valid eSIM, such as the unusual ICCIDs of some vendors; `None` if none."""
    if esim.iccid and not esim.iccid.startswith("89"):
        return "iccid does not begin with 89"
    if esim.iccid and not passes_luhn(esim.iccid):
        return "iccid fails its Luhn digit"
    return None


def _fields(
    row: Mapping[str, Any], known: Mapping[str, str], *, skips_null: bool = False
) -> dict[str, Any]:
    """The known fields by their camelCase names; a heading may be snake_case or capitals."""
    if not isinstance(row, Mapping):
        raise RefusedRow("is not an object")
    fields = {}
    for name, value in row.items():
        field = known.get(name.lower()) or known.get(_GAPS_IN_NAMES.sub("", name).lower())
        if field and not (skips_null and value is None):
            fields[field] = value
    return fields


def _document(fields: dict[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: value if type(value) is str and name not in _TYPED else _as_json(name, value)
        for name, value in fields.items()
        if name.lower() in known
    }


def _as_json(name: str, value: Any) -> Any:
    """The value in its documented type; in a CSV file every value is text."""
    if name in _NUMBERS:
        return _number(name, value)
    if name in ("packageList", "locationNetworkList"):
        return _objects(name, value)
    if name == "favorite":
        return _TRUTHS.get(value.strip().lower(), False) if isinstance(value, str) else value
    if isinstance(value, bool | dict | list):
        raise RefusedRow(f"{name} must be text")
    if isinstance(value, int | float):
        return _digits(name, value)
    return value


def _digits(name: str, number: float) -> str:
    try:
        return digits_from_number(number)
    except DigitsLost:
        raise RefusedRow(
            f"{name} {_shown(number)} is a number and lost digits: send it as text"
        ) from None


def _number(name: str, value: Any) -> int | float | None:
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(text := value.strip()):
        return int(text.partition(".")[0])
    raise RefusedRow(f"{name} must be a number, not {_shown(value)}")


def _objects(name: str, value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise RefusedRow(f"{name} is not JSON") from None
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise RefusedRow(f"{name} must be a list of objects")
    return value


def _package(fields: dict[str, Any]) -> dict[str, Any]:
    """The plan of an eSIM: the first of its packageList, or the columns of a flat row."""
    listed = _objects("packageList", fields.get("packageList"))
    if listed:
        return _document(_fields(listed[0], _PACKAGE_FIELDS), _PACKAGE_FIELDS)
    return _document({name: value for name, value in fields.items() if value}, _PACKAGE_FIELDS)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""


def _name(document: dict[str, Any], name: str) -> str:
    """An identifier: printable ASCII without spaces; empty when absent."""
    text = _unspread(name, _text(document, name))
    if text and not _NAME.fullmatch(text):
        raise RefusedRow(f"{name} must be at most 64 visible characters, not {_shown(text)}")
    return _put(document, name, text)


def _unspread(name: str, text: str) -> str:
    """The identifier without what a spreadsheet or a data frame did to it."""
    try:
        return restore_digits(text)
    except DigitsLost:
        raise _rounded(name, text) from None


def _rounded(name: str, text: str) -> RefusedRow:
    return RefusedRow(
        f"{name} {_clipped(text)} was rounded by a spreadsheet: export the column as text"
    )


def _data_type(document: dict[str, Any]) -> int:
    value = document.get("dataType") or 0
    if not isinstance(value, int) or not 0 <= value <= 99:
        raise RefusedRow(f"dataType must be a small number, not {_shown(value)}")
    return value


def _sms_status(document: dict[str, Any]) -> int | None:
    value = document.get("smsStatus")
    if value is None:
        return None
    if value not in _SMS_STATUSES:
        raise RefusedRow(f"smsStatus must be 0, 1 or 2, not {_shown(value)}")
    return int(value)


def _iccid(document: dict[str, Any]) -> str:
    raw = _unspread("iccid", _text(document, "iccid"))
    digits = _GAPS.sub("", raw).rstrip("Ff")
    if raw and not _ICCID.fullmatch(digits):
        _refuse_if_mangled("iccid", raw)
        raise RefusedRow(f"iccid must be 18 to 20 digits, not {_shown(raw)}")
    if looks_rounded(digits) and not passes_luhn(digits):
        raise _rounded("iccid", raw)
    return _put(document, "iccid", digits)


def _msisdn(document: dict[str, Any]) -> str:
    raw = _text(document, "msisdn")
    plain = _unspread("msisdn", raw.removeprefix("+"))
    if _FRACTION.fullmatch(plain):
        raise RefusedRow(f"msisdn must be E.164 digits, not {_shown(raw)}")
    international = without_trunk_zero(plain)
    if international is None:
        raise RefusedRow(f"msisdn {_shown(raw)} has a (0): write the number as E.164 does")
    digits = _GAPS.sub("", international).removeprefix("+").removeprefix("00")
    if raw and not is_msisdn(digits):
        _refuse_if_mangled("msisdn", raw)
        raise RefusedRow(f"msisdn must be E.164 digits, not {_shown(raw)}")
    return _put(document, "msisdn", digits)


def _imsi(document: dict[str, Any]) -> str:
    digits = _unspread("imsi", _text(document, "imsi"))
    if digits and not is_imsi(digits):
        _refuse_if_mangled("imsi", digits)
        raise RefusedRow(f"imsi must be 14 or 15 digits, not {_shown(digits)}")
    return _put(document, "imsi", digits)


def _eid(document: dict[str, Any]) -> None:
    """An EID is shown and never decided on: an odd one is taken, a rounded one is not."""
    text = _unspread("eid", _text(document, "eid"))
    _refuse_if_mangled("eid", text)
    if looks_rounded(text) and not passes_mod_97(text):
        raise _rounded("eid", text)
    _put(document, "eid", text)


def _put(document: dict[str, Any], name: str, text: str) -> str:
    if text:
        document[name] = text
    return text


def _refuse_if_mangled(name: str, text: str) -> None:
    if _SPREADSHEET.fullmatch(text):
        raise _rounded(name, text)


def _one_of(
    kind: type[SmdpStatus | EsimStatus], document: dict[str, Any], name: str, *, may_miss: bool
) -> str:
    if may_miss and name not in document:
        return ""
    status = _text(document, name).upper()
    if not status:
        raise RefusedRow(f"{name} is missing")
    if status not in kind.__members__:
        raise RefusedRow(f"{name} {_shown(status)} is not known: {', '.join(kind.__members__)}")
    document[name] = status
    return status


def _time_ms(value: Any, name: str) -> int:
    """ISO 8601 in all the forms upstreams write; UTC where no offset is given."""
    try:
        time = datetime.fromisoformat(str(value).strip())
        return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise RefusedRow(f"{name} must be a time in ISO 8601, not {_shown(value)}") from None


def _shown(value: Any) -> str:
    return _clipped(repr(value))


def _clipped(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}..."
