from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simpost.catalogue.normalization import doubt, parse_esim, parse_plan
from simpost.catalogue.row_fields import RefusedRow
from simpost.domain.esims import EsimStatus, SmdpStatus
from simpost.ports.store import EsimRow, PlanRow

NOW_MS = 1_767_225_600_000

PLAN: dict[str, Any] = {
    "packageCode": "PKG-TH-01",
    "slug": "TH_1_7",
    "name": "Thailand 1GB 7 Days",
    "price": 45000,
    "retailPrice": 60000,
    "currencyCode": "USD",
    "volume": 1073741824,
    "smsStatus": 1,
    "dataType": 1,
    "duration": 7,
    "durationUnit": "DAY",
    "location": "TH",
    "favorite": False,
    "fupPolicy": "",
    "locationNetworkList": [{"locationName": "Thailand", "operatorList": []}],
}
ESIM: dict[str, Any] = {
    "esimTranNo": "23072017992029",
    "orderNo": "B23072016497499",
    "transactionId": None,
    "imsi": "454006109846571",
    "iccid": "89852245280001354019",
    "msisdn": "",
    "smsStatus": 2,
    "dataType": 1,
    "smdpStatus": "ENABLED",
    "esimStatus": "IN_USE",
    "eid": "",
    "pin": "0000",
    "totalVolume": 1073741824,
    "packageList": [
        {
            "packageName": "Thailand",
            "packageCode": "PKG-TH-01",
            "slug": "TH_1_7",
            "createTime": "2026-01-01T00:00:00+0000",
        }
    ],
}


def esim(**changes: object) -> EsimRow:
    return parse_esim({**ESIM, **changes}, NOW_MS)


def without(row: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in row.items() if name not in names}


def test_a_documented_plan_is_taken_as_it_came() -> None:
    plan = parse_plan(PLAN)
    assert (plan.package_code, plan.slug, plan.sms_status) == ("PKG-TH-01", "TH_1_7", 1)
    assert (plan.type, plan.location, plan.data_type) == ("BASE", "TH", 1)
    assert plan.document == PLAN


def test_a_documented_esim_is_taken_as_it_came() -> None:
    row = esim()
    assert row.esim_tran_no == "23072017992029"
    assert row.iccid == "89852245280001354019"
    assert (row.msisdn, row.imsi) == ("", "454006109846571")
    assert (row.order_no, row.package_code) == ("B23072016497499", "PKG-TH-01")
    assert (row.sms_status, row.smdp_status, row.esim_status) == (2, "ENABLED", "IN_USE")
    assert row.created_ms == NOW_MS
    assert row.document == ESIM


def test_fields_nobody_documents_are_left_out() -> None:
    assert "colour" not in parse_plan({**PLAN, "colour": "red"}).document
    assert "colour" not in esim(colour="red").document


def test_a_csv_line_becomes_the_same_plan() -> None:
    line = {
        name: json.dumps(value) if isinstance(value, list) else str(value)
        for name, value in PLAN.items()
    }
    assert parse_plan(line) == parse_plan(PLAN)


def test_a_csv_line_becomes_the_same_esim_with_its_plan_in_columns() -> None:
    line = {
        name: "" if value is None else str(value)
        for name, value in without(ESIM, "packageList").items()
    } | {
        "packageName": "Thailand",
        "packageCode": "PKG-TH-01",
        "slug": "TH_1_7",
        "createTime": "2026-01-01T00:00:00+0000",
    }
    from_csv = parse_esim(line, NOW_MS)
    assert from_csv.document["packageList"] == ESIM["packageList"]
    assert without(from_csv.document, "transactionId") == without(ESIM, "transactionId")


@pytest.mark.parametrize("name", ["esim_tran_no", "ESIMTRANNO", "Esim Tran No", "esim-tran-no"])
def test_headings_are_found_however_they_are_written(name: Any) -> None:
    row = parse_esim({**without(ESIM, "esimTranNo"), name: "7"}, NOW_MS)
    assert row.esim_tran_no == "7"


@given(st.sampled_from(list(SmdpStatus)), st.sampled_from(list(EsimStatus)))
def test_what_was_parsed_parses_again_to_the_same(smdp_status: Any, esim_status: Any) -> None:
    row = esim(
        smdpStatus=smdp_status.lower(),
        esimStatus=esim_status.lower(),
        iccid="8985-2245 28000135401F",
        msisdn="+66 81 234 5678",
        smsStatus="1",
    )
    assert parse_esim(row.document, 0) == row


@pytest.mark.parametrize(
    "written",
    [
        "89852245280001354019F",
        "89852245280001354019f",
        "8985 2245 2800 0135 4019",
        "8985-2245-2800-0135-4019",
        " 89852245280001354019 ",
        89852245280001354019,
    ],
)
def test_the_spelling_of_an_iccid_is_fixed(written: Any) -> None:
    row = esim(iccid=written)
    assert row.iccid == row.document["iccid"] == "89852245280001354019"


@pytest.mark.parametrize(
    "written", ["66812345678", "+66812345678", "0066812345678", "+66 (81) 234-5678", 66812345678]
)
def test_the_spelling_of_an_msisdn_is_fixed(written: Any) -> None:
    row = esim(msisdn=written)
    assert row.msisdn == row.document["msisdn"] == "66812345678"


@pytest.mark.parametrize(
    ("name", "written", "digits"),
    [
        ("msisdn", "4915112345678.0", "4915112345678"),
        ("msisdn", "+4915112345678,00", "4915112345678"),
        ("msisdn", 4915112345678.0, "4915112345678"),
        ("msisdn", "4.915112345678E+12", "4915112345678"),
        ("msisdn", "+49.15112345678", "4915112345678"),
        ("msisdn", "+44 (0)7700 900123", "447700900123"),
        ("msisdn", "0044 (0) 7700 900123", "447700900123"),
        ("msisdn", "+44 (0161) 496 0000", "441614960000"),
        ("msisdn", "+39 (06) 6982 1234", "390669821234"),
        ("msisdn", "(0044) 7700 900123", "447700900123"),
        ("imsi", "454006109846571.0", "454006109846571"),
        ("imsi", 454006109846571.0, "454006109846571"),
        ("esimTranNo", "23072017992029.0", "23072017992029"),
        ("esimTranNo", 23072017992029.0, "23072017992029"),
        ("esimTranNo", "2.3072017992029E13", "23072017992029"),
        ("esimTranNo", "7E2", "7E2"),
        ("orderNo", "1001.0", "1001"),
        ("transactionId", "1001.0", "1001"),
        ("iccid", 8985224528000135401, "8985224528000135401"),
        ("iccid", "8944123456789040000", "8944123456789040000"),
        ("eid", "8904 9032 0000", "8904 9032 0000"),
    ],
)
def test_digits_that_were_stored_as_a_number_are_kept_where_they_are_certain(
    name: Any, written: Any, digits: Any
) -> None:
    assert esim(**{name: written}).document[name] == digits


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("esimTranNo", "2.3072E+13"),
        ("esimTranNo", "2,3072E+13"),
        ("esimTranNo", "2.3072E13"),
        ("esimTranNo", 2.3072e30),
        ("orderNo", "2.3072E+13"),
        ("transactionId", "2.3072E+13"),
        ("iccid", "8985224528000135401.0"),
        ("iccid", "8.98522E+18"),
        ("iccid", "8985224528000130000"),
        ("iccid", 8.985224528000135e18),
        ("iccid", int(8.985224528000135e18)),
        ("iccid", 8985224528000135000),
        ("iccid", 8985224528000130000),
        ("msisdn", "4.91511E+12"),
        ("msisdn", "4915112345678.5"),
        ("msisdn", 4915112345678.5),
        ("msisdn", True),
        ("msisdn", "(0)7700 900123"),
        ("msisdn", "(0151) 2345678"),
        ("msisdn", "+39 (0)6 6982 1234"),
        ("imsi", "4.54006E+14"),
        ("eid", "8.9049E+31"),
        ("eid", 8.9049032e31),
        ("eid", "89049032123456700000000000000000"),
        ("packageList", [{"packageCode": "2.3072E+13"}]),
        ("packageList", [{"slug": "2.3072E+13"}]),
    ],
)
def test_digits_that_a_number_may_have_lost_are_refused(name: Any, written: Any) -> None:
    with pytest.raises(RefusedRow):
        esim(**{name: written})


@given(st.integers(10**17, 10**20 - 1))
def test_an_iccid_rounded_as_a_double_is_refused(number: int) -> None:
    for made in (float(number), int(float(number)), int(Decimal(repr(float(number))))):
        with pytest.raises(RefusedRow):
            esim(iccid=made)


def test_a_plans_code_is_an_identifier_too() -> None:
    assert parse_plan({**PLAN, "packageCode": "1001.0"}).package_code == "1001"
    with pytest.raises(RefusedRow, match=r"packageCode .* was rounded"):
        parse_plan({**PLAN, "packageCode": "1.001E+12"})


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_identifiers_may_be_absent(empty: Any) -> None:
    row = esim(iccid=empty, msisdn=empty, imsi=empty, orderNo=empty)
    assert (row.iccid, row.msisdn, row.imsi, row.order_no) == ("", "", "", "")
    bare = parse_esim(without(ESIM, "iccid", "msisdn", "imsi", "orderNo"), NOW_MS)
    assert (bare.iccid, bare.msisdn, bare.imsi, bare.order_no) == ("", "", "", "")


@pytest.mark.parametrize("absent", [None, ""])
def test_an_esim_without_smsstatus_leaves_it_to_its_plan(absent: Any) -> None:
    assert esim(smsStatus=absent).sms_status is None
    assert parse_esim(without(ESIM, "smsStatus"), NOW_MS).sms_status is None


def test_an_esim_knows_its_plan_by_slug_where_the_code_is_absent() -> None:
    assert esim(packageList=[{"slug": "TH_1_7"}]).package_code == "TH_1_7"
    assert esim(packageList=None).package_code == ""


def test_revoked_is_taken_in_both_spellings() -> None:
    assert esim(esimStatus="REVOKE").esim_status == "REVOKE"
    assert esim(esimStatus="REVOKED").esim_status == "REVOKED"


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-01T00:00:00+0000",
        "2026-01-01T00:00+00:00",
        "2026-01-01T00:00:00Z",
        "2026-01-01 00:00:00",
        "2026-01-01T08:00:00+08:00",
    ],
)
def test_times_are_read_in_every_form_upstreams_write(written: Any) -> None:
    assert esim(packageList=[{"createTime": written}]).created_ms == NOW_MS


def test_the_time_of_the_import_stands_in_where_the_row_has_none() -> None:
    assert parse_esim({**ESIM, "packageList": []}, 7).created_ms == 7


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"esimTranNo": None}, "esimTranNo is missing"),
        ({"esimTranNo": "a b"}, "esimTranNo must be at most 64 visible characters"),
        ({"esimTranNo": "1" * 65}, "esimTranNo must be at most 64 visible characters"),
        ({"esimTranNo": {"a": 1}}, "esimTranNo must be text"),
        ({"smsStatus": 3}, "smsStatus must be 0, 1 or 2, not 3"),
        ({"smsStatus": -1}, "smsStatus must be 0, 1 or 2, not -1"),
        ({"smsStatus": 1.5}, "smsStatus must be 0, 1 or 2, not 1.5"),
        ({"smsStatus": True}, "smsStatus must be a number, not True"),
        ({"smsStatus": "yes"}, "smsStatus must be a number, not 'yes'"),
        ({"smdpStatus": "GONE"}, "smdpStatus 'GONE' is not known"),
        ({"smdpStatus": ""}, "smdpStatus is missing"),
        ({"esimStatus": "LOST"}, "esimStatus 'LOST' is not known"),
        ({"esimStatus": None}, "esimStatus is missing"),
        ({"iccid": "8985224528000135401X"}, "iccid must be 18 to 20 digits"),
        ({"iccid": "89852"}, "iccid must be 18 to 20 digits, not '89852'"),
        ({"iccid": "8.98522E+19"}, "iccid 8.98522E+19 was rounded by a spreadsheet"),
        ({"iccid": 8.98522e19}, "iccid"),
        ({"msisdn": "call me"}, "msisdn must be E.164 digits"),
        ({"msisdn": "1234567890123456"}, "msisdn must be E.164 digits"),
        ({"msisdn": "0812345678"}, "msisdn must be E.164 digits"),
        ({"imsi": "4540061098"}, "imsi must be 14 or 15 digits"),
        ({"packageList": "[{"}, "packageList is not JSON"),
        ({"packageList": [1]}, "packageList must be a list of objects"),
        ({"packageList": [{"createTime": "soon"}]}, "createTime must be a time in ISO 8601"),
        ({"totalVolume": "lots"}, "totalVolume must be a number, not 'lots'"),
    ],
)
def test_a_bad_esim_is_refused_with_the_reason(changes: Any, reason: Any) -> None:
    with pytest.raises(RefusedRow) as refused:
        esim(**changes)
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"packageCode": ""}, "packageCode is missing"),
        ({"smsStatus": None}, "smsStatus is missing"),
        ({"smsStatus": "5"}, "smsStatus must be 0, 1 or 2, not 5"),
        ({"type": "GIFT"}, "type must be BASE or TOPUP, not 'GIFT'"),
        ({"dataType": 1000}, "dataType must be a small number, not 1000"),
        ({"price": "cheap"}, "price must be a number, not 'cheap'"),
    ],
)
def test_a_bad_plan_is_refused_with_the_reason(changes: Any, reason: Any) -> None:
    with pytest.raises(RefusedRow) as refused:
        parse_plan({**PLAN, **changes})
    assert str(refused.value) == reason


@pytest.mark.parametrize("row", [None, 1, "text", ["list"]])
def test_what_is_not_an_object_is_refused(row: Any) -> None:
    with pytest.raises(RefusedRow, match="is not an object"):
        parse_plan(row)
    with pytest.raises(RefusedRow, match="is not an object"):
        parse_esim(row, NOW_MS)


def test_top_ups_are_known_by_their_code() -> None:
    assert parse_plan({**PLAN, "packageCode": "TOPUP_JC016"}).type == "TOPUP"
    assert parse_plan({**PLAN, "type": "topup"}).type == "TOPUP"


def test_locations_are_kept_in_capitals_without_spaces() -> None:
    assert parse_plan({**PLAN, "location": "th, sg"}).location == "TH,SG"


def test_a_plan_of_unknown_data_type_is_type_0() -> None:
    assert parse_plan(without(PLAN, "dataType")).data_type == 0


@pytest.mark.parametrize(
    ("iccid", "said"),
    [
        ("89852000263318806140", None),
        ("", None),
        ("8944123456789012000", "iccid fails its Luhn digit"),
        ("00000002610900000479", "iccid does not begin with 89"),
    ],
)
def test_an_odd_iccid_is_taken_with_a_warning(iccid: Any, said: Any) -> None:
    assert doubt(esim(iccid=iccid)) == said


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(sorted({*ESIM, *PLAN, "type"})), _JSON))
def test_any_json_is_taken_or_refused_and_nothing_else(changes: Any) -> None:
    for parse in (parse_plan, lambda row: parse_esim(row, NOW_MS)):
        for row in (changes, {**ESIM, **PLAN, **changes}):
            with suppress(RefusedRow):
                assert isinstance(parse(row), PlanRow | EsimRow)
