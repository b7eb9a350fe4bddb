"""/v1/templates: save, list, show, preview, render and delete templates."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import answer_page
from simpost.api.shared.problems import Problem, ProblemCode, invalid
from simpost.api.shared.services import Services
from simpost.api.v1.messages.results import refusal_problem
from simpost.api.v1.templates.fields import MAX_VERSION, TemplateName
from simpost.api.v1.templates.schemas import (
    DeletedTemplate,
    RenderedTemplate,
    RenderRequest,
    SavedTemplateOut,
    TemplateIn,
    TemplateOut,
    TemplatePage,
    TemplatePreview,
    TemplateQuery,
    show_page,
    show_preview,
    show_rendered,
    show_saved,
    show_template,
)
from simpost.domain.accounts import Account
from simpost.features.templates.definition import InvalidTemplate, Template, check
from simpost.features.templates.preview import Inspection, explain_longest
from simpost.features.templates.service import (
    RenderedText,
    TemplateVersion,
    TooManyTemplates,
    render_version,
)

router = APIRouter(prefix="/v1", tags=["templates"])

Version = Annotated[int, Path(ge=1, le=MAX_VERSION)]
WantedVersion = Annotated[int | None, Query(ge=1, le=MAX_VERSION)]


@router.post(
    "/templates",
    status_code=201,
    response_model=SavedTemplateOut,
    summary="Save a new version of a template; with dryRun, only check it",
    responses={
        200: {
            "model": SavedTemplateOut,
            "description": "Not saved: a dry run, or the latest version is the same",
        }
    },
)
async def save_template(
    given: TemplateIn, response: Response, account: Caller, services: ServicesDep
) -> SavedTemplateOut:
    """`longest` has the longest text of each language, with its parts and UCS-2 triggers."""
    inspection = await inspect_template(services, account, given.template(account.language))
    if given.dry_run:
        response.status_code = 200
        return show_saved(given.name, None, inspection)
    try:
        saved, is_new = await services.templates.save(account.id, given.name, inspection)
    except TooManyTemplates as error:
        raise Problem(409, ProblemCode.TOO_MANY_TEMPLATES, str(error)) from None
    if not is_new:
        response.status_code = 200
    return show_saved(given.name, saved, inspection)


@router.get("/templates", response_model=TemplatePage, summary="List templates by name")
async def list_templates(
    query: Annotated[TemplateQuery, Query()], account: Caller, services: ServicesDep
) -> Response:
    """The latest version of each, without its texts."""
    return await answer_page(
        services,
        account,
        query.limit,
        lambda: services.templates.list(
            account.id, after=query.cursor or "", limit=query.limit + 1
        ),
        lambda found: show_page(found, query.limit),
    )


@router.get(
    "/templates/{name}",
    summary="Show the latest version of a template",
    operation_id="showTemplate",
)
async def get_template(name: TemplateName, account: Caller, services: ServicesDep) -> TemplateOut:
    """With its texts and variables."""
    return show_template(await _find(services, account, name))


@router.get(
    "/templates/{name}/versions/{version}",
    summary="Show one version of a template",
    operation_id="showTemplateVersion",
)
async def get_template_version(
    name: TemplateName, version: Version, account: Caller, services: ServicesDep
) -> TemplateOut:
    """A version never changes. The latest 100 versions are kept."""
    return show_template(await _find(services, account, name, version))


@router.get(
    "/templates/{name}/preview",
    summary="Show the longest text of each language with its parts",
)
async def preview_template(
    name: TemplateName, account: Caller, services: ServicesDep, version: WantedVersion = None
) -> TemplatePreview:
    """With the longest values, and the longest case of each plural and select."""
    found = await _find(services, account, name, version)
    return show_preview(found, await inspect_template(services, account, found.template))


@router.post("/templates/{name}/render", summary="Show the text that values give")
async def render_template(
    name: TemplateName, given: RenderRequest, account: Caller, services: ServicesDep
) -> RenderedTemplate:
    """Nothing is sent. Without `language` in the default language of the template."""
    found = await _find(services, account, name, given.version)

    def work() -> RenderedTemplate:
        rendered = render_version(found, given.values, given.language)
        if not isinstance(rendered, RenderedText):
            raise refusal_problem(rendered.reason, rendered.detail)
        return show_rendered(rendered)

    async with services.costs.turn(account):
        return await services.costs.work(account, work)


@router.delete("/templates/{name}", summary="Delete a template with all its versions")
async def delete_template(
    name: TemplateName, account: Caller, services: ServicesDep
) -> DeletedTemplate:
    """Messages keep the name and the version. A template saved again continues its numbers."""
    if not await services.templates.delete(account.id, name):
        raise _unknown()
    return DeletedTemplate(name=name)


async def _find(
    services: Services, account: Account, name: str, version: int | None = None
) -> TemplateVersion:
    found = await services.templates.find(account.id, name, version)
    if found is None:
        raise _unknown()
    return found


def _unknown() -> Problem:
    detail = "This account has no such template or version."
    return Problem(404, ProblemCode.NOT_FOUND, detail)


async def inspect_template(services: Services, account: Account, template: Template) -> Inspection:
    """Check the template in the thread for heavy work, in steps: other accounts use it too.

    Raises Problem with every mistake.
    """
    work = partial(services.costs.work, account)
    try:
        async with services.costs.turn(account):
            await work(partial(check, template))
            longest = {
                tag: await work(partial(explain_longest, template, tag)) for tag in template.texts
            }
            return Inspection(template, longest)
    except InvalidTemplate as error:
        mistakes = [{"at": f"body.{each.at}", "reason": each.problem} for each in error.mistakes]
        raise invalid("The template is not valid.", mistakes) from None
