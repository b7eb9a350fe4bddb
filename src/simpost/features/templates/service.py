"""Saves templates, and renders them for messages."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from simpost.domain.options import TemplateRef
from simpost.domain.reasons import Reason
from simpost.errors import InvalidRequest
from simpost.features.templates import definition
from simpost.features.templates.definition import InvalidValues, Template
from simpost.features.templates.languages import find_language
from simpost.features.templates.message_format import parse
from simpost.features.templates.preview import Inspection
from simpost.features.templates.renderer import RenderedTooLong, Value, render
from simpost.messaging.plan import Refusal
from simpost.ports.store.templates import MAX_TEMPLATES, TemplateRecord, TemplateStore
from simpost.runtime.clock import Clock


class TemplateVersion(msgspec.Struct, frozen=True):
    """A saved version of a template."""

    name: str
    version: int
    created_ms: int
    template: Template


class TemplateRequest(msgspec.Struct, frozen=True):
    """What a message asks to be rendered.

    Attributes:
        version: `None` for the latest.
        language: the requested language; `None` for the default of the template.
    """

    name: str
    values: Mapping[str, Value]
    version: int | None = None
    language: str | None = None


class RenderedText(msgspec.Struct, frozen=True):
    """The text of a message, and what it was rendered from."""

    text: str
    source: TemplateRef


class TooManyTemplates(InvalidRequest):
    """The account has as many templates as it may have."""


class Templates:
    """The templates of all accounts."""

    def __init__(self, store: TemplateStore, clock_ms: Clock) -> None:
        self._store = store
        self._clock_ms = clock_ms

    async def save(
        self, account_id: int, name: str, inspection: Inspection
    ) -> tuple[TemplateVersion, bool]:
        """Save a new version; the flag is false if the latest version is the same.

        Raises TooManyTemplates or StoreError.
        """
        content = definition.encode(inspection.template).decode()
        now_ms = self._clock_ms()
        saved = await self._store.save_template(account_id, name, content, now_ms=now_ms)
        if saved is None:
            raise TooManyTemplates(f"The account has {MAX_TEMPLATES:,} templates, the most it may.")
        return _version(saved.record), saved.is_new

    async def find(
        self, account_id: int, name: str, version: int | None = None
    ) -> TemplateVersion | None:
        """The version, or the latest one; `None` if the account has none."""
        record = await self._store.find_template(account_id, name, version)
        return _version(record) if record else None

    async def list(self, account_id: int, *, after: str, limit: int) -> list[TemplateVersion]:
        """The latest version of each name after `after`, by name."""
        found = await self._store.list_templates(account_id, after=after, limit=limit)
        return [_version(record) for record in found]

    async def delete(self, account_id: int, name: str) -> bool:
        """Delete all versions; `False` if the account has no such template."""
        return await self._store.delete_template(account_id, name, now_ms=self._clock_ms())

    async def render(self, account_id: int, request: TemplateRequest) -> RenderedText | Refusal:
        """The text of a message, or why it cannot be made. Raises StoreError."""
        found = await self.find(account_id, request.name, request.version)
        if found is None:
            return Refusal(Reason.TEMPLATE_UNKNOWN)
        return render_version(found, request.values, request.language)


def render_version(
    found: TemplateVersion, values: Mapping[str, Value], wanted: str | None
) -> RenderedText | Refusal:
    """The text in the best language for the wanted one, or why it cannot be made."""
    template = found.template
    tag = template.language_for(wanted)
    language = find_language(tag)
    assert language  # `definition.check` has found it
    try:
        filled = definition.fill_in(template, values)
        text = render(parse(template.texts[tag]), filled, language)
    except InvalidValues as error:
        missing = Reason.TEMPLATE_VALUE_MISSING
        reason = missing if error.missing else Reason.TEMPLATE_VALUE_INVALID
        return Refusal(reason, str(error))
    except RenderedTooLong as error:
        return Refusal(Reason.TEXT_TOO_LONG, str(error))
    return RenderedText(text, TemplateRef(found.name, found.version, tag))


def _version(record: TemplateRecord) -> TemplateVersion:
    template = definition.decode(record.content)
    return TemplateVersion(record.name, record.version, record.created_ms, template)
