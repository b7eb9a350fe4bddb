"""Requests and responses of /v1/verifications. No response has a code."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Any, Final

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    model_validator,
)

from simpost.api.shared.error_messages import Matching
from simpost.api.shared.schemas import Schema, Time, format_time, show_time
from simpost.api.v1.messages.preview import Preview, preview
from simpost.api.v1.messages.send_schema import (
    NAMES_AN_ESIM,
    Identifier,
    Msisdn,
    Sender,
)
from simpost.api.v1.templates.fields import LanguageTag
from simpost.domain.code_modes import CodeMode
from simpost.domain.messages import format_id
from simpost.domain.verifications import (
    MAX_DIGITS,
    MIN_DIGITS,
    CheckVerdict,
    StartStep,
    Verification,
    VerificationState,
)
from simpost.features.verifications.requests import PreviewResult, StartRequest, StartResult
from simpost.features.verifications.texts import Ending
from simpost.messaging.plan import Refusal
from simpost.ports.store.verifications import PrefixHour

PURPOSE: Final = r"^[a-z0-9][a-z0-9._-]{0,63}$"
SESSION_KEY: Final = r"^[!-~]{1,128}$"
HOST: Final = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$"
MAX_HOST: Final = 253
APP_HASH: Final = r"^[A-Za-z0-9+/]{11}$"
_IGNORED_IN_CODES = str.maketrans("", "", " -\u00a0\u202f")


def _read_code(text: str) -> str:
    """The digits of a code as a person typed it: in any script, with spaces or hyphens."""
    digits = [unicodedata.decimal(each, None) for each in text.translate(_IGNORED_IN_CODES)]
    code = "".join(str(each) for each in digits if each is not None)
    if len(code) < len(digits) or not MIN_DIGITS <= len(code) <= MAX_DIGITS:
        raise ValueError(f"must have {MIN_DIGITS} to {MAX_DIGITS} digits")
    return code


class VerificationRequest(Schema):
    """Who to verify, and for what. `esimTranNo`, `iccid` or `msisdn` names the eSIM."""

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                NAMES_AN_ESIM,
                {
                    "not": {
                        "required": ["host", "appHash"],
                        "properties": {"host": {"type": "string"}, "appHash": {"type": "string"}},
                    }
                },
            ]
        }
    )

    esim_tran_no: Identifier | None = None
    iccid: Identifier | None = None
    msisdn: Msisdn | None = None
    purpose: Annotated[
        StrictStr,
        Matching(
            PURPOSE,
            "must be up to 64 lowercase letters, digits, dots, underscores and hyphens",
        ),
        Field(
            description="What the code is for, such as `login`. An eSIM has one valid code of a "
            "purpose at a time."
        ),
    ]
    session_key: (
        Annotated[StrictStr, Matching(SESSION_KEY, "must be 1 to 128 visible ASCII characters")]
        | None
    ) = Field(
        default=None,
        description="Your session. A start with the same one continues the verification; a start "
        "with another one supersedes it.",
    )
    digits: Annotated[StrictInt, Field(ge=MIN_DIGITS, le=MAX_DIGITS)] | None = Field(
        default=None, description="Digits of the code; null: as configured, 6 by default."
    )
    language: LanguageTag | None = Field(
        default=None,
        description="Language of the text; null: that of the eSIM, else of the account.",
    )
    from_: Sender | None = Field(
        default=None,
        alias="from",
        description="Shown by the handset: up to 15 digits, or up to 11 letters and digits.",
    )
    host: (
        Annotated[
            StrictStr,
            Field(max_length=MAX_HOST),
            Matching(
                HOST,
                "must be the name of a website, such as login.example.com",
            ),
        ]
        | None
    ) = Field(
        default=None,
        description="Website that asks for the code: browsers offer the code there only.",
    )
    app_hash: (
        Annotated[
            StrictStr,
            Matching(APP_HASH, "must be the 11 characters of the hash of the app"),
        ]
        | None
    ) = Field(
        default=None,
        description="Hash of the Android app that reads the code by itself (SMS Retriever API).",
    )
    dry_run: StrictBool = Field(default=False, description="Decide, but store and send nothing.")

    @model_validator(mode="after")
    def _check_fields(self) -> VerificationRequest:
        if self.esim_tran_no is None and self.iccid is None and self.msisdn is None:
            raise ValueError("give esimTranNo, iccid or msisdn")
        if self.host is not None and self.app_hash is not None:
            raise ValueError("give host or appHash")
        return self

    def start_request(self, key_id: str) -> StartRequest:
        """The request, as the service reads it, of a caller with this API key."""
        return StartRequest(
            esim_tran_no=self.esim_tran_no,
            iccid=self.iccid,
            msisdn=self.msisdn,
            purpose=self.purpose,
            session_key=self.session_key or "",
            digits=self.digits,
            language=self.language or "",
            sender=self.from_,
            ending=Ending(host=self.host or "", app_hash=self.app_hash or ""),
            key_id=key_id,
        )


class CheckRequest(Schema):
    """The code to check."""

    code: Annotated[
        StrictStr,
        Field(max_length=64, description="As the person typed it; spaces and hyphens are ignored."),
        AfterValidator(_read_code),
    ]


class VerificationOut(Schema):
    """`checksLeft` is 0 and `resendAt` is null once the state is final."""

    id: str
    esim_tran_no: str
    purpose: str
    session_key: str | None
    state: VerificationState
    sends: int
    checks_left: int
    created_at: Time
    expires_at: Time
    resend_at: Time | None = Field(
        description="From then on a start sends the code again; null: it does not."
    )
    ended_at: Time | None
    message_id: str | None = Field(description="Message of the latest send.")


class VerificationPage(Schema):
    """Newest first; `next` is the cursor of the next page, null at the end."""

    verifications: list[VerificationOut]
    next: str | None


class VerificationRatio(Schema):
    """Verifications that began in an hour, of numbers with a prefix.

    `prefix` is the number without its last four digits. `unverified` expired or used all checks.
    `ratio` is `verified` by `verified` and `unverified`; null before one ended.
    """

    country: str
    prefix: str
    hour: Time
    started: int
    verified: int
    unverified: int
    ratio: float | None


class VerificationRatios(Schema):
    """Of the newest 10,000 verifications of 24 hours, the newest hour first: 500 rows at most."""

    ratios: list[VerificationRatio]


class StartedVerification(VerificationOut):
    """`step` is what the start did; `keep` sends nothing."""

    step: StartStep


class VerificationPreview(Preview):
    """What a start would do now; nothing is stored and nothing is sent."""

    step: StartStep | None = Field(description="null if the eSIM is unknown.")
    resend_at: Time | None = Field(
        description="When a start sends a code, if that is later and known."
    )
    budget: str | None = Field(description="Budget that would refuse the start.")
    mode: CodeMode | None = Field(description="What `verifications.modes` says of the number.")


class CheckedVerification(VerificationOut):
    """`verdict` is the result of this check, `state` that of the verification after it."""

    verdict: CheckVerdict


def show_verification(verification: Verification) -> VerificationOut:
    """The verification as JSON shows it."""
    return VerificationOut.model_validate(_document(verification))


def show_ratio(counted: PrefixHour) -> VerificationRatio:
    """The counts of a prefix and hour as JSON shows them."""
    return VerificationRatio(
        country=counted.country,
        prefix=counted.prefix,
        hour=format_time(counted.hour_ms),
        started=counted.started,
        verified=counted.verified,
        unverified=counted.unverified,
        ratio=counted.ratio,
    )


def started_document(started: StartResult) -> dict[str, Any]:
    """A `StartedVerification` as JSON, made without the schema."""
    return {**_document(started.verification), "step": started.step}


def _document(verification: Verification) -> dict[str, Any]:
    message_id = verification.message_id
    return {
        "id": format_id(verification.id),
        "esimTranNo": verification.esim_tran_no,
        "purpose": verification.purpose,
        "sessionKey": verification.session_key or None,
        "state": verification.state,
        "sends": verification.sends,
        "checksLeft": verification.checks_left,
        "createdAt": format_time(verification.created_ms),
        "expiresAt": format_time(verification.expires_ms),
        "resendAt": show_time(verification.resend_ms),
        "endedAt": show_time(verification.ended_ms),
        "messageId": format_id(message_id) if message_id else None,
    }


def show_preview(found: PreviewResult) -> VerificationPreview:
    """The preview of a start as JSON shows it."""
    shown = preview(found.explained, found.request)
    decision, pending = found.explained.decision, found.pending
    resend_ms = pending.resend_ms if pending and found.step is StartStep.KEEP else None
    refusal = decision if isinstance(decision, Refusal) else None
    return VerificationPreview(
        **shown.model_dump(by_alias=False),
        step=found.step,
        resend_at=show_time(refusal.until_ms if refusal else resend_ms),
        budget=(refusal.budget or None) if refusal else None,
        mode=found.mode,
    )
