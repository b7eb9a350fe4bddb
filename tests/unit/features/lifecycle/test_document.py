"""Fields of foreign JSON: no digit is lost, and nothing but documented errors is raised."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.identifiers import iccid_forms, passes_luhn
from simpost.errors import InvalidRequest
from simpost.features.lifecycle.document import (
    NotUnderstood,
    country,
    iccid,
    octets,
    optional_time_ms,
    parse_json,
    percent,
    time_ms,
)
from simpost.features.lifecycle.field_paths import find, parse_path

ICCID = "8944538532008160222"


def field(value_text):
    return parse_json(b'{"f":' + value_text.encode() + b"}")[0]


@pytest.mark.parametrize(
    "value",
    [
        f'"{ICCID}"',
        ICCID,
        f'"{ICCID}F"',
        f'"{ICCID}f"',
        '"8944 5385 3200 8160 222"',
        '"8944-5385-3200-8160-222"',
        f'" {ICCID} "',
    ],
)
def test_an_iccid_is_read_in_any_form(value):
    assert iccid(field(value), "f") == ICCID


@pytest.mark.parametrize(
    "value",
    ["8944538532008160000", "8.944538532008160e18", "8944538532008160222.0", "8944538532008160256",
     '"8.94453853200816E+18"', '"8944538532008160000"'],
)  # fmt: skip
def test_an_iccid_that_lost_digits_is_refused_with_the_reason(value):
    with pytest.raises(NotUnderstood, match="send it as text"):
        iccid(field(value), "f")


@given(st.integers(10**17, 10**20 - 1))
def test_a_number_through_a_double_is_refused_or_read_as_it_was(number):
    """What JavaScript and Python write of a double is never read as another ICCID."""
    written = json.dumps(int(float(number)))
    with contextlib.suppress(NotUnderstood):
        assert iccid(field(written), "f") == str(number)


@given(st.text("0123456789", min_size=18, max_size=19))
def test_an_iccid_and_the_same_without_check_digit_have_a_form_in_common(digits):
    whole = iccid_forms(digits)[2]
    assert passes_luhn(whole)
    assert digits in iccid_forms(whole)
    assert whole in iccid_forms(digits)


@pytest.mark.parametrize("value", ['"123"', '"894453853200816022200"', '"89445385320081602X"'])
def test_what_is_no_iccid_is_refused(value):
    with pytest.raises(NotUnderstood, match="18 to 20 digits"):
        iccid(field(value), "f")


@pytest.mark.parametrize(
    ("value", "at_ms"),
    [
        ('"2026-01-01T00:00:00Z"', 1_767_225_600_000),
        ('"2026-01-01T01:00:00+0100"', 1_767_225_600_000),
        ('"2026-01-01 00:00:00"', 1_767_225_600_000),
        ("1767225600", 1_767_225_600_000),
        ("1767225600123", 1_767_225_600_123),
        ('"yesterday"', None),
        ("null", None),
        ("-5", None),
        ('"9999-99-99"', None),
    ],
)
def test_times_are_read_in_several_forms(value, at_ms):
    assert optional_time_ms(field(value), "f") == at_ms
    assert time_ms(field(value), "f", default=7) == (at_ms or 7)


def test_other_fields():
    assert percent(field('"90%"'), "f") == 90
    assert percent(field("99.9"), "f") == 99
    assert octets(field("0.1"), "f", unit=10**9) == 100_000_000
    assert octets(field("-1"), "f") is None
    assert [country(field(f'"{code}"'), "f") for code in ("fr", "FRA", "France", "XXQ")] == [
        "FR",
        "FR",
        "",
        "",
    ]


@pytest.mark.parametrize("depth", [32, 33])
def test_nesting_is_limited(depth):
    body = b'{"a":' * depth + b"1" + b"}" * depth
    if depth > 32:
        with pytest.raises(NotUnderstood, match="32 levels"):
            parse_json(body)
    else:
        assert parse_json(body)


def test_brackets_in_a_text_are_no_levels():
    assert parse_json(b'{"a":"' + b"[{" * 50 + b'\\""}')


@given(st.binary(max_size=60))
def test_any_octets_are_json_or_not_understood(body):
    with contextlib.suppress(NotUnderstood):
        assert all(isinstance(each, dict) for each in parse_json(body))


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("", ()),
        ("$.a", ("a",)),
        ("$.a.b_1[0]['x y']", ("a", "b_1", 0, "x y")),
        ("$['a'][10]", ("a", 10)),
    ],
)
def test_a_path_has_names_and_indexes(path, steps):
    assert parse_path(path) == steps


@pytest.mark.parametrize(
    "path", ["a", "$", "$.", "$..a", "$.a[*]", "$.a[?@.b]", "$[-1]", "$.a[01]", "$" + ".a" * 17]
)
def test_other_paths_are_refused(path):
    with pytest.raises(InvalidRequest, match="is not a path"):
        parse_path(path)


def test_a_path_finds_a_value_or_nothing():
    document = {"a": [{"b": 1}]}
    assert find(document, ("a", 0, "b")) == 1
    assert [find(document, path) for path in (("a", 1), ("a", "b"), ("x", "y"), ())] == [None] * 4
