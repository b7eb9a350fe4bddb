"""The decision, before anything is sent: what will be sent, or the reason why not.

Pure: the same facts give the same answer, for a send as for a dry run.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim, why_not
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.engine.routes import Routing
from simpost.ports.carrier import Address, Traits
from simpost.text import Segments, TooManyParts, segment


class SendPlan(msgspec.Struct, frozen=True):
    """What will be sent, and through whom."""

    carrier: Traits
    destination: str
    category: Category
    encoding: str
    parts: tuple[str, ...]


class Refusal(msgspec.Struct, frozen=True):
    """Why nothing will be sent. `detail` adds the figures a sentence alone cannot know."""

    reason: Reason
    detail: str = ""


def decide(
    account: Account, esim: Esim | None, text: str, category: Category | None, routing: Routing
) -> SendPlan | Refusal:
    """Whose eSIM, what its plan and profile allow, by which route, in how many parts."""
    if esim is None:
        return Refusal(Reason.ESIM_UNKNOWN)
    if reason := why_not(esim):
        return Refusal(reason)
    if not text.strip():
        return Refusal(Reason.TEXT_BLANK)
    first: Refusal | None = None
    for carrier in routing.pick(account.access_code, esim):
        plan = plan_through(carrier, esim, text, category or account.category)
        if isinstance(plan, SendPlan):
            return plan
        first = first or plan
    return first or Refusal(Reason.NO_ROUTE)


def plan_through(carrier: Traits, esim: Esim, text: str, category: Category) -> SendPlan | Refusal:
    """What would be sent through this carrier, or why it cannot take the message."""
    destination = _address(esim, carrier.address)
    if not destination:
        return Refusal(Reason.NO_ADDRESS, f"{carrier.name} delivers to the {carrier.address}")
    try:
        cut = _cut(text, carrier)
    except TooManyParts as error:
        return Refusal(Reason.TOO_MANY_PARTS, f"{error.parts} parts, {error.limit} at most")
    return SendPlan(carrier, destination, category, cut.encoding.label, cut.parts)


def _cut(text: str, carrier: Traits) -> Segments:
    bits: Literal[8, 16] = 8 if carrier.reference_bits == 8 else 16
    return segment(
        text, reference_bits=bits, languages=carrier.languages, max_parts=carrier.max_parts
    )


def _address(esim: Esim, kind: Address) -> str:
    match kind:
        case Address.MSISDN:
            return esim.msisdn
        case Address.IMSI:
            return esim.imsi
        case Address.ICCID:
            return esim.iccid
        case Address.ESIM_TRAN_NO:
            return esim.esim_tran_no
