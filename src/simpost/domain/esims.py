"""eSIMs and plans: the facts that the decision to send is based on.

Words and values are those of the eSIM trade's APIs (smsStatus, smdpStatus, esimStatus).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

import msgspec

from simpost.domain.reasons import Reason


class SmsStatus(IntEnum):
    """The senders that eSIMs of a plan accept SMS from."""

    UNSUPPORTED = 0
    API_AND_PHONE = 1
    API_ONLY = 2


class SmdpStatus(StrEnum):
    """The state of the profile, as the SM-DP+ reports it."""

    RELEASED = "RELEASED"
    DOWNLOAD = "DOWNLOAD"
    INSTALLATION = "INSTALLATION"
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    DELETED = "DELETED"


class EsimStatus(StrEnum):
    """The state of the eSIM's order."""

    CREATE = "CREATE"
    PAYING = "PAYING"
    PAID = "PAID"
    GETTING_RESOURCE = "GETTING_RESOURCE"
    GOT_RESOURCE = "GOT_RESOURCE"
    IN_USE = "IN_USE"
    USED_UP = "USED_UP"
    UNUSED_EXPIRED = "UNUSED_EXPIRED"
    USED_EXPIRED = "USED_EXPIRED"
    CANCEL = "CANCEL"
    SUSPENDED = "SUSPENDED"
    REVOKE = "REVOKE"
    REVOKED = "REVOKED"


class Esim(msgspec.Struct, frozen=True, gc=False):
    """The facts about one eSIM for a decision. Absent identifiers are empty strings.

    Attributes:
        coverage: countries of its plan, as in `location` of the plan.
        country, language, choices, open_hours: of the traveller, as in `Recipient`.
    """

    esim_tran_no: str
    iccid: str
    msisdn: str
    imsi: str
    smdp_status: str
    esim_status: str
    sms_status: int | None
    """The smsStatus of the eSIM, otherwise of its plan; `None` if neither is known."""
    package_code: str = ""
    slug: str = ""
    retired: bool = False
    coverage: str = ""
    country: str = ""
    language: str = ""
    choices: str = ""
    open_hours: str = ""


_FORBIDDING_ORDER: dict[str, Reason] = {
    EsimStatus.CREATE: Reason.ORDER_PENDING,
    EsimStatus.PAYING: Reason.ORDER_PENDING,
    EsimStatus.PAID: Reason.ORDER_PENDING,
    EsimStatus.GETTING_RESOURCE: Reason.ORDER_PENDING,
    EsimStatus.CANCEL: Reason.ESIM_CANCELLED,
    EsimStatus.REVOKE: Reason.ESIM_REVOKED,
    EsimStatus.REVOKED: Reason.ESIM_REVOKED,
    EsimStatus.USED_EXPIRED: Reason.ESIM_EXPIRED,
    EsimStatus.UNUSED_EXPIRED: Reason.ESIM_EXPIRED,
    EsimStatus.SUSPENDED: Reason.ESIM_SUSPENDED,
}
_FORBIDDING_PROFILE: dict[str, Reason] = {
    SmdpStatus.RELEASED: Reason.NOT_INSTALLED,
    SmdpStatus.DOWNLOAD: Reason.NOT_INSTALLED,
    SmdpStatus.DELETED: Reason.PROFILE_DELETED,
}
_OPEN_ORDERS = frozenset({EsimStatus.GOT_RESOURCE, EsimStatus.IN_USE, EsimStatus.USED_UP})
_UNSUPPORTED = SmsStatus.UNSUPPORTED
_INSTALLED = frozenset({SmdpStatus.INSTALLATION, SmdpStatus.ENABLED, SmdpStatus.DISABLED})


def blocking_reason(esim: Esim) -> Reason | None:
    """The reason why the API cannot send to this eSIM now; `None` if it can.

    A disabled profile can: the carrier keeps the message until it is enabled again.
    """
    if esim.retired:
        return Reason.ESIM_RETIRED
    if esim.sms_status is None:
        return Reason.PLAN_UNKNOWN
    if esim.sms_status == _UNSUPPORTED:
        return Reason.SMS_NOT_SUPPORTED
    if esim.esim_status not in _OPEN_ORDERS:
        return _FORBIDDING_ORDER.get(esim.esim_status, Reason.ESIM_STATE_UNKNOWN)
    if esim.smdp_status not in _INSTALLED:
        return _FORBIDDING_PROFILE.get(esim.smdp_status, Reason.ESIM_STATE_UNKNOWN)
    return None
