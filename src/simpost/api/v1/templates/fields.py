"""Fields that requests about templates and messages share."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, StrictInt, StrictStr, WithJsonSchema

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema
from simpost.domain.options import TemplateRef
from simpost.features.templates.definition import MAX_VARIABLES
from simpost.features.templates.languages import MAX_TAG, parse_tag
from simpost.features.templates.message_format import NAME

_VARIABLE = re.compile(NAME)


def _check_value(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number and not isinstance(value, str):
        raise ValueError("must be a string or a number")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError("must be valid Unicode") from None
    return value


def _check_tag(text: str) -> str:
    tag = parse_tag(text)
    if tag is None:
        raise ValueError("must be a language tag, such as en, pt-BR or zh-Hant")
    return tag


def check_variable_names(named: dict[str, Any]) -> dict[str, Any]:
    """The same mapping. Raises ValueError if a key cannot be the name of a variable."""
    if len(named) > MAX_VARIABLES:
        raise ValueError(f"must have at most {MAX_VARIABLES} entries")
    if not all(map(_VARIABLE.fullmatch, named)):
        raise ValueError("names must be a letter, then up to 31 letters, digits and underscores")
    return named


NAMED_BY_VARIABLES = Field(
    json_schema_extra={"propertyNames": {"pattern": f"^{NAME}$"}, "maxProperties": MAX_VARIABLES}
)

TemplateName = Annotated[
    StrictStr,
    Matching(
        r"^[a-z0-9][a-z0-9._-]{0,63}$",
        "must be up to 64 lowercase letters, digits, dots, underscores and hyphens",
    ),
]
MAX_VERSION = 2_147_483_647
VersionNumber = Annotated[StrictInt, Field(ge=1, le=MAX_VERSION)]
LanguageTag = Annotated[
    StrictStr,
    AfterValidator(_check_tag),
    Field(max_length=MAX_TAG, description="Such as en, pt-BR or zh-Hant (BCP 47)."),
]
ValueIn = Annotated[
    Any,
    PlainValidator(_check_value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]}),
]
ValuesIn = Annotated[dict[str, ValueIn], NAMED_BY_VARIABLES, AfterValidator(check_variable_names)]


class TemplateRefOut(Schema):
    """The template and version that a text was rendered from, and the language of the text."""

    name: str
    version: int
    language: str


def show_template_ref(source: TemplateRef | None) -> TemplateRefOut | None:
    """The source of a text; `None` if the caller gave the text."""
    if source is None:
        return None
    return TemplateRefOut(name=source.name, version=source.version, language=source.language)
