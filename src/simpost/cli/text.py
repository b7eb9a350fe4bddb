"""`simpost text`: the encoding and the parts of a text."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simpost.cli.options import AsJson, Config, configured_carrier
from simpost.cli.output import print_json, print_lines
from simpost.domain.plurals import counted
from simpost.errors import InvalidRequest
from simpost.text import (
    LANGUAGES,
    MAX_PARTS,
    CostDriver,
    Encoding,
    Explanation,
    TextError,
    encode,
    explain,
    parse_encoding,
    parse_language,
)

if TYPE_CHECKING:
    from simpost.config import SmppCarrierSettings

_UNITS = {"gsm7": "septet", "ucs2": "UTF-16 unit"}
_BITS = {"gsm7": 7, "ucs2": 16}


def text(
    words: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="Text. Default, or -: stdin.")
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(
            help="National language table to allow: turkish, tr or 1; may be repeated.",
        ),
    ] = None,
    reference_bits: Annotated[
        int | None,
        typer.Option(
            help="Bits of the concatenation reference, 8 or 16. Default: the carrier's, else 8."
        ),
    ] = None,
    look_alikes: Annotated[
        bool,
        typer.Option(
            "--look-alikes", help="Replace characters by look-alikes where that saves parts."
        ),
    ] = False,
    carrier: Annotated[
        str | None,
        typer.Option(help="Count for this carrier of the configuration."),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Show how a text is encoded and split, and what drives its cost."""
    if reference_bits not in (None, 8, 16):
        raise typer.BadParameter("must be 8 or 16", param_hint="--reference-bits")
    settings = configured_carrier(config, carrier) if carrier else None
    given = _from_stdin() if words in (None, "-") else str(words)
    try:
        languages = frozenset(map(parse_language, language or ()))
    except TextError as error:
        raise typer.BadParameter(str(error), param_hint="--language") from None
    explanation = _explain(given, settings, reference_bits, languages, look_alikes=look_alikes)
    if as_json:
        print_json(_document(explanation))
    else:
        print_lines(_lines(given, explanation))
    most = settings.max_parts if settings else MAX_PARTS
    if len(explanation.segments.parts) > most:
        who = f"the carrier {settings.name} takes" if settings else "no carrier takes"
        limit = "at most" if settings else "more than"
        raise InvalidRequest(f"{who} {limit} {counted(most, 'part')}.")


def _explain(
    given: str,
    carrier: SmppCarrierSettings | None,
    reference_bits: int | None,
    languages: frozenset[int],
    *,
    look_alikes: bool,
) -> Explanation:
    """Explain the text as it is cut for the carrier, or for a carrier with default settings."""
    if reference_bits is None:
        reference_bits = carrier.reference_bits if carrier else 8
    explained = partial(
        explain,
        given,
        reference_bits=8 if reference_bits == 8 else 16,
        default=parse_encoding(carrier.default_alphabet if carrier else "gsm7"),
        look_alikes=look_alikes,
    )
    found = explained(languages=languages | (carrier.languages if carrier else frozenset()))
    cut = found.segments
    if carrier and len(cut.parts) > 1 and cut.encoding.shift_octets:
        # National tables need a user data header, which is not combined with other concatenation.
        return found if carrier.concatenation == "udh" else explained()
    return found


def _from_stdin() -> str:
    if sys.stdin.isatty():
        raise typer.BadParameter("give a text, or pipe one in", param_hint="TEXT")
    try:
        return sys.stdin.buffer.read().decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"stdin is not UTF-8 at octet {error.start}.") from None


def units_of(part: str, encoding: Encoding) -> int:
    """Septets, UTF-16 units or octets of the part."""
    octets = len(encode(part, encoding))
    return octets // 2 if encoding.alphabet == "ucs2" else octets


def _document(explanation: Explanation) -> dict[str, Any]:
    segments = explanation.segments
    replaced = explanation.replaced
    return {
        "text": explanation.text,
        "replacements": [
            {
                "character": each.character,
                "codePoint": _code_points(each.character),
                "replacement": each.replacement,
                "count": each.count,
            }
            for each in explanation.replacements
        ],
        "encoding": segments.encoding.label,
        "units": segments.units,
        "unitsPerPart": segments.unit_limit,
        "parts": [
            {"text": part, "characters": len(part), "units": units_of(part, segments.encoding)}
            for part in segments.parts
        ],
        "ucs2Triggers": [_driver(driver) for driver in explanation.forced],
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
        "firstPosition": driver.first,
        "lookAlike": driver.look_alike,
    }


def _lines(given: str, explanation: Explanation) -> list[str]:
    segments = explanation.segments
    unit = _UNITS.get(segments.encoding.alphabet, "octet")
    count = len(segments.parts)
    lines = [
        f"encoding  {_named(segments.encoding)}",
        f"length    {_many(len(given), 'character')}, {_many(segments.units, unit)}",
        f"parts     {count}, of at most {segments.unit_limit} {unit}s each",
        "",
    ]
    for number, part in enumerate(segments.parts, 1):
        lines.append(f"  {number:>3}  {units_of(part, segments.encoding):>3}  {part}")
    if explanation.replacements:
        lines += ["", "These were replaced:"]
        lines += [
            f"  {each.character}  {_code_points(each.character)} "
            f"by {each.replacement!r}, {_times(each.count)}"
            for each in explanation.replacements
        ]
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
            f"With --look-alikes it is {parts} of {replaced.encoding.label}:",
            f"  {replaced.text or ''}",
        ]
    if explanation.languages:
        lines += ["", "Where the carrier passes on a national table:"]
        lines += [
            f"  {LANGUAGES[other.language]} (--language {LANGUAGES[other.language].lower()}): "
            f"{_many(other.parts, 'part')}, {_named(other.encoding)}"
            for other in explanation.languages
        ]
    return lines


def _said_of(driver: CostDriver) -> str:
    times = _times(driver.count)
    advice = ""
    if driver.look_alike is not None:
        advice = f"; {driver.look_alike!r} would do" if driver.look_alike else "; can be left out"
    shown = f"{driver.character}  {driver.code_point} {driver.name}"
    return f"  {shown}, {times}, first at {driver.first}{advice}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _code_points(text: str) -> str:
    return " ".join(f"U+{ord(char):04X}" for char in text)


def _named(encoding: Encoding) -> str:
    return f"{encoding.label} ({_BITS.get(encoding.alphabet, 8)} bit)"


def _many(count: int, word: str) -> str:
    return f"1 {word}" if count == 1 else f"{count} {word}s"
