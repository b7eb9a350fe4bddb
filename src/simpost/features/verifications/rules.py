"""The rules of verifications: settings, and the policy of an account over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simpost.config.verifications import VerificationSettings
from simpost.domain.code_budgets import CodeBudget, CodeLimits
from simpost.domain.code_modes import CodeModes
from simpost.domain.code_policy import CodePolicy
from simpost.domain.verifications import VerificationRules


class AccountRules(NamedTuple):
    """What applies to the verifications of an account."""

    life: VerificationRules
    limits: CodeLimits


def rules_of(settings: VerificationSettings, policy: CodePolicy) -> AccountRules:
    """The rules of an account with this policy."""
    life_s = _own(policy.life_s, settings.life_s)
    return AccountRules(
        VerificationRules(
            digits=_own(policy.digits, settings.digits),
            life_ms=1000 * life_s,
            longest_life_ms=1000 * max(life_s, settings.longest_life_s),
            max_checks=_own(policy.max_checks, settings.max_checks),
            max_sends=_own(policy.max_sends, settings.max_sends),
            # Not before the eSIM may be sent the next code.
            resend_wait_ms=1000
            * max(_own(policy.resend_wait_s, settings.resend_wait_s), settings.esim_wait_s),
            max_wrong_guesses=settings.max_wrong_guesses,
            repeat_code=settings.repeat_code if policy.repeat_code is None else policy.repeat_code,
        ),
        CodeLimits(
            esim_wait_ms=1000 * settings.esim_wait_s,
            hour=_own_limits(settings.sends_per_hour, policy.sends_per_hour),
            day=_own_limits(settings.sends_per_day, policy.sends_per_day),
        ),
    )


def modes_of(settings: VerificationSettings) -> CodeModes:
    """The modes that the settings give."""
    return CodeModes(
        default=settings.mode,
        own=settings.modes,
        least_share=settings.filter_share,
        least_ended=settings.filter_ended,
    )


def _own(own: int | None, setting: int) -> int:
    return setting if own is None else own


def _own_limits(
    settings: dict[CodeBudget, int], own: Mapping[CodeBudget, int] | None
) -> dict[CodeBudget, int]:
    limits = dict(settings)
    limits.update((own or {}).items())
    limits[CodeBudget.ESIM] = settings[CodeBudget.ESIM]
    return limits
