"""The facts of an eSIM as JSON shows them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from simpost.api.shared.schemas import Schema, Time, show_time
from simpost.domain.esims import Esim
from simpost.domain.lifecycle import EsimFacts


class UsageOut(Schema):
    """The latest report of the data that was used. Octets are null if only a percentage is."""

    plan: str | None
    used_percent: int | None
    remaining_octets: int | None
    total_octets: int | None
    at: Time


class EsimFactsOut(Schema):
    """An eSIM. `...At` is when it happened, as the first or latest report says; null: unknown."""

    esim_tran_no: str
    iccid: str
    smdp_status: str
    smdp_status_at: Time | None
    esim_status: str
    esim_status_at: Time | None
    country: str | None = Field(description="Where it is now: ISO 3166-1 Alpha-2.")
    country_at: Time | None
    usage: UsageOut | None
    expires_at: Time | None = Field(description="When the plan ends.")
    ready_at: Time | None
    downloaded_at: Time | None
    installed_at: Time | None
    attached_at: Time | None = Field(description="When it first attached to a network.")
    used_at: Time | None = Field(description="When its data was first used.")
    expired_at: Time | None
    sms_lost_at: Time | None = Field(description="When its number was taken away.")
    tags: list[str]


def show_esim(esim: Esim, facts: EsimFacts, tags: Sequence[str]) -> EsimFactsOut:
    """The eSIM with its facts and tags."""
    usage = None
    if facts.usage_at_ms:
        usage = UsageOut(
            plan=facts.plan or None,
            used_percent=facts.used_percent,
            remaining_octets=facts.remaining_octets,
            total_octets=facts.total_octets,
            at=show_time(facts.usage_at_ms) or "",
        )
    return EsimFactsOut(
        esim_tran_no=esim.esim_tran_no,
        iccid=esim.iccid,
        smdp_status=esim.smdp_status,
        smdp_status_at=show_time(facts.profile_at_ms or None),
        esim_status=esim.esim_status,
        esim_status_at=show_time(facts.status_at_ms or None),
        country=esim.country or None,
        country_at=show_time(facts.country_at_ms or None),
        usage=usage,
        expires_at=show_time(facts.expires_ms),
        ready_at=show_time(facts.ready_ms),
        downloaded_at=show_time(facts.downloaded_ms),
        installed_at=show_time(facts.installed_ms),
        attached_at=show_time(facts.attached_ms),
        used_at=show_time(facts.used_ms),
        expired_at=show_time(facts.expired_ms),
        sms_lost_at=show_time(facts.sms_lost_ms),
        tags=list(tags),
    )
