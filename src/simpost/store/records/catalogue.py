"""Rows of eSIMs, plans and prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from simpost.domain.esims import Esim
from simpost.ports.store.catalogue import EsimRow, PlanRow, PriceRow
from simpost.store.records.row import NamedRow

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def plan_of(row: NamedRow) -> PlanRow:
    return PlanRow(
        package_code=row["package_code"],
        slug=row["slug"],
        sms_status=row["sms_status"],
        type=row["type"],
        location=row["location"],
        data_type=row["data_type"],
        document=_decode(row["document"]),
        retired=bool(row["retired"]),
    )


def esim_of(row: NamedRow) -> EsimRow:
    return EsimRow(
        esim_tran_no=row["esim_tran_no"],
        iccid=row["iccid"],
        msisdn=row["msisdn"],
        imsi=row["imsi"],
        order_no=row["order_no"],
        package_code=row["package_code"],
        sms_status=row["sms_status"],
        smdp_status=row["smdp_status"],
        esim_status=row["esim_status"],
        created_ms=row["created_ms"],
        document=_decode(row["document"]),
        retired=bool(row["retired"]),
    )


def price_of(row: NamedRow) -> PriceRow:
    return PriceRow(row["package_code"], row["price"], row["retail_price"])


def found_esim(row: NamedRow) -> Esim:
    """The eSIM with the fields that come from its plan."""
    return Esim(
        esim_tran_no=row["esim_tran_no"],
        iccid=row["iccid"],
        msisdn=row["msisdn"],
        imsi=row["imsi"],
        smdp_status=row["smdp_status"],
        esim_status=row["esim_status"],
        sms_status=row["sms_status"],
        package_code=row["package_code"],
        slug=row["slug"],
        retired=bool(row["retired"]),
        coverage=row["coverage"],
        country=row["country"],
        language=row["language"],
        choices=row["choices"],
        open_hours=row["open_hours"],
    )


def esims_to_reach(rows: Sequence[NamedRow]) -> list[str]:
    """Of the eSIMs with a number, those in use; else the first of the retired ones."""
    used = [row["esim_tran_no"] for row in rows if not row["retired"]]
    return used or [row["esim_tran_no"] for row in rows[:1]]
