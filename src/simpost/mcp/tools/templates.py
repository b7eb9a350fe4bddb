"""Templates: list and show."""

from __future__ import annotations

from simpost.mcp.gateway import in_path
from simpost.mcp.quotations import Quoted, quote, word
from simpost.mcp.tools.tool import (
    DEFAULT_LIMIT,
    Arguments,
    Limit,
    Result,
    TemplateName,
    Tool,
    ToolContext,
)


class TemplatesArguments(Arguments, frozen=True):
    """Where to begin: `after` is the last name of the list before."""

    after: TemplateName | None = None
    limit: Limit = DEFAULT_LIMIT


class TemplateArguments(Arguments, frozen=True):
    """The template."""

    name: TemplateName


class TemplateEntry(Result, frozen=True):
    """The latest version of a template."""

    name: str | None
    version: int
    default_language: str | None
    languages: list[str | None]
    variables: list[str | None]


class TemplatesResult(Result, frozen=True):
    """By name; `hasMore`: there are further ones."""

    templates: list[TemplateEntry]
    has_more: bool


class VariableResult(Result, frozen=True):
    """A variable; `isRequired`: it has no default."""

    name: str | None
    type: str | None
    is_required: bool


class TemplateText(Result, frozen=True):
    """The text of a language, in ICU MessageFormat."""

    language: str | None
    text: Quoted | None


class TemplateResult(Result, frozen=True):
    """A template with its variables and texts."""

    name: str | None
    version: int
    default_language: str | None
    variables: list[VariableResult]
    texts: list[TemplateText]


async def _list(context: ToolContext, given: TemplatesArguments) -> TemplatesResult:
    found = await context.get("/v1/templates", cursor=given.after, limit=given.limit)
    rows = [
        TemplateEntry(
            name=word(each["name"]),
            version=each["version"],
            default_language=word(each["defaultLanguage"]),
            languages=[word(tag) for tag in each["languages"]],
            variables=[word(name) for name in each["variables"]],
        )
        for each in found["templates"]
    ]
    return TemplatesResult(rows, found["next"] is not None)


async def _show(context: ToolContext, given: TemplateArguments) -> TemplateResult:
    found = await context.get(f"/v1/templates/{in_path(given.name)}")
    return TemplateResult(
        name=word(found["name"]),
        version=found["version"],
        default_language=word(found["defaultLanguage"]),
        variables=[
            VariableResult(word(name), word(about["type"]), about["default"] is None)
            for name, about in found["variables"].items()
        ],
        texts=[
            TemplateText(word(tag), quote(text, "account")) for tag, text in found["texts"].items()
        ],
    )


TOOLS = (
    Tool(
        name="list_templates",
        title="List templates",
        description="Lists the templates of the account by name, with their variables.",
        arguments=TemplatesArguments,
        result=TemplatesResult,
        run=_list,
        scope="templates",
    ),
    Tool(
        name="show_template",
        title="Show a template",
        description="Shows the variables of a template and its text in each language. To see the "
        "text that values give, use dry_run.",
        arguments=TemplateArguments,
        result=TemplateResult,
        run=_show,
        scope="templates",
    ),
)
