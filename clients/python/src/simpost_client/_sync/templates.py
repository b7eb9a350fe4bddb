"""Templates of the native API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Unpack

from simpost_client._sync.resource import Resource
from simpost_client.models import (
    DeletedTemplate,
    RenderedTemplate,
    SavedTemplate,
    Template,
    TemplatePage,
    TemplateSummary,
)
from simpost_client.requests import TemplateFields, body_of, path_of

_PATH = "/v1/templates"


class Templates(Resource):
    """Texts that are saved once, in several languages, and sent with values."""

    def save(self, **template: Unpack[TemplateFields]) -> SavedTemplate:
        """Save the next version; the same again is the same version."""
        return self._change(SavedTemplate, "POST", _PATH, body_of(template), repeatable=True)

    def check(self, **template: Unpack[TemplateFields]) -> SavedTemplate:
        """Dry run of a save: the longest text of each language, or InvalidRequest."""
        return self._ask(SavedTemplate, _PATH, {**body_of(template), "dryRun": True})

    def get(self, name: str, version: int | None = None) -> Template:
        """The latest version of a template, or the one with this number."""
        if version is None:
            return self._get(Template, path_of(_PATH + "/{}", name))
        return self._get(Template, path_of(_PATH + "/{}/versions/{}", name, str(version)))

    def render(
        self,
        name: str,
        values: Mapping[str, str | float] | None = None,
        *,
        language: str | None = None,
        version: int | None = None,
    ) -> RenderedTemplate:
        """The text that these values give; nothing is sent."""
        body = {"values": dict(values or {}), "language": language, "version": version}
        return self._ask(RenderedTemplate, path_of(_PATH + "/{}/render", name), body)

    def delete(self, name: str) -> DeletedTemplate:
        """Delete all versions of a template."""
        path = path_of(_PATH + "/{}", name)
        return self._change(DeletedTemplate, "DELETE", path, repeatable=False)

    def list(self, *, page_size: int = 50) -> Iterator[TemplateSummary]:
        """All templates, by name."""
        return self._pages(TemplatePage, _PATH, lambda page: page.templates, limit=page_size)
