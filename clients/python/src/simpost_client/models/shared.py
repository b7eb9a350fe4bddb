"""Models of the native API: shared. Written by make_models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedCharacter:
    """A character of the text, its replacement, and how often it was replaced."""

    character: str
    code_point: str
    replacement: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonDetail:
    """A reason with its explanation and remedy."""

    code: str
    explanation: str
    remedy: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRef:
    """The template and version that a text was rendered from, and the language of the text."""

    name: str
    version: int
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one rule said, in the order in which the rules are applied."""

    rule: str
    verdict: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ucs2Trigger:
    """A character outside the alphabet of the carrier, usually GSM 7 bit: it requires UCS-2.

    `first_position` counts characters from 0.
    """

    character: str
    code_point: str
    name: str
    count: int
    first_position: int
    look_alike: str | None = None
