from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simpost.catalogue.files import Batch, Kind, Row, RowError, batches, read_rows

FEW = [{"esimTranNo": str(number), "iccid": "", "note": "é\n,;\"'{[]}"} for number in range(3)]
PAGE = {"success": True, "errorCode": "0", "obj": {"pager": {"total": 3}, "esimList": FEW}}

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read(
    octets: str | bytes | Iterable[bytes], kind: Kind = Kind.ESIMS, **limits: int
) -> list[Row | RowError]:
    if isinstance(octets, str):
        octets = octets.encode("utf-8", "surrogatepass")
    return list(read_rows([octets] if isinstance(octets, bytes) else octets, kind, **limits))


def values(items: Iterable[Row | RowError]) -> list[Any]:
    """The rows; a flaw stands out, so that no comparison with rows holds."""
    return [item.value if isinstance(item, Row) else item for item in items]


def lines(items: Iterable[Row | RowError]) -> list[int]:
    return [item.line for item in items]


def as_csv(rows: list[dict[str, Any]], **options: Any) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n", **options)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


SHAPES = {
    "answer": json.dumps(PAGE),
    "answer, indented": json.dumps(PAGE, indent=2),
    "answer without its envelope": json.dumps(PAGE["obj"]),
    "array": json.dumps(FEW),
    "array, indented": json.dumps(FEW, indent=1),
    "one object a line": "\n".join(json.dumps(row) for row in FEW),
    "objects, indented": "\n".join(json.dumps(row, indent=4) for row in FEW),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_are_found_in_every_shape_people_have(shape: str) -> None:
    assert values(read(SHAPES[shape])) == FEW


@pytest.mark.parametrize("shape", SHAPES)
def test_a_byte_order_mark_is_no_obstacle(shape: str) -> None:
    assert values(read(codecs.BOM_UTF8 + SHAPES[shape].encode())) == FEW


@pytest.mark.parametrize("between", ["", "\n", "\n\n  \r\n"])
def test_page_answers_may_stand_one_after_the_other(between: str) -> None:
    assert values(read(between.join([json.dumps(PAGE)] * 3))) == FEW * 3


def test_page_answers_may_stand_in_an_array() -> None:
    assert values(read(json.dumps([PAGE, PAGE]))) == FEW * 2


def test_plans_are_found_under_their_own_name() -> None:
    plans = [{"packageCode": "A"}, {"packageCode": "B"}]
    answer = {"success": True, "obj": {"packageList": plans}}
    assert values(read(json.dumps(answer), Kind.PLANS)) == plans


def test_an_esim_with_a_plan_of_its_own_is_one_row() -> None:
    esim = {"esimTranNo": "1", "packageList": [{"packageCode": "A"}]}
    assert values(read(json.dumps(esim))) == [esim]


def test_every_json_row_knows_the_line_it_begins_in() -> None:
    text = '\n{"obj": {\n "esimList": [\n\n  {"a":\n1}, {"a": 2},\n  {"a": 3}\n]}}\n[\n{"a": 4}]'
    assert lines(read(text)) == [5, 6, 7, 10]


def test_every_csv_row_knows_the_line_it_begins_in() -> None:
    assert lines(read('\nesimTranNo,b\n1,"two\nlines"\n\n2,x\n3,y')) == [3, 6, 7]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("before", ["", "\n", "\ufeff"])
def test_csv_is_read_with_the_delimiter_of_its_heading(delimiter: str, before: str) -> None:
    rows = [{"esimTranNo": "1", "b": "x,y;z\tä", "c": 'say "hi"'}]
    assert values(read(before + as_csv(rows, delimiter=delimiter))) == rows


def test_a_delimiter_named_by_a_spreadsheet_is_taken() -> None:
    assert values(read("sep=|\r\nesimTranNo|b\r\n1|2\r\n")) == [{"esimTranNo": "1", "b": "2"}]


def test_empty_cells_are_absent_and_empty_lines_are_passed_over() -> None:
    assert values(read("esimTranNo,b\n1,\n,\n\n2,x\n")) == [
        {"esimTranNo": "1"},
        {"esimTranNo": "2", "b": "x"},
    ]


@pytest.mark.parametrize("text", ["", "\n", "[]", '{"obj": {"esimList": []}}', "esimTranNo,b\n"])
def test_a_file_without_rows_is_no_error(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('{"success": false, "errorCode": "200010", "errorMsg": "getting", "obj": null}', 1,
         "the upstream's answer is an error: 200010 getting"),
        ('\n{"obj": {"packageList": [{}]}}', 2, "holds packageList where esimList is wanted"),
        ('{"success": true, "obj": {}}', 1, "holds no esimList"),
        ("code,b\n1,2", 1, "the heading has no esimTranNo"),
        ("esimTranNo,esim_tran_no\n1,2", 1, "the heading has esimtranno twice"),
        ("esimTranNo,b\n1", 2, "has 1 cells where the heading has 2"),
        ("esimTranNo,b\n1,2,3", 2, "has 3 cells where the heading has 2"),
        ('esimTranNo,b\n1,"x', 2, "not CSV: the file ends within quotes"),
        ('esimTranNo,b\n1,"x"y', 2, "not CSV: "),
        ("PK\x03\x04", 1, "the heading has no esimTranNo"),
        ("[1 2]", 1, "not JSON: '2' where ',' was expected"),
        ('[{"a": 1},\n{"a" 1}]', 2, "not JSON: '1' where ':' was expected"),
        ('[{"a": 1},\n{"a": 1', 2, "the file ends too early"),
        ('[{"a": 1},\n{"a": "x', 2, "the file ends too early"),
        ('[{"a": 1},\n', 2, "the file ends too early"),
        ("[" + "9" * 5000 + "]", 1, "not readable: "),
        ("[" * 100_000, 1, "not readable: "),
    ],
)  # fmt: skip
def test_unreadable_rows_are_reported_with_their_line(text: str, line: int, reason: str) -> None:
    flaw = read(text)[-1]
    assert isinstance(flaw, RowError)
    assert flaw.line == line
    assert flaw.reason.startswith(reason)


def test_utf_16_is_named_instead_of_misread() -> None:
    (flaw,) = read("esimTranNo,b\n1,2".encode("utf-16"))
    assert flaw == RowError(1, "the file is UTF-16: save it as UTF-8", stops=True)


def test_rows_before_a_syntax_error_are_read_and_the_error_stops() -> None:
    whole = json.dumps(PAGE)
    *rows, flaw = read(whole[: whole.index('"2"')])
    assert values(rows) == FEW[:2]
    assert flaw == RowError(1, "the file ends too early", stops=True)


def test_a_broken_line_is_one_error_and_the_other_lines_are_read() -> None:
    good = json.dumps(FEW[0])
    first, flaw, last = read(f'{good}\n{{"esimTranNo": "1", "iccid" }}\n{good}\n')
    assert values([first, last]) == [FEW[0], FEW[0]]
    assert flaw == RowError(2, "not JSON: '}' where ':' was expected")


@pytest.mark.parametrize("cell", ["x" * 150, "x,y\n" * 40])
def test_a_quote_left_open_costs_no_more_than_one_row_may_have(cell: str) -> None:
    good = "esimTranNo,b\n1,2\n"
    items = read(f'{good}2,"{cell}\n3,4\n', max_characters=100)
    assert items[0] == Row(2, {"esimTranNo": "1", "b": "2"})
    assert items[1] == RowError(3, "larger than 100 characters: is a quote left open?")
    assert items[-1].line > 3


@pytest.mark.parametrize(
    "text", ['[{"a": "%s"}]', '{"esimTranNo": "1", "a": "%s"}', '{"a": ["%s"]}']
)
def test_a_row_above_the_size_limit_is_an_error(text: str) -> None:
    flaw = read(text % ("x" * 200), max_characters=100)[-1]
    assert isinstance(flaw, RowError)
    assert "larger than" in flaw.reason


def test_a_line_above_the_size_limit_is_one_error_and_the_others_are_read() -> None:
    large = json.dumps({"esimTranNo": "1", **{f"field{number}": "x" * 20 for number in range(9)}})
    flaw, row = read(f'{large}\n{{"a": 1}}', max_characters=100)
    assert flaw == RowError(1, "larger than any row can be")
    assert row == Row(2, {"a": 1})


def cut(octets: bytes, places: list[int]) -> Iterator[bytes]:
    edges = [0, *sorted(place % (len(octets) + 1) for place in places), len(octets)]
    for start, end in pairwise(edges):
        yield octets[start:end]


_ODD_PIECES = """
[|]|{|}|,|"|esimTranNo;b
|1;2
|"x";
|{"esimTranNo": 1}
|{"a": tru|é|\\|null|12|-|
""".strip("\n").split("|")
_PIECES = st.lists(
    st.sampled_from([*SHAPES.values(), *_ODD_PIECES, "\n", "x" * 90, '"' + "y" * 90]), max_size=8
).map("".join)


@unhurried
@given(_PIECES, st.lists(st.integers(0, 10_000), max_size=12))
def test_any_chunking_gives_the_same_rows_lines_and_errors(text: str, places: list[int]) -> None:
    octets = text.encode()
    whole = read(octets, max_characters=80)
    assert read(cut(octets, places), max_characters=80) == whole
    assert read((octets[at : at + 1] for at in range(len(octets))), max_characters=80) == whole


_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=12)


@unhurried
@given(st.lists(st.tuples(_CELL, _CELL), max_size=6), st.sampled_from(",;\t"))
def test_written_csv_is_read_back(cells: list[tuple[str, str]], delimiter: str) -> None:
    rows = [
        {"esimTranNo": str(number), "b": one, "c": other}
        for number, (one, other) in enumerate(cells)
    ]
    text = as_csv([{"esimTranNo": "", "b": "", "c": ""}, *rows], delimiter=delimiter)
    filled = [{name: cell for name, cell in row.items() if cell} for row in rows]
    assert values(read(text)) == filled


@unhurried
@given(
    st.lists(st.dictionaries(_CELL, _CELL | st.integers() | st.none()), max_size=5),
    st.integers(0, 3),
)
def test_written_json_is_read_back(rows: list[dict[str, Any]], indent: int) -> None:
    assert values(read(json.dumps({"obj": {"esimList": rows}}, indent=indent or None))) == rows


def good_esim(number: int) -> dict[str, Any]:
    return {"esimTranNo": str(number), "smdpStatus": "ENABLED", "esimStatus": "IN_USE"}


def test_good_rows_are_batched_and_bad_ones_reported_by_line() -> None:
    items = [Row(line, good_esim(line)) for line in range(1, 6)]
    items[2] = Row(3, {"esimTranNo": "3"})
    flaw, first, second = batches(items, Kind.ESIMS, max_rows=3, replace=True)
    assert flaw == RowError(3, "smdpStatus is missing")
    assert isinstance(first, Batch)
    assert isinstance(second, Batch)
    assert (first.lines, second.lines) == ([1, 2, 4], [5])
    assert msgspec.json.decode(first.body) == [good_esim(1), good_esim(2), good_esim(4)]


def test_a_batch_is_bounded_in_octets_too() -> None:
    rows = [Row(line, good_esim(line) | {"apn": "x" * 200_000}) for line in range(1, 8)]
    packed = list(batches(rows, Kind.ESIMS))
    assert [batch.lines for batch in packed if isinstance(batch, Batch)] == [
        [1, 2, 3, 4],
        [5, 6, 7],
    ]


def test_odd_iccids_are_counted() -> None:
    rows = [Row(1, good_esim(1) | {"iccid": "8944123456789012000"}), Row(2, good_esim(2))]
    (batch,) = batches(rows, Kind.ESIMS)
    assert isinstance(batch, Batch)
    assert (len(batch.lines), batch.unusual_iccids) == (2, 1)


@pytest.mark.parametrize("octets", [b'[{"apn": "\xff"}]', b'[{"apn": "\\ud800"}]', b"apn,x\n\xe9,"])
def test_text_that_is_no_utf_8_is_refused_by_line(octets: bytes) -> None:
    heading = octets.replace(b"apn", b"esimTranNo", 1) if octets[:1] == b"a" else octets
    rows = [
        Row(item.line, good_esim(1) | {"apn": next(iter(item.value.values()))})
        for item in read(heading)
        if isinstance(item, Row)
    ]
    assert list(batches(rows, Kind.ESIMS)) == [
        RowError(rows[0].line, "holds text that is not UTF-8")
    ]


def test_plans_are_packed_as_plans() -> None:
    rows = [Row(1, {"packageCode": "A", "smsStatus": "1"}), Row(2, {"packageCode": "B"})]
    flaw, batch = batches(rows, Kind.PLANS, replace=True)
    assert flaw == RowError(2, "smsStatus is missing")
    assert isinstance(batch, Batch)
    assert batch.body == b'[{"packageCode":"A","smsStatus":1,"type":"BASE"}]'


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_csv_lines_end_as_any_system_ends_them(ending: str, size: int) -> None:
    text = f"esimTranNo,iccid{ending}1,2{ending}{ending}3,4{ending}".encode()
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    rows = [item.value for item in read_rows(chunks, Kind.ESIMS) if isinstance(item, Row)]
    assert rows == [{"esimTranNo": "1", "iccid": "2"}, {"esimTranNo": "3", "iccid": "4"}]


def test_a_heading_above_the_csv_limit_is_reported() -> None:
    text = b"esimTranNo," + b"x" * 140_000 + b"\n1,2\n"
    [flaw] = read_rows([text], Kind.ESIMS)
    assert isinstance(flaw, RowError)
    assert flaw.stops
    assert flaw.reason.startswith("the heading is not CSV: field larger than field limit")


def test_an_unknown_heading_says_what_was_found_and_expected() -> None:
    [flaw] = read_rows([b"Rufnummer;Karte\n49151;8985\n"], Kind.ESIMS)
    assert isinstance(flaw, RowError)
    assert "found are 'Rufnummer', 'Karte'" in flaw.reason
    assert "expected are esimTranNo, orderNo" in flaw.reason
    assert "--map COLUMN=esimTranNo" in flaw.reason


def test_mapped_columns_are_read_as_their_fields() -> None:
    columns = {"Auftrag": "esimTranNo", "Karte": "iccid"}
    text = b"Auftrag;Karte\n7;8985\n"
    [row] = read_rows([text], Kind.ESIMS, columns=columns)
    assert row == Row(2, {"esimTranNo": "7", "iccid": "8985"})
    [flaw] = read_rows([b"a;b\n1;2\n"], Kind.ESIMS, columns=columns)
    assert isinstance(flaw, RowError)
    assert flaw.reason == "--map names 'Auftrag', and found are 'a', 'b'"
