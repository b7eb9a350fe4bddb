"""Refuses messages of a category that the recipient does not want."""

from __future__ import annotations

from typing import Final

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.policy.preferences import DecidedBy, find_allowance
from simpost.domain.reasons import Reason
from simpost.messaging.plan import Refusal

_DETAILS: Final = {
    DecidedBy.ESIM: "A choice for this eSIM: {category}=no.",
    DecidedBy.ACCOUNT: "The default of the account: {category}=no.",
}


def find_opt_out(account: Account, esim: Esim, category: Category) -> Refusal | None:
    """The refusal that says who decided it; `None` when the category is allowed."""
    if not esim.choices and not account.choices:
        return None
    found = find_allowance(category, esim.choices, account.choices)
    if found.allowed:
        return None
    return Refusal(Reason.OPTED_OUT, _DETAILS[found.decided_by].format(category=category))
