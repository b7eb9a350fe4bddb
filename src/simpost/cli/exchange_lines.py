"""What the attempts of a message sent and got, as lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simpost.messaging.exchange_words import title_of, words_of_sides
from simpost.text.display import visible


def exchange_lines(shown: dict[str, Any]) -> Iterator[str]:
    """The lines to show of the exchanges of a message as the native API returns them."""
    if not shown["exchanges"]:
        yield "no attempts"
    for place, exchange in enumerate(shown["exchanges"]):
        if place:
            yield ""
        yield title_of(exchange)
        for words, side in words_of_sides(exchange):
            yield f"  {words}"
            for field in side["fields"]:
                value = "-" if field["value"] is None else visible(field["value"])
                meaning = f"  {visible(field['meaning'])}" if field["meaning"] else ""
                yield f"    {field['name']:24} {value}{meaning}"
            if side["octets"]:
                yield f"    {'(octets)':24} {side['octets']}"
        if exchange["note"]:
            yield f"  {visible(exchange['note'])}"
