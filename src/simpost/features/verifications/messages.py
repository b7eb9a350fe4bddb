"""The messages that carry codes."""

from __future__ import annotations

from msgspec.structs import replace

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.features.verifications.requests import StartRequest
from simpost.features.verifications.texts import code_text
from simpost.messaging.plan import Refusal, SendOptions, SendPlan, plan_for_carrier
from simpost.messaging.send_request import SendRequest
from simpost.ports.store import NewMessage


def code_request(
    account: Account, esim: Esim | None, wanted: StartRequest, code: str
) -> SendRequest:
    """The request to send a code; to the eSIM that the caller named if it is not known."""
    policy = account.code_policy
    own_language = (esim.language if esim else "") or policy.language
    language = wanted.language or own_language or account.language
    return SendRequest(
        esim_tran_no=esim.esim_tran_no if esim else wanted.esim_tran_no,
        iccid=None if esim else wanted.iccid,
        msisdn=None if esim else wanted.msisdn,
        text=code_text(code, language, wanted.ending),
        category=Category.CODE,
        options=SendOptions(sender=wanted.sender or policy.sender),
    )


def with_text(
    message: NewMessage, plan: SendPlan, esim: Esim, request: SendRequest
) -> NewMessage | None:
    """The message of a plan with the text of this request, by the same carrier.

    `None` if the text takes another number of parts: the message may have places for its own.
    """
    other = plan_for_carrier(plan.carrier, esim, request.text, plan.category, request.options)
    if isinstance(other, Refusal) or len(other.parts) != len(plan.parts):
        return None
    return replace(
        message,
        text=other.text,
        encoding=other.encoding,
        parts=other.parts,
        options=other.options,
        part_count=other.part_count,
    )
