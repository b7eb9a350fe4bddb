"""Texts of templates for one recipient: in its language, with its opt-out link."""

from __future__ import annotations

import re
from collections.abc import Callable, KeysView, Mapping
from typing import Final, TypeAlias

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.features.templates.definition import VariableType
from simpost.features.templates.languages import parse_tag
from simpost.features.templates.renderer import Value
from simpost.features.templates.service import (
    RenderedText,
    Templates,
    TemplateVersion,
    render_version,
)
from simpost.messaging.plan import Refusal

_OPT_OUT_URL: Final = "optOutUrl"
_UrlFor: TypeAlias = Callable[[int, str, Category], str | None]
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")


class RecipientTemplate:
    """A version of a template of an account, for many recipients."""

    def __init__(self, account: Account, found: TemplateVersion, url_for: _UrlFor) -> None:
        self._account = account
        self._found = found
        self._url_for = url_for

    @property
    def version(self) -> int:
        """Its number among the versions of its template."""
        return self._found.version

    @property
    def variables(self) -> KeysView[str]:
        """The names that it declares."""
        return self._found.template.variables.keys()

    def render(
        self,
        esim: Esim,
        category: Category,
        values_in: Callable[[str], Mapping[str, Value]],
    ) -> RenderedText | Refusal:
        """The text for an eSIM in its language, or why it cannot be made.

        `values_in` gives the values in a language. Those that the template does not declare are
        left out, and a text for a variable of the type number is read as a number.
        """
        template = self._found.template
        wanted = parse_tag(esim.language) or parse_tag(self._account.language)
        values = dict(values_in(template.language_for(wanted)))
        if url := self._url_for(self._account.id, esim.esim_tran_no, category):
            values[_OPT_OUT_URL] = url
        kinds = {key: variable.type for key, variable in template.variables.items()}
        declared = {
            key: read_value(each, kinds[key]) for key, each in values.items() if key in kinds
        }
        return render_version(self._found, declared, wanted)


class RecipientTexts:
    """Renders templates for messages that simpost starts by itself."""

    def __init__(self, templates: Templates, url_for: _UrlFor) -> None:
        """`url_for` is the opt-out link of an account, an eSIM and a category."""
        self._templates = templates
        self._url_for = url_for

    async def find(
        self, account: Account, name: str, version: int | None = None
    ) -> RecipientTemplate | None:
        """A template, in the latest version without a `version`. Raises StoreError."""
        found = await self._templates.find(account.id, name, version)
        return RecipientTemplate(account, found, self._url_for) if found else None

    async def render(
        self,
        account: Account,
        esim: Esim,
        category: Category,
        name: str,
        values_in: Callable[[str], Mapping[str, Value]],
    ) -> RenderedText | Refusal:
        """The text of the latest version for an eSIM; see `RecipientTemplate`."""
        template = await self.find(account, name)
        if template is None:
            return Refusal(Reason.TEMPLATE_UNKNOWN)
        return template.render(esim, category, values_in)


def read_value(value: Value, kind: VariableType) -> Value:
    """The value; a text that is written as a number, as a number if the variable is one."""
    if kind is VariableType.NUMBER and isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value
