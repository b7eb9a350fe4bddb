"""The page behind a link in a message: a traveller sees and changes what they get.

No sign-in and no script. GET only shows: phones and scanners open links by themselves. The button
sends a POST, whose query says what to do; its body is not read.
"""

from __future__ import annotations

from html import escape
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from simpost.api.shared.auth import ServicesDep
from simpost.api.shared.services import Services
from simpost.domain.accounts import Account
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import Way
from simpost.domain.policy.preferences import REFUSABLE
from simpost.errors import UnknownEsim
from simpost.features.preferences.links import PATH, LinkTarget
from simpost.features.preferences.phrases import ENGLISH, PHRASES, Phrases, choose_language
from simpost.features.preferences.service import CurrentPreferences, WantedChange

router = APIRouter(include_in_schema=False)

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cache-Control": "no-store",
}
_PAGE: Final = """\
<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 1.1em/1.5 system-ui, sans-serif; max-width: 32em; margin: 2em auto;
  padding: 0 1em; color: #1c1c1e; background: #fff; }}
h1 {{ font-size: 1.4em; }}
h2 {{ font-size: 1.1em; margin: 1.5em 0 0; }}
p {{ margin: .3em 0; }}
button {{ font: inherit; padding: .6em 1.2em; border: 1px solid #1c1c1e; border-radius: .4em;
  background: #1c1c1e; color: #fff; }}
.note {{ margin-top: 2em; color: #57575c; }}
</style>
</head>
<body>
<h1>{title}</h1>
{content}
</body>
</html>
"""
_CHOICE: Final = """\
<h2>{label}</h2>
<p>{state}</p>
<form method="post" action="?category={category}&amp;allowed={allowed}">
<button type="submit">{button}</button></form>"""


@router.get(PATH + "{token}")
async def show_choices(token: str, services: ServicesDep) -> HTMLResponse:
    """The present state. Changes nothing."""
    found = await _find(services, token)
    if found is None:
        return _invalid()
    account, target, current = found
    language = choose_language(current.language, account.language)
    phrases = PHRASES[language]
    choices = [_choice(phrases, category, current) for category in _shown(target)]
    content = "\n".join([*choices, f'<p class="note">{escape(phrases.always)}</p>'])
    title = f"{account.name}: {phrases.title}" if account.name else phrases.title
    page = _PAGE.format(language=language, title=escape(title), content=content)
    return HTMLResponse(page, headers=_HEADERS)


@router.post(PATH + "{token}")
async def change_choice(
    token: str,
    services: ServicesDep,
    category: Annotated[str, Query()] = "",
    allowed: Annotated[str, Query()] = "",
) -> Response:
    """Save the choice, then show the present state."""
    found = await _find(services, token)
    if found is None:
        return _invalid()
    account, target, _ = found
    if category in _shown(target) and allowed in ("yes", "no"):
        wanted = WantedChange(Way.LINK, {Category(category): allowed == "yes"})
        await services.preferences.change(account, target.esim_tran_no, wanted)
    return Response(status_code=303, headers={**_HEADERS, "Location": token})


async def _find(
    services: Services, token: str
) -> tuple[Account, LinkTarget, CurrentPreferences] | None:
    target = services.opt_out_links.parse(token)
    account = services.accounts.by_id(target.account_id) if target else None
    if target is None or account is None:
        return None
    try:
        current = await services.preferences.find(account, target.esim_tran_no)
    except UnknownEsim:
        return None
    return account, target, current


def _shown(target: LinkTarget) -> list[Category]:
    """The category of the message first, then those that STOP usually ends."""
    also = (Category.PROMOTION, Category.NOTICE)
    return [target.category, *(each for each in also if each != target.category)]


def _choice(phrases: Phrases, category: Category, current: CurrentPreferences) -> str:
    assert category in REFUSABLE
    is_allowed = current.allowances[category].allowed
    return _CHOICE.format(
        label=escape(phrases.labels[category]),
        state=escape(phrases.on if is_allowed else phrases.off),
        category=category.value,
        allowed="no" if is_allowed else "yes",
        button=escape(phrases.stop if is_allowed else phrases.start),
    )


def _invalid() -> HTMLResponse:
    phrases = PHRASES[ENGLISH]
    content = f"<p>{escape(phrases.invalid)}</p>"
    page = _PAGE.format(language=ENGLISH, title=escape(phrases.title), content=content)
    return HTMLResponse(page, status_code=404, headers=_HEADERS)
