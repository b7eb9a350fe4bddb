"""The decision of a dry run, as JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simpost.api.shared.schemas import (
    ReasonDetail,
    ReplacedCharacter,
    Schema,
    Time,
    reason_detail,
    show_replaced,
    show_time,
)
from simpost.api.shared.services import Services
from simpost.api.shared.ucs2_triggers import Ucs2Trigger, show_ucs2_triggers
from simpost.api.v1.messages.decisions import RuleOut, show_rules
from simpost.api.v1.templates.fields import TemplateRefOut, show_template_ref
from simpost.domain.accounts import Account
from simpost.domain.messages import Category
from simpost.messaging.decision import Hold
from simpost.messaging.explanation import Explained
from simpost.messaging.plan import Refusal
from simpost.messaging.send_request import SendRequest
from simpost.ports.carrier import CarrierCapabilities
from simpost.text import explain, parse_encoding, segment_octets


class Preview(Schema):
    """The decision that sending would get now; nothing is committed and nothing is sent."""

    decision: Literal["send", "hold", "refuse"]
    reason: ReasonDetail | None
    held_until: Time | None
    carrier: str | None
    to: str | None
    sender: str | None = Field(serialization_alias="from")
    category: Category | None
    encoding: str
    part_count: int
    segments: list[str]
    replaced: list[ReplacedCharacter]
    ucs2_triggers: list[Ucs2Trigger]
    template: TemplateRefOut | None
    rules: list[RuleOut]


async def preview_json(services: Services, account: Account, wanted: SendRequest) -> str:
    """A `Preview` as JSON. Raises Overdrawn or StoreError."""
    explained = await services.intake.preview(account, wanted)
    async with services.costs.turn(account):
        return await services.costs.work(
            account, lambda: preview(explained, wanted).model_dump_json(by_alias=True)
        )


def preview(explained: Explained, wanted: SendRequest) -> Preview:
    """The decision about a request, with the parts that it would have."""
    decision, rules = explained.decision, show_rules(explained.trace)
    is_binary, source = wanted.options.binary, show_template_ref(wanted.options.template)
    if not isinstance(decision, Refusal):
        hold = decision if isinstance(decision, Hold) else None
        plan = decision.plan if isinstance(decision, Hold) else decision
        carrier = plan.carrier
        return Preview(
            decision="hold" if hold else "send",
            reason=reason_detail(hold.reason) if hold else None,
            held_until=show_time(hold.until_ms) if hold else None,
            carrier=carrier.name,
            to=plan.destination,
            sender=plan.sender,
            category=plan.category,
            encoding=plan.encoding,
            part_count=plan.part_count,
            segments=list(plan.segments or plan.parts),
            replaced=show_replaced(plan.options.replaced),
            ucs2_triggers=[] if is_binary else _ucs2_triggers(plan.text, carrier),
            template=source,
            rules=rules,
        )
    encoding, segments = ("gsm7", ()) if wanted.refusal else _cost(wanted)
    return Preview(
        decision="refuse",
        reason=reason_detail(decision.reason, decision.detail),
        held_until=None,
        carrier=None,
        to=None,
        sender=None,
        category=None,
        encoding=encoding,
        part_count=len(segments),
        segments=list(segments),
        replaced=[],
        ucs2_triggers=[] if is_binary else _ucs2_triggers(wanted.text, None),
        template=source,
        rules=rules,
    )


def _cost(wanted: SendRequest) -> tuple[str, tuple[str, ...]]:
    """Encoding and segments of a refused message, for a carrier that takes GSM 7 bit and UCS-2."""
    if wanted.options.binary:
        ports = wanted.options.ports
        octets = bytes.fromhex(wanted.text)
        return "binary", segment_octets(octets, ports=ports).parts
    segments = explain(wanted.text).segments
    return segments.encoding.label, segments.parts


def _ucs2_triggers(text: str, carrier: CarrierCapabilities | None) -> list[Ucs2Trigger]:
    """Characters that the default alphabet of the carrier does not have."""
    default = parse_encoding(carrier.alphabet if carrier else "gsm7")
    return show_ucs2_triggers(explain(text, default=default))
