"""What a start is asked to do, and what it did or would do."""

from __future__ import annotations

import msgspec

from simpost.domain.code_modes import CodeMode
from simpost.domain.verifications import StartStep, Verification
from simpost.features.verifications.texts import NO_ENDING, Ending
from simpost.messaging.explanation import Explained
from simpost.messaging.send_request import SendRequest


class StartRequest(msgspec.Struct, frozen=True):
    """Who to verify, for what, and how the code is sent.

    Attributes:
        esim_tran_no, iccid, msisdn: one or more; all must name the same eSIM.
        purpose, session_key: see `Verification`.
        language: BCP 47 tag; empty for that of the eSIM, else of the account.
        sender: shown on the handset; `None` for the one of the carrier.
        key_id: of the API key of the caller; empty if it gave the secret of the account.
    """

    esim_tran_no: str | None
    iccid: str | None
    msisdn: str | None
    purpose: str
    session_key: str = ""
    digits: int | None = None
    language: str = ""
    sender: str | None = None
    ending: Ending = NO_ENDING
    key_id: str = ""


class StartResult(msgspec.Struct, frozen=True):
    """The pending verification, and whether this start sent its code or sent it again."""

    verification: Verification
    step: StartStep


class PreviewResult(msgspec.Struct, frozen=True):
    """What a start would do now.

    Attributes:
        step, pending: as in `StartPreview`; `None` if the eSIM is unknown.
        mode: of the number.
    """

    explained: Explained
    request: SendRequest
    step: StartStep | None = None
    pending: Verification | None = None
    mode: CodeMode | None = None
