"""Forms with a file are read as browsers write them, and nothing else is a form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.console.file_form import SentFile, parse_file_form

KIND = "multipart/form-data; boundary=limit"


def form(*parts, end=b"--limit--\r\n"):
    return b"".join(b"--limit\r\n" + part + b"\r\n" for part in parts) + end


def part(name, content, filename=None):
    file = "" if filename is None else f'; filename="{filename}"'
    head = f'Content-Disposition: form-data; name="{name}"{file}\r\n\r\n'
    return head.encode() + content


@given(
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="-")),
    octets=st.binary(max_size=4_000),
)
def test_fields_and_octets_come_as_they_were_sent(text, octets):
    octets = octets.replace(b"--limit", b"")
    body = form(part("note", text.encode()), part("file", octets, "list.csv"))
    assert parse_file_form(body, KIND) == ({"note": text}, SentFile("list.csv", octets))


@given(body=st.binary(max_size=500), kind=st.text(max_size=100))
def test_whatever_comes_raises_nothing(body, kind):
    for octets in (body, b"--limit\r\n" + body, form(body), form(part("a", body, "b"))):
        for each in (kind, KIND):
            fields, file = parse_file_form(octets, each)
            assert fields is not None or file is None


def test_names_are_read_as_browsers_quote_them():
    body = form(part("file", b"x", "a%22b%0D%0Aé.csv"))
    assert parse_file_form(body, KIND) == ({}, SentFile('a"b\r\né.csv', b"x"))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (form(part("a", b"1")), "multipart/form-data"),
        (form(part("a", b"1")), "multipart/mixed; boundary=limit"),
        (form(part("a", b"1")), f"multipart/form-data; boundary={'x' * 71}"),
        (form(part("a", b"1"), end=b""), KIND),
        (form(b"no head"), KIND),
        (form(part("a", b"\xff")), KIND),
        (form(part("a", b"1", "1"), part("b", b"2", "2")), KIND),
        (form(*(part(f"f{number}", b"") for number in range(21))), KIND),
        (b"before" + form(part("a", b"1")), KIND),
        (b"", KIND),
    ],
    ids=[
        "no-boundary",
        "other-kind",
        "long-boundary",
        "no-end",
        "no-disposition",
        "not-utf-8",
        "two-files",
        "many-fields",
        "preamble",
        "empty",
    ],
)
def test_what_is_not_such_a_form_is_refused(body, kind):
    assert parse_file_form(body, kind) == (None, None)
