"""CSV and XLSX files: columns, every row answered, and files that are refused."""

import io
import zipfile
from datetime import UTC, datetime

import pytest
import xlsxwriter

from simpost.features.broadcasts.file_rows import columns_of, rows_of
from simpost.features.broadcasts.sheets import FileRefused, read_sheet
from simpost.features.broadcasts.workbooks import check_workbook

ICCID = "89852245280001354019"
MARCH = datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None)  # a workbook has no time zones


def workbook(*rows, sheets=("Trips",), change=None):
    """A workbook as another program writes it."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        for name in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if isinstance(cell, datetime):
                        date = book.add_format({"num_format": "yyyy-mm-dd"})
                        sheet.write_datetime(number, column, cell, date)
                    else:
                        sheet.write(number, column, cell)
            if change:
                change(sheet)
    return file.getvalue()


def rows(octets, sheet="", **uses):
    read = read_sheet(octets, sheet)
    return rows_of(read, columns_of(read.heading, uses))


def shown(octets, **uses):
    return [(row.line, row.esim_tran_no or row.iccid or row.reason, row.values)
            for row in rows(octets, **uses)]  # fmt: skip


@pytest.mark.parametrize(
    "octets",
    [
        b'esimTranNo,day\n7,Monday\n\n8,"a,\nb"\n9,\n',
        '\ufeffEsim Tran No;day\r\n7;Monday\r\n\r\n8;"a,\nb"\r\n9;\r\n'.encode(),
        b'esim_tran_no\tday\r7\tMonday\r\r8\t"a,\nb"\r9\t\r',
    ],
)
def test_csv_of_any_program_is_read(octets):
    found = shown(octets)
    assert [each[1:] for each in found] == [
        ("7", {"day": "Monday"}),
        ("8", {"day": "a,\nb"}),
        ("9", {}),
    ]
    assert [line for line, *_ in found] == [2, 4, 6]


def test_a_workbook_gives_text_numbers_and_dates():
    found = shown(
        workbook(
            ("Esim", "day", "Seats", "when", "Notes!"),
            ("74000000000001", "Monday", 2, MARCH, "x"),
            (74000000000002, "Tuesday", 2.5, "", ""),
        ),
        Esim="esimTranNo",
        Seats="seats",
    )  # fmt: skip
    assert found == [
        (2, "74000000000001", {"day": "Monday", "seats": "2", "when": "2026-03-01"}),
        (3, "74000000000002", {"day": "Tuesday", "seats": "2.5"}),
    ]


def test_an_iccid_that_a_spreadsheet_made_a_number_is_refused():
    found = shown(workbook(("iccid",), (ICCID,), (float(ICCID),), (8985224528000135,)))
    assert found[0][1] == ICCID
    assert "is a number and lost digits: send it as text" in found[1][1]
    assert "iccid must be 18 to 20 digits" in found[2][1]
    [as_csv] = shown(b"iccid\n8.98522E+19\n")
    assert "was rounded by a spreadsheet: export the column as text" in as_csv[1]


def test_every_row_is_answered():
    octets = b"esimTranNo,day\n7,Monday,extra\n,Tuesday\n8," + b"x" * 201 + b"\n9 9,\n"
    assert [row.reason for row in rows(octets)] == [
        "has 3 cells, the heading has 2",
        "names no eSIM",
        "day has 201 characters, 200 at most",
        "esimTranNo must be at most 64 visible characters, not '9 9'",
    ]


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"phone,day\n1,2\n", "No column is esimTranNo or iccid: found are 'phone', 'day'"),
        (b"iccid,ICCID\n1,2\n", "Two columns are iccid"),
        (b"iccid,day,day\n1,2,3\n", "Two columns are day"),
        ("iccid\n1\n".encode("utf-16"), "UTF-16"),
        (b"iccid\n1\n\xff\n", "Line 3 is not UTF-8"),
        (b'iccid\n1\n"2\n', "Line 3 is not CSV"),
        (b"iccid\n" + b"1\n" * 100_001, "more than 100,000 rows"),
        (b"\xd0\xcf\x11\xe0 old", "old or protected workbook"),
        (b"PK\x03\x04 cut", "damaged or protected workbook"),
        (workbook(("iccid",), sheets=("A", "B")), "has 2 sheets: name one of A, B"),
        (workbook(("iccid",), ("=1+1",)), "has formulas"),
        (workbook(("iccid",), change=lambda s: s.write("A1048576", "x")), "1,048,576 rows"),
        (workbook(("iccid",), change=lambda s: s.write("XFD1", "x")), "16,384 columns"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(octets, words):
    with pytest.raises(FileRefused, match=words):
        rows(octets)


def test_a_named_sheet_is_read():
    octets = workbook(("iccid",), (ICCID,), sheets=("A", "B"))
    assert [row.iccid for row in rows(octets, "B")] == [ICCID]
    with pytest.raises(FileRefused, match="no sheet with this name"):
        rows(octets, "C")


def changed(octets, name, content):
    """The workbook with the content of one file replaced."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(octets)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.namelist():
            new.writestr(entry, content if entry == name else old.read(entry))
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("docProps/app.xml", b"0" * (65 * 1_048_576), "unpacks to more than 64 MiB"),
        (
            "xl/worksheets/sheet1.xml",
            b"<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>",
            "unusual way",
        ),
        (
            "xl/worksheets/sheet1.xml",
            "<worksheet><sheetData/></worksheet>".encode("utf-16"),
            "unusual way",
        ),
        (
            "xl/worksheets/sheet1.xml",
            b"<x:worksheet><x:row r='9999999'><x:c t='s' r = 'XFD9999999'/></x:row></x:worksheet>",
            "16,384 columns",
        ),
    ],
    ids=["bomb", "unplaced", "utf-16", "prefixed"],
)
def test_a_hostile_workbook_is_refused_before_it_is_read(name, content, words):
    octets = changed(workbook(("iccid",)), name, content)
    assert len(octets) < 200_000
    assert words in check_workbook(octets, max_rows=100, max_columns=100)


def test_tags_are_recognised_where_chunks_meet(monkeypatch):
    octets = workbook(("iccid",), *[("x", "y")] * 50, ("=1",))
    for size in (1, 7, 64):
        monkeypatch.setattr("simpost.features.broadcasts.workbooks._CHUNK", size)
        assert "formulas" in check_workbook(octets, max_rows=100, max_columns=100)
        assert "columns" in check_workbook(workbook(("iccid", "day")), max_rows=100, max_columns=1)
