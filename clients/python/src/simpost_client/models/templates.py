"""Models of the native API: templates. Written by make_models."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simpost_client.models.shared import TemplateRef, Ucs2Trigger


@dataclass(frozen=True, slots=True, kw_only=True)
class LongestText:
    """The longest text of a language, with the longest values and cases."""

    text: str = field(repr=False)
    encoding: str
    part_count: int
    ucs2_triggers: tuple[Ucs2Trigger, ...]
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedTemplate:
    """`version` and `created_at` are null after a dry run."""

    name: str
    version: int | None = None
    created_at: datetime | None = None
    default_language: str
    longest: tuple[LongestText, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A declared variable, with its longest value."""

    type: str
    longest: Any = field(repr=False)
    default: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A version of a template."""

    name: str
    version: int
    created_at: datetime
    default_language: str
    variables: dict[str, Variable]
    texts: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSummary:
    """The latest version of a template, without its texts."""

    name: str
    version: int
    created_at: datetime
    default_language: str
    languages: tuple[str, ...]
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePage:
    """By name; `next` is the cursor of the next page, null at the end."""

    templates: tuple[TemplateSummary, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePreview:
    """The longest text of each language."""

    name: str
    version: int
    longest: tuple[LongestText, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedTemplate:
    """A text that was rendered and not sent."""

    text: str = field(repr=False)
    encoding: str
    part_count: int
    ucs2_triggers: tuple[Ucs2Trigger, ...]
    template: TemplateRef


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedTemplate:
    """The name of a template that was deleted."""

    name: str
