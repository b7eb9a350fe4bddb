"""Texts of templates for one recipient: in its language, with its opt-out link."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.features.templates.definition import VariableType
from simpost.features.templates.languages import parse_tag
from simpost.features.templates.renderer import Value
from simpost.features.templates.service import RenderedText, Templates, render_version
from simpost.messaging.decision import Refusal

_OPT_OUT_URL: Final = "optOutUrl"
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?")


class RecipientTexts:
    """Renders templates for messages that simpost starts by itself."""

    def __init__(
        self, templates: Templates, url_for: Callable[[int, str, Category], str | None]
    ) -> None:
        """`url_for` is the opt-out link of an account, an eSIM and a category."""
        self._templates = templates
        self._url_for = url_for

    async def render(
        self,
        account: Account,
        esim: Esim,
        category: Category,
        name: str,
        values_in: Callable[[str], Mapping[str, Value]],
        version: int | None = None,
    ) -> RenderedText | Refusal:
        """The text for an eSIM in its language, or why it cannot be made. Raises StoreError.

        `values_in` gives the values in a language. Those that the template does not declare are
        left out, and a text for a variable of the type number is read as a number. Without a
        `version` it is the latest one.
        """
        found = await self._templates.find(account.id, name, version)
        if found is None:
            return Refusal(Reason.TEMPLATE_UNKNOWN)
        template = found.template
        wanted = parse_tag(esim.language) or parse_tag(account.language)
        values = dict(values_in(template.language_for(wanted)))
        if url := self._url_for(account.id, esim.esim_tran_no, category):
            values[_OPT_OUT_URL] = url
        kinds = {key: variable.type for key, variable in template.variables.items()}
        declared = {key: _read(each, kinds[key]) for key, each in values.items() if key in kinds}
        return render_version(found, declared, wanted)


def _read(value: Value, kind: VariableType) -> Value:
    """The value; a text that is written as a number, as a number if the variable is one."""
    if kind is VariableType.NUMBER and isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value
