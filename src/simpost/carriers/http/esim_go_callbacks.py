"""The notification `SMSFailed` of eSIM Go, which has no id: only the ICCID.

Source: docs.esim-go.com, "Notifications". Version 3 is signed with the API key.
"""

from __future__ import annotations

from typing import Final

from simpost.carriers.http.callbacks import NotUnderstoodCallback, StateReport, TextReport
from simpost.carriers.http.document import read_json, text_at
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.net.body_signatures import SignatureRule, is_signed
from simpost.ports.carrier_callbacks import Callback, CallbackAnswer, WrongCallbackSignature

_SIGNATURE: Final = SignatureRule(("x-signature-sha256",))


class EsimGoCallbacks:
    """Reads notifications; all but this one have no news of a message."""

    methods = frozenset({"POST"})
    answer = CallbackAnswer()

    def __init__(self, api_key: str) -> None:
        self._key = api_key

    def read(self, callback: Callback, now_ms: int) -> list[StateReport | TextReport]:
        if _SIGNATURE.headers[0] in callback.headers and not is_signed(
            _SIGNATURE, self._key, callback.body, callback.headers
        ):
            raise WrongCallbackSignature
        document = read_json(callback.body)
        if not isinstance(document, dict):
            raise NotUnderstoodCallback("the body is no JSON object")
        name = text_at(document, "alertType") or text_at(document, "event")
        iccid = text_at(document, "iccid")
        if name.lower() != "smsfailed":
            return []
        if not iccid:
            raise NotUnderstoodCallback("iccid is missing")
        return [StateReport("", State.FAILED, Reason.UNDELIVERABLE, "SMSFailed", (iccid,))]
