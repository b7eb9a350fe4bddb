"""What a form to write a message needs: templates, languages, fields of variables, a dry run."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias

import msgspec

from simpost.api.shared.services import Services
from simpost.api.v1.messages.preview import preview_json
from simpost.api.v1.messages.results import STATUS
from simpost.console.compose_form import ComposeForm, InvalidForm
from simpost.console.dry_run import DryRun, show_dry_run
from simpost.console.recipient import ShownEsim
from simpost.domain.accounts import Account
from simpost.domain.reasons import Reason
from simpost.features.automations.service import country_name
from simpost.features.templates.definition import Template, VariableType
from simpost.features.templates.languages import parse_tag
from simpost.messaging.send_request import SendRequest, SendResult

MOST_TEMPLATES: Final = 200
"""Templates that the picker lists, by name."""
Make: TypeAlias = Callable[[ComposeForm], Awaitable[SendRequest]]
_SENT_BEFORE: Final = (
    "This form was sent before with another text, and nothing was sent now. Send it again if you "
    "want a further message."
)
_TEMPLATE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_OPT_OUT_URL: Final = "optOutUrl"
"""This variable gets the opt-out link by itself, where there is one."""


class VariableField(NamedTuple):
    """A field for the value of a variable; without a default it must be filled in."""

    name: str
    is_number: bool
    value: str
    example: str
    default: str | None


class ComposeFields(NamedTuple):
    """What stands in the form beside what was typed.

    Attributes:
        names: of the templates of the account.
        language: of the text that is used if the form names none.
    """

    names: list[str]
    languages: tuple[str, ...]
    language: str
    variables: list[VariableField]


async def find_template(services: Services, account: Account, form: ComposeForm) -> Template | None:
    """The template of the form; `None` without one, or if there is none. Raises StoreError."""
    if not _TEMPLATE_NAME.fullmatch(form.template):
        return None
    found = await services.templates.find(account.id, form.template)
    return found.template if found else None


async def compose_fields(
    services: Services, to: ShownEsim, form: ComposeForm, template: Template | None
) -> ComposeFields:
    """The fields for a form. Raises StoreError."""
    listed = await services.templates.list(to.account.id, after="", limit=MOST_TEMPLATES)
    names = [each.name for each in listed]
    if template is None:
        return ComposeFields(names, (), "", [])
    own = template.language_for(parse_tag(to.esim.language))
    has_link = services.opt_out_links.url_for(
        to.account.id, to.esim.esim_tran_no, to.account.category
    )
    variables = [
        VariableField(
            name,
            variable.type is VariableType.NUMBER,
            form.values.get(name, ""),
            str(variable.longest),
            None if variable.default is None else str(variable.default),
        )
        for name, variable in template.variables.items()
        if not (name == _OPT_OUT_URL and has_link)
    ]
    return ComposeFields(names, template.languages, own, variables)


def with_known_values(to: ShownEsim, form: ComposeForm, template: Template | None) -> ComposeForm:
    """The form with values that are known about the eSIM, where it has none yet."""
    if template is None:
        return form
    language = template.language_for(parse_tag(form.language) or parse_tag(to.esim.language))
    known = {
        name: value
        for name, value in _known_values(to, language).items()
        if name in template.variables
    }
    return msgspec.structs.replace(form, values=known | form.values)


async def attempt_dry_run(
    services: Services, account: Account, form: ComposeForm, make: Make
) -> tuple[DryRun | None, list[str]]:
    """What the dry run of the API returns, or what is wrong with the form; neither for a blank one.

    `make` makes the request of the form. Raises Overdrawn or StoreError.
    """
    if form.is_blank:
        return None, []
    try:
        preview = await preview_json(services, account, await make(form))
    except InvalidForm as error:
        return None, error.problems
    return show_dry_run(json.loads(preview)), []


def refusal_sentence(result: SendResult) -> tuple[str, int]:
    """Why a form sent nothing, and the HTTP status of the page."""
    assert result.reason
    status = STATUS.get(result.reason, HTTPStatus.CONFLICT)
    if result.reason is Reason.REQUEST_ID_REUSED:
        return _SENT_BEFORE, status
    words = f"Nothing was sent. {result.reason.explanation} {result.detail}".rstrip()
    return f"{words} {result.reason.remedy}".rstrip(), status


def _known_values(to: ShownEsim, language: str) -> Mapping[str, str]:
    """Values by the names that automations give them: the country and the data used."""
    known: dict[str, str] = {}
    if to.esim.country:
        known["country"] = country_name(to.esim.country, language)
    if to.facts.used_percent is not None:
        known["percent"] = str(to.facts.used_percent)
    return known
