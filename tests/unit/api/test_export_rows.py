"""Lines of an export: RFC 4180, and no cell that a spreadsheet runs."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.api.shared.csv_rows import csv_row, safe_cell
from simpost.api.v1.messages.export_rows import (
    COLUMNS,
    ExportFormat,
    export_head,
    export_lines,
)
from simpost.domain.messages import Category, Message
from simpost.domain.options import Options, TemplateRef
from simpost.domain.reasons import Reason
from simpost.domain.states import State

MESSAGE = Message(
    id=bytes.fromhex("0198f0d2e5f07abc8def0123456789ab"),
    account_id=1,
    esim_tran_no="26010100000001",
    iccid="8944538532008160222",
    destination="4915112345678",
    category=Category.SERVICE,
    text="Hello",
    encoding="gsm7",
    part_count=2,
    state=State.FAILED,
    reason=Reason.UNDELIVERABLE,
    created_ms=1_767_225_600_000,
    updated_ms=1_767_225_600_007,
    expires_ms=1_767_229_200_000,
    request_id="order-7",
    caller_reference="invoice 7",
    sender="+491601234567",
    options=Options(message_class=0, template=TemplateRef("welcome", 3, "de")),
)


def changed(**fields):
    return Message(**{name: getattr(MESSAGE, name) for name in MESSAGE.__struct_fields__} | fields)


def cells_of(message):
    text = export_head(ExportFormat.CSV) + export_lines(ExportFormat.CSV, [message])
    [row] = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    return row


def test_the_columns_are_stable_and_their_cells_are_plain() -> None:
    assert export_head(ExportFormat.CSV) == (
        "id,createdAt,updatedAt,state,reason,category,esimTranNo,iccid,to,from,text,binary,encoding,"
        "partCount,class,template,templateVersion,language,reference,requestId,expiresAt,sendAt,heldUntil\r\n"
    )
    assert export_lines(ExportFormat.CSV, [MESSAGE]) == (
        "0198f0d2-e5f0-7abc-8def-0123456789ab,2026-01-01T00:00:00.000Z,2026-01-01T00:00:00.007Z,"
        "failed,undeliverable,service,26010100000001,8944538532008160222,4915112345678,"
        "+491601234567,Hello,,gsm7,2,0,welcome,3,de,invoice 7,order-7,"
        "2026-01-01T01:00:00.000Z,,\r\n"
    )
    assert tuple(cells_of(MESSAGE)) == COLUMNS


@pytest.mark.parametrize(
    "first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'"]
)
def test_a_text_that_a_spreadsheet_could_run_gets_an_apostrophe(first: str) -> None:
    text = f'{first}HYPERLINK("http://evil.example","you")'
    assert cells_of(changed(text=text))["text"] == f"'{text}"
    assert cells_of(changed(text=f" {text}"))["text"] == f" {text}"


def test_a_number_keeps_its_plus_and_a_name_that_is_a_formula_does_not_run() -> None:
    cells = cells_of(changed(destination="+4915112345678", sender="-1+cmd"))
    assert (cells["to"], cells["from"]) == ("+4915112345678", "'-1+cmd")
    assert cells_of(changed(text="+4915112345678"))["text"] == "'+4915112345678"


def test_fields_that_callers_choose_are_safe_too() -> None:
    cells = cells_of(changed(esim_tran_no="=1", iccid="@x", request_id="+1", caller_reference="-1"))
    assert [cells[name] for name in ("esimTranNo", "iccid", "reference", "requestId")] == [
        *("'=1", "'@x"),
        *("'-1", "'+1"),
    ]


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_every_text_is_read_back_from_its_cell(texts: list[str]) -> None:
    row = csv_row([*map(safe_cell, texts), "end"])
    [cells] = csv.reader(io.StringIO(row, newline=""), strict=True)
    assert [cell.removeprefix("'") for cell in cells] == [*texts, "end"]
    assert row.endswith("end\r\n")


def test_hex_digits_stand_in_a_column_of_their_own() -> None:
    cells = cells_of(changed(encoding="binary", text="00ff"))
    assert (cells["text"], cells["binary"]) == ("", "00ff")


def test_the_text_of_a_code_is_in_neither_format() -> None:
    code = changed(category=Category.CODE, text="Your code is 918273")
    for format_ in ExportFormat:
        assert "918273" not in export_lines(format_, [code])
    shown = json.loads(export_lines(ExportFormat.JSONL, [code]))
    assert (shown["text"], shown["binary"], shown["category"]) == (None, None, "code")


def test_a_line_of_json_is_one_line_whatever_the_text() -> None:
    message = changed(text='a\nb\r"\u2028\0=1')
    assert export_head(ExportFormat.JSONL) == ""
    lines = export_lines(ExportFormat.JSONL, [message, MESSAGE]).split("\n")
    assert [json.loads(line)["text"] for line in lines[:2]] == [message.text, "Hello"]
    assert lines[2:] == [""]
