"""Texts of handsets as a JSON file that tests and demonstrations load again."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
from msgspec import Struct, field

from simpost.smsc.content import UDHI, Content
from simpost.smsc.mobile_originated import parts_of
from simpost.smsc.options import DefaultAlphabet
from simpost.smsc.reassembly import HandsetMessage
from simpost.smsc.run_tags import TAG
from simpost.smsc.views import message_view
from simpost.text import TextError, parse_header

MAX_OCTETS: Final = 32 * 1024 * 1024
MAX_PARTS: Final = 255
_MAX_ADDRESS: Final = 64
_NUMBER: Final = re.compile(r"\d{1,20}")


class FixturePart(Struct, rename="camel", forbid_unknown_fields=True):
    """One PDU: `octets` in hex, with the user data header if `esm_class` has bit 0x40."""

    octets: str
    data_coding: int = 0
    esm_class: int = 0


class FixtureText(Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """One text. With `parts` it is shown as its octets say; without, `text` is encoded."""

    number: str
    source: str = field(name="from")
    text: str
    destination: str | None = field(name="to", default=None)
    received_at: datetime | None = None
    system_id: str | None = None
    tag: str | None = None
    message_ids: list[str] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)
    parts: list[FixturePart | None] | None = None


class Fixture(Struct, rename="camel", forbid_unknown_fields=True):
    """The file."""

    version: Literal[1]
    texts: list[FixtureText]


def fixture_of(number: str, message: HandsetMessage, *, packed: bool) -> FixtureText:
    """A text as it is written to the file."""
    return FixtureText(
        number=number,
        source=message.source,
        text=message_view(message, packed=packed).text,
        destination=message.destination or None,
        received_at=datetime.fromtimestamp(message.received_at, UTC),
        system_id=message.system_id or None,
        tag=message.tag or None,
        message_ids=[*message.message_ids],
        responses=[*message.responses],
        parts=[
            FixturePart(each.octets.hex(), each.data_coding, UDHI if each.header else 0)
            if each
            else None
            for each in message.parts
        ],
    )


def parse_fixture(
    body: bytes, now: float, *, packed: bool, default: DefaultAlphabet
) -> list[tuple[str, HandsetMessage]]:
    """Every text of a file with the number of its handset. Raises ValueError with the place."""
    fixture = msgspec.json.decode(body, type=Fixture)
    found: list[tuple[str, HandsetMessage]] = []
    for position, each in enumerate(fixture.texts, 1):
        try:
            found.append((each.number, _message_of(each, now, packed=packed, default=default)))
        except (TextError, ValueError) as error:
            raise ValueError(f"text {position}: {error}") from None
    return found


def _message_of(
    text: FixtureText, now: float, *, packed: bool, default: DefaultAlphabet
) -> HandsetMessage:
    if not _NUMBER.fullmatch(text.number) or not text.number.isascii():
        raise ValueError("number must have 1 to 20 digits.")
    if max(map(len, (text.source, text.destination or "", text.system_id or ""))) > _MAX_ADDRESS:
        raise ValueError(f"from, to and systemId must have at most {_MAX_ADDRESS} characters.")
    if text.tag is not None and not TAG.fullmatch(text.tag):
        raise ValueError("tag must have 1 to 64 letters, digits, dots, hyphens or underscores.")
    parts: list[Content | None]
    if text.parts is None:
        parts = [*parts_of(text.text, reference=0, packed=packed, default=default)]
    else:
        parts = [_content_of(each) if each else None for each in text.parts]
    if not 1 <= len(parts) <= MAX_PARTS or not any(parts):
        raise ValueError(f"it must have 1 to {MAX_PARTS} parts, and one that is not null.")
    at = now if text.received_at is None else _seconds(text.received_at)
    return HandsetMessage(
        0,
        text.source,
        parts,
        text.message_ids[: len(parts)],
        at,
        destination=text.destination or "",
        responses=text.responses[: len(parts)],
        system_id=text.system_id or "",
        tag=text.tag or "",
    )


def _content_of(part: FixturePart) -> Content:
    octets = bytes.fromhex(part.octets)
    if not 0 <= part.data_coding <= 0xFF:
        raise ValueError("dataCoding must be 0 to 255.")
    header = parse_header(octets) if part.esm_class & UDHI else None
    return Content(octets, part.data_coding, header)


def _seconds(moment: datetime) -> float:
    if moment.tzinfo is None:
        raise ValueError("receivedAt must have a UTC offset.")
    return moment.timestamp()
