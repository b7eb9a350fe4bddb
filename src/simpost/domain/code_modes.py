"""Modes of one-time codes: whether codes to a country, plan or prefix are sent or refused."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from simpost.domain.code_budgets import ALL_ACCOUNTS, CodeRefusal
from simpost.domain.policy.budgets import hour_of, period_end_ms
from simpost.domain.policy.quotas import QuotaKey
from simpost.domain.reasons import Reason

_HOUR_MS: Final = 3_600_000
KNOWN_MS: Final = 365 * 86_400_000
"""How long an eSIM is known after a code of it was verified."""
PLAN: Final = "plan:"
"""What the key of a mode begins with if the rest is the slug of a plan."""


class CodeMode(StrEnum):
    """What happens with codes to numbers.

    Attributes:
        ALLOW: they are sent.
        MONITOR: they are sent, and those that `FILTER` would refuse are logged and counted.
        FILTER: they are refused while too few of the prefix are verified.
        KNOWN: they are sent to eSIMs of which the account verified a code before, only.
        BLOCK: they are refused.
    """

    ALLOW = "allow"
    MONITOR = "monitor"
    FILTER = "filter"
    KNOWN = "known"
    BLOCK = "block"


class CodeModes(msgspec.Struct, frozen=True, gc=False):
    """The modes of all numbers.

    Attributes:
        default: of numbers without a mode of their own.
        own: by Alpha-2 code of a country, by the first digits of numbers, or by `plan:` and the
            slug of a plan.
        least_share: of the verifications of a prefix that end in an hour, how many must be
            verified, from 0 to 1.
        least_ended: how many must have ended in the hour before any is refused.
    """

    default: CodeMode = CodeMode.ALLOW
    own: Mapping[str, CodeMode] = {}
    least_share: float = 0.2
    least_ended: int = 30

    def mode_of(self, msisdn: str, plan: str, country: str) -> CodeMode:
        """The mode of the longest prefix of the number, its plan, its country, or the default."""
        if not self.own:
            return self.default
        for length in range(len(msisdn), 0, -1):
            if found := self.own.get(msisdn[:length]):
                return found
        return self.own.get(f"{PLAN}{plan}") or self.own.get(country, self.default)


class PrefixCounts(NamedTuple):
    """Verifications of a prefix that ended in an hour: in all, and those that were verified."""

    ended: int
    verified: int


def prefix_keys(prefix: str, now_ms: int) -> tuple[QuotaKey, QuotaKey]:
    """The keys of the counts of a prefix in this hour: ended, and verified."""
    hour, _ = hour_of(now_ms // _HOUR_MS)
    return (
        QuotaKey(ALL_ACCOUNTS, f"code-ended:{prefix}", hour),
        QuotaKey(ALL_ACCOUNTS, f"code-verified:{prefix}", hour),
    )


def known_key(account_id: int, esim_tran_no: str) -> QuotaKey:
    """The key of the count of an eSIM that is known to an account; it expires with that."""
    return QuotaKey(account_id, f"code-known:{esim_tran_no}", "")


def block_refusal() -> CodeRefusal:
    """The refusal of a code to a number whose mode is `BLOCK`."""
    return CodeRefusal(Reason.CODE_BLOCKED, "", None)


def unknown_refusal() -> CodeRefusal:
    """The refusal of a code to an eSIM that is not known, where the mode is `KNOWN`."""
    return CodeRefusal(Reason.CODE_ESIM_NOT_KNOWN, "", None)


def filter_refusal(
    modes: CodeModes, prefix: str, counts: PrefixCounts, now_ms: int
) -> CodeRefusal | None:
    """The refusal of a code to a prefix of which too few were verified; `None` if enough were."""
    if counts.ended < modes.least_ended or counts.verified >= modes.least_share * counts.ended:
        return None
    hour, _ = hour_of(now_ms // _HOUR_MS)
    detail = (
        f"{counts.verified} of {counts.ended} verified in the hour {hour}, "
        f"at least {modes.least_share:.0%} wanted."
    )
    return CodeRefusal(Reason.CODE_FILTERED, f"code:filter:{prefix}", period_end_ms(hour), detail)
