"""What a broadcast would do: the size of its audience, and the decisions on the first eSIMs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from simpost.domain.accounts import Account
from simpost.domain.broadcast_sentences import reachable
from simpost.domain.broadcasts import Audience, Broadcast
from simpost.domain.esims import Esim
from simpost.domain.reasons import Reason
from simpost.features.broadcasts.local_time import local_due_ms
from simpost.features.broadcasts.messages import BroadcastMessages, BroadcastTemplate
from simpost.messaging.decision import Hold
from simpost.messaging.intake import Intake
from simpost.messaging.plan import Refusal, SendPlan
from simpost.messaging.send_request import SendRequest
from simpost.ports.store import Store
from simpost.ports.store.broadcasts import PREPARE_STEP

PREVIEW_ESIMS: Final = 500
"""eSIMs that a preview decides; it counts the others."""
_MOST_COUNTED: Final = 2_000_000
_OF_TEMPLATE: Final = (
    Reason.TEMPLATE_UNKNOWN,
    Reason.TEMPLATE_VALUE_MISSING,
    Reason.TEMPLATE_VALUE_INVALID,
)


class LanguageSample(msgspec.Struct, frozen=True):
    """The text of one language, as the first eSIM with it would get it."""

    language: str
    esim_tran_no: str
    text: str


class BroadcastPreview(msgspec.Struct, frozen=True):
    """What a broadcast would do; the first PREVIEW_ESIMS eSIMs are decided, as at its start.

    Attributes:
        total: eSIMs of the audience, 2,000,000 at most.
        decided: how many of them were decided.
        held_from_ms, held_until_ms: when the first and the last of those held are decided again.
        parts: of the messages that would be sent or held; cost: theirs, in 1/10,000 cost unit.
        unpriced: how many of these messages have no known price; each part counts a unit.
        seconds: how long all take at its pace.
        too_late: eSIMs that it does not reach before `notAfter`.
    """

    total: int
    decided: int
    sends: int
    holds: int
    refusals: Mapping[Reason, int]
    parts: int
    cost: int
    unpriced: int
    samples: Sequence[LanguageSample]
    seconds: int
    too_late: int
    held_from_ms: int | None = None
    held_until_ms: int | None = None


class BroadcastPreviews:
    """Makes previews; stores and sends nothing."""

    def __init__(self, store: Store, intake: Intake, messages: BroadcastMessages) -> None:
        self._store = store.broadcasts
        self._intake = intake
        self._messages = messages

    async def preview(
        self, account: Account, broadcast: Broadcast, now_ms: int
    ) -> BroadcastPreview:
        """What it would do at its start. Raises StoreError."""
        esims, total = await self._audience(broadcast)
        template = await self._messages.find_template(account, broadcast)
        from_ms = max(now_ms, broadcast.start_ms)
        refusals: Counter[Reason] = Counter()
        samples: dict[str, LanguageSample] = {}
        held_until: list[int] = []
        sends = parts = amount = unpriced = 0
        for esim in esims:
            facts = await self._messages.find_esim(broadcast, esim)
            made = await self._request(broadcast, facts, template)
            if isinstance(made, Refusal):
                refusals[made.reason] += 1
                continue
            at_ms = _decided_ms(broadcast, facts, from_ms)
            decision = (await self._intake.preview(account, made, at_ms=at_ms)).decision
            if isinstance(decision, Refusal):
                refusals[decision.reason] += 1
                continue
            plan = decision.plan if isinstance(decision, Hold) else decision
            assert isinstance(plan, SendPlan)
            if isinstance(decision, Hold):
                held_until.append(decision.until_ms)
            else:
                sends += 1
            parts += plan.part_count
            cost = plan.carrier.prices.cost_of(facts, plan.part_count)
            amount += cost.amount
            unpriced += not cost.is_known
            assert made.options.template
            language = made.options.template.language
            samples.setdefault(language, LanguageSample(language, esim, made.text))
        in_time = reachable(broadcast.per_s, from_ms, broadcast.not_after_ms)
        return BroadcastPreview(
            total=total,
            decided=len(esims),
            sends=sends,
            holds=len(held_until),
            refusals=dict(refusals),
            parts=parts,
            cost=amount,
            unpriced=unpriced,
            samples=[samples[language] for language in sorted(samples)],
            seconds=math.ceil(total / broadcast.per_s),
            too_late=max(0, total - in_time),
            held_from_ms=min(held_until, default=None),
            held_until_ms=max(held_until, default=None),
        )

    async def with_version(self, account: Account, broadcast: Broadcast) -> Broadcast | Refusal:
        """The broadcast with the latest version of its template, which it sends to all.

        A refusal if there is no such template, if it declares no variable for a value, or if it has
        no text with the values for the first eSIM of the audience. Raises StoreError.
        """
        template = await self._messages.find_template(account, broadcast)
        if template is None:
            return Refusal(Reason.TEMPLATE_UNKNOWN)
        if undeclared := broadcast.values.keys() - template.variables:
            detail = f"The template declares no variable {min(undeclared)}."
            return Refusal(Reason.TEMPLATE_VALUE_INVALID, detail)
        found = replace(broadcast, template_version=template.version)
        esims, _ = await self._audience(found, most=1)
        for esim in esims:
            facts = await self._messages.find_esim(found, esim)
            made = await self._request(found, facts, template)
            if isinstance(made, Refusal) and made.reason in _OF_TEMPLATE:
                return made
        return found

    async def _request(
        self, broadcast: Broadcast, esim: Esim | None, template: BroadcastTemplate | None
    ) -> SendRequest | Refusal:
        if template is None:
            return Refusal(Reason.TEMPLATE_UNKNOWN)
        return await self._messages.request(broadcast, esim, template)

    async def _audience(
        self, broadcast: Broadcast, most: int = _MOST_COUNTED
    ) -> tuple[list[str], int]:
        """The first eSIMs of an audience, and how many it has."""
        account_id, audience = broadcast.account_id, broadcast.audience
        if broadcast.file_id is not None:
            return await self._of_file(account_id, broadcast.file_id, audience, most)
        first: list[str] = []
        total = 0
        if audience.esims:
            named = list(dict.fromkeys(audience.esims))
            for start in range(0, len(named), PREVIEW_ESIMS):
                page = named[start : start + PREVIEW_ESIMS]
                found = await self._store.match_named(account_id, audience, page)
                total += len(found)
                first += found[: PREVIEW_ESIMS - len(first)]
                if total >= most:
                    break
            return first[:most], total
        place: tuple[int, str] | None = (0, "")
        while place is not None and total < most:
            found, place = await self._store.audience_page(
                account_id, audience, after=place, limit=PREPARE_STEP
            )
            total += len(found)
            first += found[: PREVIEW_ESIMS - len(first)]
        return first[:most], total

    async def _of_file(
        self, account_id: int, file_id: bytes, audience: Audience, most: int
    ) -> tuple[list[str], int]:
        first: list[str] = []
        total = 0
        line: int | None = 0
        while line is not None and total < most:
            found, line = await self._store.match_file(
                account_id, file_id, audience, after=line, limit=PREPARE_STEP
            )
            total += len(found)
            first += found[: PREVIEW_ESIMS - len(first)]
        return first[:most], total


def _decided_ms(broadcast: Broadcast, esim: Esim | None, from_ms: int) -> int:
    minute = broadcast.local_minute
    return from_ms if minute is None or esim is None else local_due_ms(esim, minute, from_ms)
