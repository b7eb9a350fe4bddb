"""A row of the table of pages: what a page module exports, and who may use it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias

from starlette.responses import Response

from simpost.console.request import MAX_FORM_OCTETS, PageRequest
from simpost.domain.console_users import ConsoleRole, ConsoleUser

Handler: TypeAlias = Callable[[PageRequest], Awaitable[Response]]


class ConsolePage(NamedTuple):
    """One page or button.

    Attributes:
        role: the least role that may use it; `None`: without sign-in.
        is_installation: only for users who see all accounts.
        title: its name in the navigation; empty: it is not there.
        form_octets: the largest form that it takes.
        has_file: the form is `multipart/form-data`, with one file.
        is_live: a stream of a page that refreshes itself: it keeps nobody signed in.
        is_enrolment: also for users who must switch on an authenticator first.
    """

    method: str
    path: str
    handler: Handler
    role: ConsoleRole | None = ConsoleRole.VIEWER
    is_installation: bool = False
    title: str = ""
    form_octets: int = MAX_FORM_OCTETS
    has_file: bool = False
    is_enrolment: bool = False
    is_live: bool = False

    def admits(self, user: ConsoleUser) -> bool:
        """Whether the user may use it."""
        has_role = self.role is None or user.role.includes(self.role)
        return has_role and not (self.is_installation and user.account_id is not None)
