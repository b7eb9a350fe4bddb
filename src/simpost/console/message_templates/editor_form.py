"""The form of the template editor: the texts of all languages, one of them shown, and variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from simpost.console.message_templates.template_page import typed_value
from simpost.features.templates.definition import MAX_VARIABLES, VariableType
from simpost.features.templates.languages import parse_tag
from simpost.features.templates.service import TemplateVersion

_ROW: Final = re.compile(r"variables\.([0-9]{1,3})\.name")
TYPES: Final = tuple(each.value for each in VariableType)


class VariableRow(msgspec.Struct, frozen=True):
    """A row of the table of variables; one without a name is not there."""

    name: str = ""
    type: str = VariableType.TEXT.value
    longest: str = ""
    has_default: bool = False
    default: str = ""


class Draft(msgspec.Struct, frozen=True):
    """What the editor has, saved or not.

    Attributes:
        base: the version that it began with; 0 for a new template.
        shown: the language whose text is shown.
    """

    name: str
    base: int
    default_language: str
    shown: str
    texts: dict[str, str]
    variables: list[VariableRow]

    @property
    def document(self) -> dict[str, Any]:
        """The body of `POST /v1/templates` that it stands for."""
        document: dict[str, Any] = {
            "name": self.name,
            "variables": {row.name: _variable(row) for row in self.variables if row.name},
            "texts": self.texts,
        }
        if self.default_language:
            document["defaultLanguage"] = self.default_language
        return document

    @property
    def labels(self) -> dict[str, str]:
        """What the places in the request of the API are called on the page."""
        return {
            "name": "Name",
            "defaultLanguage": "Default language",
            "texts": "Texts",
            "variables": "Variables",
            **{f"texts.{tag}": tag for tag in self.texts},
            **{f"variables.{row.name}": row.name for row in self.variables if row.name},
        }


def new_draft(name: str, language: str) -> Draft:
    """An empty template in the language of the account."""
    return Draft(name, 0, language, language, {language: ""}, [VariableRow()])


def draft_of(found: TemplateVersion, shown: str = "") -> Draft:
    """The draft of a saved version."""
    template = found.template
    rows = [
        VariableRow(
            name,
            variable.type.value,
            str(variable.longest),
            variable.default is not None,
            "" if variable.default is None else str(variable.default),
        )
        for name, variable in template.variables.items()
    ]
    return Draft(
        name=found.name,
        base=found.version,
        default_language=template.default_language,
        shown=shown if shown in template.texts else template.default_language,
        texts=dict(template.texts),
        variables=[*rows, VariableRow()],
    )


def read_draft(form: Mapping[str, str]) -> Draft:
    """The draft of a form, after what its button says: another language, a new or removed one."""
    texts = {
        name.removeprefix("texts."): text.replace("\r\n", "\n")
        for name, text in form.items()
        if name.startswith("texts.")
    }
    shown = form.get("show") or form.get("shown", "")
    if added := form.get("newLanguage", "").strip():
        shown = parse_tag(added) or added
        texts.setdefault(shown, "")
    if removed := form.get("remove"):
        texts.pop(removed, None)
    if shown not in texts:
        shown = next(iter(texts), "")
    base = form.get("base", "")
    return Draft(
        name=form.get("name", "").strip(),
        base=int(base) if base.isdecimal() and len(base) <= 9 else 0,
        default_language=form.get("defaultLanguage", "").strip(),
        shown=shown,
        texts=texts,
        variables=_rows(form),
    )


def _rows(form: Mapping[str, str]) -> list[VariableRow]:
    """Rows with a name, in their order, and an empty one."""
    numbers = sorted(int(found[1]) for name in form if (found := _ROW.fullmatch(name)))
    rows = []
    for number in numbers[: MAX_VARIABLES + 1]:
        start = f"variables.{number}."
        if name := form[f"{start}name"].strip():
            kind = form.get(f"{start}type", "")
            rows.append(
                VariableRow(
                    name,
                    kind if kind in TYPES else VariableType.TEXT.value,
                    form.get(f"{start}longest", ""),
                    f"{start}hasDefault" in form or bool(form.get(f"{start}default")),
                    form.get(f"{start}default", ""),
                )
            )
    return [*rows, VariableRow()]


def _variable(row: VariableRow) -> dict[str, Any]:
    kind = VariableType(row.type)
    document: dict[str, Any] = {"type": row.type, "longest": typed_value(kind, row.longest)}
    if row.has_default:
        document["default"] = typed_value(kind, row.default)
    return document
