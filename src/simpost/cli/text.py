"""`simpost text`: what a text becomes on its way to a handset."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal

import typer

from simpost.cli.options import AsJson
from simpost.errors import InvalidRequest
from simpost.text import LANGUAGES, MAX_PARTS, CostDriver, Encoding, Explanation, encode, explain


def text(
    words: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="The text; from stdin when left out or -.")
    ] = None,
    language: Annotated[
        list[int] | None,
        typer.Option(
            min=1, max=13, help="Allow a national language table by its number; may be repeated."
        ),
    ] = None,
    reference_bits: Annotated[
        int, typer.Option(help="Width of the concatenation reference: 8 or 16.")
    ] = 16,
    as_json: AsJson = False,
) -> None:
    """Show how a text is encoded, cut and what drives its cost."""
    if reference_bits not in (8, 16):
        raise typer.BadParameter("must be 8 or 16", param_hint="--reference-bits")
    bits: Literal[8, 16] = 8 if reference_bits == 8 else 16
    given = _from_stdin() if words in (None, "-") else str(words)
    explanation = explain(given, reference_bits=bits, languages=frozenset(language or ()))
    if as_json:
        print(json.dumps(_document(explanation), ensure_ascii=False))
    else:
        print("\n".join(_lines(given, explanation)))
    if explanation.too_long:
        raise InvalidRequest(f"no carrier takes more than {MAX_PARTS} parts.")


def _from_stdin() -> str:
    if sys.stdin.isatty():
        raise typer.BadParameter("give a text, or pipe one in", param_hint="TEXT")
    try:
        return sys.stdin.buffer.read().decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"stdin is not UTF-8 at octet {error.start}.") from None


def units_of(part: str, encoding: Encoding) -> int:
    """Septets or UTF-16 units that the part fills."""
    octets = len(encode(part, encoding))
    return octets if encoding.alphabet == "gsm7" else octets // 2


def _document(explanation: Explanation) -> dict[str, Any]:
    segments = explanation.segments
    replaced = explanation.replaced
    return {
        "encoding": segments.encoding.label,
        "units": segments.units,
        "unitsPerPart": segments.unit_limit,
        "parts": [
            {"text": part, "characters": len(part), "units": units_of(part, segments.encoding)}
            for part in segments.parts
        ],
        "forcing": [_driver(driver) for driver in explanation.forced],
        "doubled": [_driver(driver) for driver in explanation.doubled],
        "replaced": replaced
        and {"encoding": replaced.encoding.label, "parts": replaced.parts, "text": replaced.text},
        "languages": [
            {
                "language": other.language,
                "name": LANGUAGES[other.language],
                "encoding": other.encoding.label,
                "parts": other.parts,
            }
            for other in explanation.languages
        ],
    }


def _driver(driver: CostDriver) -> dict[str, Any]:
    return {
        "character": driver.character,
        "codePoint": driver.code_point,
        "name": driver.name,
        "count": driver.count,
        "first": driver.first,
        "lookAlike": driver.look_alike,
    }


def _lines(given: str, explanation: Explanation) -> list[str]:
    segments = explanation.segments
    unit = "septet" if segments.encoding.alphabet == "gsm7" else "UTF-16 unit"
    count = len(segments.parts)
    lines = [
        f"encoding  {_named(segments.encoding)}",
        f"length    {_many(len(given), 'character')}, {_many(segments.units, unit)}",
        f"parts     {count}, of at most {segments.unit_limit} {unit}s each",
        "",
    ]
    for number, part in enumerate(segments.parts, 1):
        lines.append(f"  {number:>3}  {units_of(part, segments.encoding):>3}  {visible(part)}")
    if explanation.forced:
        is_ucs2 = segments.encoding.alphabet == "ucs2"
        why = "These force UCS-2" if is_ucs2 else "These need national tables"
        lines += ["", f"{why}:", *map(_said_of, explanation.forced)]
    if explanation.doubled:
        lines += ["", "These count as two:", *map(_said_of, explanation.doubled)]
    if replaced := explanation.replaced:
        parts = _many(replaced.parts, "part")
        lines += [
            "",
            f"With look-alikes it is {parts} of gsm7:",
            f"  {visible(replaced.text or '')}",
        ]
    if explanation.languages:
        lines += ["", "Where the operator passes on a national table:"]
        lines += [
            f"  {LANGUAGES[other.language]} (--language {other.language}): "
            f"{_many(other.parts, 'part')}, {_named(other.encoding)}"
            for other in explanation.languages
        ]
    return lines


def _said_of(driver: CostDriver) -> str:
    times = "once" if driver.count == 1 else f"{driver.count} times"
    advice = ""
    if driver.look_alike is not None:
        advice = f"; {driver.look_alike!r} would do" if driver.look_alike else "; can be left out"
    shown = visible(driver.character)
    return f"  {shown}  {driver.code_point} {driver.name}, {times}, first at {driver.first}{advice}"


def _named(encoding: Encoding) -> str:
    return f"{encoding.label} ({'7' if encoding.alphabet == 'gsm7' else '16'} bit)"


def _many(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count} {word}s"


def visible(text: str) -> str:
    """The text with all that a terminal would obey instead of show written as an escape."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )
