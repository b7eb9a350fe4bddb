"""A request to the console: its cookie, its form, and whether it came from our own page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from simpost.api.shared.request_body import read_body
from simpost.api.shared.services import Services
from simpost.api.shared.wrong_credentials import network_of
from simpost.console.file_form import SentFile
from simpost.console.live_streams import LiveStreams
from simpost.console.page import Pages
from simpost.domain.accounts import Account
from simpost.domain.console_users import (
    ConsoleRole,
    ConsoleSession,
    ConsoleUser,
    form_token,
    parse_act,
)
from simpost.errors import UnknownAccount

MAX_FORM_OCTETS: Final = 8_192
LARGE_FORM_OCTETS: Final = 131_072
"""Of a form with texts: a character of one takes up to 12 octets in a form."""
_MAX_FIELDS, _LARGE_FIELDS = 20, 400
"""Fields of a form, and of a large one."""
_PLAIN, _SECURE = "simpost_console", "__Host-simpost_console"


@dataclass(slots=True)
class PageRequest:
    """A request of a signed-in user.

    Attributes:
        streams: the open streams of all pages.
        token: of the session, as the cookie has it.
        form: the fields of a POST; empty for a GET.
        file: of a form that has one.
    """

    services: Services
    pages: Pages
    request: Request
    streams: LiveStreams = field(default_factory=LiveStreams)
    token: str = ""
    session: ConsoleSession | None = None
    signed_in: ConsoleUser | None = None
    form: dict[str, str] = field(default_factory=dict)
    file: SentFile | None = None

    @property
    def user(self) -> ConsoleUser:
        """The user. Pages behind the sign-in have one."""
        assert self.signed_in
        return self.signed_in

    @property
    def address(self) -> str:
        """The address of the client; `-` if it is not known."""
        client = self.request.client
        return client.host if client and network_of(client.host) != "-" else "-"

    @property
    def form_token(self) -> str:
        """What every form of this session carries."""
        return form_token(self.token) if self.token else ""

    def account_of(self, access_code: str) -> Account | None:
        """The account, if it exists and the user sees it."""
        account = self.services.accounts.get(access_code)
        return account if account and self.user.may_see(account.id) else None

    @property
    def accounts(self) -> list[Account]:
        """The accounts that the user sees."""
        return [each for each in self.services.accounts.all() if self.user.may_see(each.id)]

    def path_account(self) -> Account:
        """The account that the path names. Raises UnknownAccount."""
        account = self.account_of(self.request.path_params["account"])
        if account is None:
            raise UnknownAccount
        return account

    def may(self, role: ConsoleRole) -> bool:
        """Whether the user may do what this role may."""
        return self.user.role.includes(role)

    @property
    def new_act(self) -> str:
        """What a form carries for an act that happens once."""
        return self.services.console_users.begin_act(self.token)

    @property
    def act_id(self) -> bytes | None:
        """The id of the act of the form; `None` if a form of this session has none."""
        return parse_act(self.form.get("act", ""), self.token)

    async def audit(
        self,
        action: str,
        target: str,
        account_id: int | None = None,
        act_id: bytes | None = None,
    ) -> bool:
        """Write what the user is about to do; `False` if the act was written before."""
        return await self.services.console_users.audit(
            self.user,
            action,
            target,
            account_id=account_id,
            address=self.address,
            act_id=act_id,
        )


def cookie_name(request: Request) -> str:
    """The name of the session cookie. With TLS no other host or path can have set `__Host-`."""
    return _SECURE if request.url.scheme == "https" else _PLAIN


def cookie(request: Request, token: str) -> str:
    """The Set-Cookie of a session; it ends with the browser. An empty token deletes it."""
    parts = [f"{cookie_name(request)}={token}", "Path=/", "HttpOnly", "SameSite=Strict"]
    if request.url.scheme == "https":
        parts.append("Secure")
    if not token:
        parts.append("Max-Age=0")
    return "; ".join(parts)


def is_own_page(request: Request) -> bool:
    """Whether a browser says that one of our own pages sent the request.

    Sec-Fetch-Site decides; browsers leave it out on plain HTTP, where Origin does.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    try:
        origin = urlsplit(request.headers.get("origin", ""))
    except ValueError:
        return False
    return bool(origin.netloc) and origin.netloc == request.headers.get("host")


async def read_form(
    services: Services, request: Request, most_octets: int = MAX_FORM_OCTETS
) -> dict[str, str] | None:
    """The fields of a form; `None` if it is not one, or the client is gone.

    Raises BodyTooLarge, BodyTooSlow or BodiesFull.
    """
    body = await read_body(request.receive, most_octets, budget=services.unproven)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body is None or kind != "application/x-www-form-urlencoded":
        return None
    try:
        pairs = parse_qsl(
            body.decode(),
            keep_blank_values=True,
            max_num_fields=_MAX_FIELDS if most_octets <= MAX_FORM_OCTETS else _LARGE_FIELDS,
            errors="strict",
        )
    except ValueError:
        return None
    return dict(pairs)
