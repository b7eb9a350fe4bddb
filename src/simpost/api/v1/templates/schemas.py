"""JSON of templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictBool, StrictStr

from simpost.api.shared.schemas import Schema, Time, format_time
from simpost.api.shared.ucs2_triggers import Ucs2Trigger, show_ucs2_triggers
from simpost.api.v1.templates.fields import (
    NAMED_BY_VARIABLES,
    LanguageTag,
    TemplateName,
    TemplateRefOut,
    ValueIn,
    ValuesIn,
    VersionNumber,
    check_variable_names,
    show_template_ref,
)
from simpost.features.templates.definition import (
    MAX_LANGUAGES,
    Template,
    Variable,
    VariableType,
)
from simpost.features.templates.languages import parse_tag
from simpost.features.templates.message_format import MAX_CHARACTERS
from simpost.features.templates.preview import Inspection
from simpost.features.templates.service import RenderedText, TemplateVersion
from simpost.text import Explanation, explain


def _check_tags(texts: dict[str, str]) -> dict[str, str]:
    """The texts by canonical tags."""
    if not texts:
        raise ValueError("must have at least 1 entries")
    tagged = {parse_tag(tag): text for tag, text in texts.items()}
    if None in tagged:
        raise ValueError("names must be language tags, such as en, pt-BR or zh-Hant")
    if len(tagged) < len(texts):
        raise ValueError("two names are the same language")
    return {tag: text for tag, text in tagged.items() if tag}


class VariableIn(Schema):
    """A declared variable. A message must give its value, unless it has a default."""

    type: VariableType
    longest: ValueIn = Field(
        description="The longest value that is expected: previews count parts with it."
    )
    default: ValueIn | None = None

    @property
    def variable(self) -> Variable:
        """The variable as templates have it."""
        return Variable(self.type, self.longest, self.default)


class TemplateIn(Schema):
    """A new version of a template."""

    name: TemplateName
    default_language: LanguageTag | None = Field(
        default=None,
        description="Used if no text is close enough to the language of a message. "
        "null: that of the account.",
    )
    variables: Annotated[
        dict[str, VariableIn], NAMED_BY_VARIABLES, AfterValidator(check_variable_names)
    ] = Field(default_factory=dict)
    texts: Annotated[
        dict[str, Annotated[StrictStr, Field(min_length=1, max_length=MAX_CHARACTERS)]],
        Field(
            description="Texts in ICU MessageFormat, by language tag.",
            json_schema_extra={"minProperties": 1, "maxProperties": MAX_LANGUAGES},
        ),
        AfterValidator(_check_tags),
    ]
    dry_run: StrictBool = False

    def template(self, default_language: str) -> Template:
        """The template, with the default language of the account."""
        return Template(
            default_language=self.default_language or default_language,
            variables={name: given.variable for name, given in self.variables.items()},
            texts=self.texts,
        )


class TextCost(Schema):
    """A text, and the parts it takes with a carrier that has GSM 7 bit and UCS-2."""

    text: str
    encoding: str
    part_count: int
    ucs2_triggers: list[Ucs2Trigger]


class LongestText(TextCost):
    """The longest text of a language, with the longest values and cases."""

    language: str


class VariableOut(Schema):
    """A declared variable, with its longest value."""

    type: VariableType
    longest: ValueIn
    default: Any


class TemplateOut(Schema):
    """A version of a template."""

    name: str
    version: int
    created_at: Time
    default_language: str
    variables: dict[str, VariableOut]
    texts: dict[str, str]


class SavedTemplateOut(Schema):
    """`version` and `createdAt` are null after a dry run."""

    name: str
    version: int | None
    created_at: Time | None
    default_language: str
    longest: list[LongestText]


class TemplateSummary(Schema):
    """The latest version of a template, without its texts."""

    name: str
    version: int
    created_at: Time
    default_language: str
    languages: list[str]
    variables: list[str]


class TemplatePage(Schema):
    """By name; `next` is the cursor of the next page, null at the end."""

    templates: list[TemplateSummary]
    next: str | None


class TemplateQuery(Schema):
    """How many templates, and after which: `cursor` is the `next` of the page before."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: TemplateName | None = None


class TemplatePreview(Schema):
    """The longest text of each language."""

    name: str
    version: int
    longest: list[LongestText]


class RenderRequest(Schema):
    """Values for the variables of a template."""

    values: ValuesIn = Field(default_factory=dict)
    version: VersionNumber | None = None
    language: LanguageTag | None = None


class RenderedTemplate(TextCost):
    """A text that was rendered and not sent."""

    template: TemplateRefOut


class DeletedTemplate(Schema):
    """The name of a template that was deleted."""

    name: str


def show_template(found: TemplateVersion) -> TemplateOut:
    """The version as JSON shows it."""
    template = found.template
    return TemplateOut(
        name=found.name,
        version=found.version,
        created_at=format_time(found.created_ms),
        default_language=template.default_language,
        variables={
            name: VariableOut(
                type=variable.type, longest=variable.longest, default=variable.default
            )
            for name, variable in template.variables.items()
        },
        texts=template.texts,
    )


def show_saved(
    name: str, saved: TemplateVersion | None, inspection: Inspection
) -> SavedTemplateOut:
    """The response to a template that was saved, or checked only."""
    return SavedTemplateOut(
        name=name,
        version=saved.version if saved else None,
        created_at=format_time(saved.created_ms) if saved else None,
        default_language=inspection.template.default_language,
        longest=_show_longest(inspection),
    )


def show_preview(found: TemplateVersion, inspection: Inspection) -> TemplatePreview:
    """The longest texts of a saved version."""
    longest = _show_longest(inspection)
    return TemplatePreview(name=found.name, version=found.version, longest=longest)


def show_page(found: Sequence[TemplateVersion], limit: int) -> TemplatePage:
    """One page out of `limit` + 1 rows."""
    shown = found[:limit]
    return TemplatePage(
        templates=[
            TemplateSummary(
                name=each.name,
                version=each.version,
                created_at=format_time(each.created_ms),
                default_language=each.template.default_language,
                languages=list(each.template.texts),
                variables=list(each.template.variables),
            )
            for each in shown
        ],
        next=shown[-1].name if len(found) > limit else None,
    )


def show_rendered(rendered: RenderedText) -> RenderedTemplate:
    """The rendered text with its parts."""
    source = show_template_ref(rendered.source)
    assert source
    return RenderedTemplate(template=source, **_cost(explain(rendered.text)))


def _show_longest(inspection: Inspection) -> list[LongestText]:
    return [
        LongestText(language=tag, **_cost(explanation))
        for tag, explanation in inspection.longest.items()
    ]


def _cost(explanation: Explanation) -> dict[str, Any]:
    return {
        "text": explanation.text,
        "encoding": explanation.segments.encoding.label,
        "part_count": len(explanation.segments.parts),
        "ucs2_triggers": show_ucs2_triggers(explanation),
    }
