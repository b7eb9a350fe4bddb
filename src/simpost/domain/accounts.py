"""Accounts of the API and their credentials."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from simpost.domain.code_policy import NO_POLICY, CodePolicy
from simpost.domain.messages import Category
from simpost.domain.policy.budgets import Budget


class Dialect(StrEnum):
    """The two documented dialects of the compatible API."""

    HIROAMING = "hiroaming"
    ESIM_ACCESS = "esim_access"


class Account(msgspec.Struct, frozen=True):
    """A customer of the API.

    Attributes:
        secret: in clear, in memory only; the store holds it sealed.
        access_code_only: the access code alone is accepted as the credential.
        ip_allow: networks in CIDR notation the caller may come from; empty means any.
        requests_per_s: 0 means no limit.
        look_alikes: texts are sent with look-alikes where that saves parts, unless a request says
            otherwise.
        events: what happens to its messages is written to its event log.
        language: default language of its templates, as a tag such as pt-BR.
        detect_codes: texts of the compatible API that look like one-time codes, and come without
            a category, have the category `code`.
        budgets: most parts and cost of what it may send; empty: no limit.
        code_policy: of its verifications.
        choices, open_hours: defaults for its eSIMs, as in `Recipient`.
    """

    id: int
    access_code: str
    secret: str
    name: str = ""
    dialect: Dialect = Dialect.HIROAMING
    access_code_only: bool = False
    ip_allow: tuple[str, ...] = ()
    requests_per_s: float = 8.0
    category: Category = Category.SERVICE
    webhook: str = ""
    enabled: bool = True
    look_alikes: bool = False
    events: bool = False
    language: str = "en"
    detect_codes: bool = False
    budgets: tuple[Budget, ...] = ()
    code_policy: CodePolicy = NO_POLICY
    choices: str = ""
    open_hours: str = ""

    def __repr__(self) -> str:
        return f"Account({self.id}, {self.access_code!r})"


class AccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of one account. A field that is `None` stays unchanged.

    The rest is never written back from memory: another writer may have changed it since.
    """

    id: int
    access_code: str
    secret: str | None = None
    name: str | None = None
    dialect: Dialect | None = None
    access_code_only: bool | None = None
    ip_allow: tuple[str, ...] | None = None
    requests_per_s: float | None = None
    category: Category | None = None
    webhook: str | None = None
    enabled: bool | None = None
    look_alikes: bool | None = None
    events: bool | None = None
    language: str | None = None
    detect_codes: bool | None = None
    budgets: tuple[Budget, ...] | None = None
    code_policy: CodePolicy | None = None

    def __repr__(self) -> str:
        return f"AccountChange({self.id}, {self.access_code!r})"
