from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from simpost.cli import main
from simpost.text.display import visible


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
        "text": "hello",
        "replacements": [],
        "encoding": "gsm7",
        "units": 5,
        "unitsPerPart": 160,
        "parts": [{"text": "hello", "characters": 5, "units": 5}],
        "ucs2Triggers": [],
        "doubled": [],
        "replaced": None,
        "languages": [],
    }


def test_characters_that_force_ucs2_are_named_with_a_replacement(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = shown(capsys, "it’s " + "x" * 100)
    assert "encoding  ucs2 (16 bit)" in said
    assert '’  U+2019 RIGHT SINGLE QUOTATION MARK, once, first at 2; "\'" would do' in said
    assert "With --look-alikes it is 1 part of gsm7:\n  it's xxx" in said


def test_characters_that_count_twice_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, "{a}")
    assert "length    3 characters, 5 septets" in said
    assert "These count as two:\n  {  U+007B LEFT CURLY BRACKET, once, first at 0" in said


def test_national_tables_are_offered_and_can_be_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    text = "ş" * 100
    assert {other["language"] for other in document(capsys, text)["languages"]} == {1}
    for given in ("1", "tr", "Turkish"):
        allowed = document(capsys, text, "--language", given)
        assert allowed["encoding"] == "gsm7+locking1"
        assert len(allowed["parts"]) == 1


def test_look_alikes_are_shown_with_what_they_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("it’s " + "x" * 100, "--look-alikes")
    assert 'These were replaced:\n  ’  U+2019 by "\'", once' in shown(capsys, *arguments)
    found = document(capsys, *arguments)
    assert (found["text"], found["encoding"]) == ("it's " + "x" * 100, "gsm7")
    assert found["replacements"] == [
        {"character": "’", "codePoint": "U+2019", "replacement": "'", "count": 1}
    ]


CARRIERS = """
[server]
admin_token = "an-admin-token-of-32-characters"
[store]
secrets_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
[[carriers]]
name = "turk"
languages = ["turkish", "es"]
reference_bits = 16
max_parts = 2
[[carriers]]
name = "latin"
default_alphabet = "latin1"
[[carriers]]
name = "sar"
languages = ["tr"]
concatenation = "sar"
[[routes]]
carrier = "turk"
""".replace(
    "name =",
    'type = "smpp"\nhost = "smsc.example"\nsystem_id = "simpost"\npassword = "hush"\nname =',
)


@pytest.mark.parametrize(
    ("carrier", "text", "encoding", "lengths"),
    [
        ("turk", "ş" * 160, "gsm7+locking1", [148, 12]),  # of 160, 16 are taken by the headers
        ("turk", "a" * 161, "gsm7", [152, 9]),
        ("latin", "é" * 141, "latin1", [134, 7]),
        ("latin", "€", "ucs2", [1]),
        ("sar", "ş" * 160, "ucs2", [67, 67, 26]),  # tables need a header, which is not mixed
        ("sar", "ş" * 150, "gsm7+locking1", [150]),
    ],
)
def test_a_text_is_counted_as_the_carrier_takes_it(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    carrier: str,
    text: str,
    encoding: str,
    lengths: list[int],
) -> None:
    file = tmp_path / "simpost.toml"
    file.write_text(CARRIERS)
    found = document(capsys, text, "--carrier", carrier, "--config", str(file))
    assert found["encoding"] == encoding
    assert [part["units"] for part in found["parts"]] == lengths


def test_a_carrier_says_how_many_parts_it_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "simpost.toml"
    file.write_text(CARRIERS)
    with pytest.raises(SystemExit) as left:
        main(["text", "a" * 500, "--carrier", "turk", "--config", str(file)])
    assert left.value.code
    assert "the carrier turk takes at most 2 parts" in capsys.readouterr().err


def test_a_carrier_that_is_not_there_is_named_with_those_that_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "simpost.toml"
    file.write_text(CARRIERS)
    with pytest.raises(SystemExit):
        main(["text", "hello", "--carrier", "tork", "--config", str(file)])
    assert "no carrier 'tork' (it has: turk, latin, sar)" in capsys.readouterr().err


def test_parts_show_their_text_and_units(capsys: pytest.CaptureFixture[str]) -> None:
    parts = document(capsys, "x" * 161, "--reference-bits", "8")["parts"]
    assert [part["units"] for part in parts] == [153, 8]
    assert len(document(capsys, "x" * 161)["parts"][0]["text"]) == 153


def test_the_text_may_come_from_stdin(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("grüß\n".encode())))
    assert document(capsys)["parts"][0]["text"] == "grüß"


def test_stdin_that_is_no_text_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff")))
    assert shown(capsys, "-", code=1) == ""


@pytest.mark.parametrize("arguments", [["x", "--language", "14"], ["x", "--reference-bits", "9"]])
def test_unknown_option_values_are_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert shown(capsys, *arguments, code=2) == ""


def test_a_text_no_carrier_takes_is_shown_and_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "parts     256" in shown(capsys, "x" * (153 * 255 + 1), code=1)


def test_control_characters_of_a_text_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in shown(capsys, "a\x1b[2Jb\n\u202ec")
    assert visible("a\x1b\n\u202eé") == "a\\x1b\\n\\u202eé"
