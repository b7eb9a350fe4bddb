from __future__ import annotations

import io
import json
from typing import Any

import pytest

from simpost.cli import main
from simpost.cli.text import visible


def shown(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    with pytest.raises(SystemExit) as left:
        main(["text", *arguments])
    assert left.value.code == code
    return capsys.readouterr().out


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shown(capsys, "--json", *arguments))
    return found


def test_a_plain_text_is_one_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert document(capsys, "hello") == {
        "encoding": "gsm7",
        "units": 5,
        "unitsPerPart": 160,
        "parts": [{"text": "hello", "characters": 5, "units": 5}],
        "forcing": [],
        "doubled": [],
        "replaced": None,
        "languages": [],
    }


def test_what_forces_ucs2_is_named_with_what_would_do(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, "it’s " + "x" * 100)
    assert "encoding  ucs2 (16 bit)" in said
    assert '’  U+2019 RIGHT SINGLE QUOTATION MARK, once, first at 2; "\'" would do' in said
    assert "With look-alikes it is 1 part of gsm7:\n  it's xxx" in said


def test_what_counts_as_two_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, "{a}")
    assert "length    3 characters, 5 septets" in said
    assert "These count as two:\n  {  U+007B LEFT CURLY BRACKET, once, first at 0" in said


def test_national_tables_are_offered_and_can_be_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    text = "ş" * 100
    assert {other["language"] for other in document(capsys, text)["languages"]} == {1}
    allowed = document(capsys, text, "--language", "1")
    assert allowed["encoding"] == "gsm7+locking1"
    assert len(allowed["parts"]) == 1


def test_parts_show_their_text_and_units(capsys: pytest.CaptureFixture[str]) -> None:
    parts = document(capsys, "x" * 161, "--reference-bits", "8")["parts"]
    assert [part["units"] for part in parts] == [153, 8]
    assert len(document(capsys, "x" * 161)["parts"][0]["text"]) == 152


def test_the_text_may_come_from_stdin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("grüß\n".encode())))
    assert document(capsys)["parts"][0]["text"] == "grüß"


def test_stdin_that_is_no_text_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff")))
    shown(capsys, "-", code=1)


@pytest.mark.parametrize("arguments", [["x", "--language", "14"], ["x", "--reference-bits", "9"]])
def test_what_does_not_exist_cannot_be_asked_for(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert shown(capsys, *arguments, code=2) == ""


def test_a_text_no_carrier_takes_is_shown_and_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "parts     256" in shown(capsys, "x" * (152 * 255 + 1), code=1)


def test_nothing_in_a_text_commands_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in shown(capsys, "a\x1b[2Jb\n\u202ec")
    assert visible("a\x1b\n\u202eé") == "a\\x1b\\n\\u202eé"
