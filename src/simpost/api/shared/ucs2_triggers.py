"""JSON of the characters that require UCS-2."""

from __future__ import annotations

from simpost.api.shared.schemas import Schema
from simpost.text import Explanation


class Ucs2Trigger(Schema):
    """A character outside the alphabet of the carrier, usually GSM 7 bit: it requires UCS-2.

    `firstPosition` counts characters from 0.
    """

    character: str
    code_point: str
    name: str
    count: int
    first_position: int
    look_alike: str | None


def show_ucs2_triggers(explanation: Explanation) -> list[Ucs2Trigger]:
    """The UCS-2 triggers of a text, in the order of appearance."""
    return [
        Ucs2Trigger(
            character=driver.character,
            code_point=driver.code_point,
            name=driver.name,
            count=driver.count,
            first_position=driver.first,
            look_alike=driver.look_alike,
        )
        for driver in explanation.forced
    ]
