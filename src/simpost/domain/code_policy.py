"""What an account has of its own in place of the settings of verifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from simpost.domain.code_budgets import CodeBudget


class CodePolicy(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The policy of an account; a field that is `None` is as the settings have it.

    Attributes:
        language: of texts to eSIMs without a language of their own.
        sender: shown on the handset if the request has none.
        sends_per_hour, sends_per_day: of the budgets that count for an account. Those of an eSIM
            count for all accounts and are settings only.
    """

    digits: int | None = None
    life_s: int | None = None
    max_checks: int | None = None
    max_sends: int | None = None
    resend_wait_s: int | None = None
    repeat_code: bool | None = None
    language: str | None = None
    sender: str | None = None
    sends_per_hour: Mapping[CodeBudget, int] | None = None
    sends_per_day: Mapping[CodeBudget, int] | None = None


NO_POLICY: Final = CodePolicy()
