"""Reports of the API of a generic carrier, read as its settings say."""

from __future__ import annotations

import base64
from typing import Any, Final
from urllib.parse import parse_qsl

from simpost.carriers.http.callbacks import (
    NotUnderstoodCallback,
    StateReport,
    TextReport,
    read_each,
)
from simpost.carriers.http.document import code_of, find, id_at, read_json, text_at
from simpost.config.http_carrier import HttpCallback
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.net.body_signatures import SignatureRule, is_signed
from simpost.net.public_key_signatures import PublicKeyRule, is_signed_by_key
from simpost.ports.carrier_callbacks import Callback, CallbackAnswer, WrongCallbackSignature

_MAX_FIELDS: Final = 200
_STATES: Final = {
    "delivered": (State.DELIVERED, None),
    "failed": (State.FAILED, Reason.UNDELIVERABLE),
    "expired": (State.EXPIRED, Reason.EXPIRED_AT_CARRIER),
    "rejected": (State.REJECTED, Reason.REJECTED_BY_CARRIER),
    "waiting": (State.SENT, Reason.HANDSET_UNREACHABLE),
}


class GenericCallbacks:
    """Reads reports by paths and a table of states."""

    answer = CallbackAnswer()

    def __init__(self, settings: HttpCallback) -> None:
        self.methods = frozenset(settings.methods)
        self._settings = settings
        self._rule = SignatureRule((settings.signature_header.lower(),), settings.signature_digest)
        self._secret = settings.signature_secret.get_secret_value()
        self._key_rule: PublicKeyRule | None = None
        if settings.signature_public_key:
            self._key_rule = PublicKeyRule(
                base64.b64decode(settings.signature_public_key),
                settings.signature_header.lower(),
                settings.signature_time_header.lower(),
                settings.signature_window_s,
            )

    def read(self, callback: Callback, now_ms: int) -> list[StateReport | TextReport]:
        settings = self._settings
        if not self._is_proven(callback, now_ms):
            raise WrongCallbackSignature
        document = self._document(callback)
        entries = find(document, settings.list_path) if settings.list_path else document
        if not isinstance(entries, list):
            entries = [entries]
        return read_each(entries, self._read)

    def _is_proven(self, callback: Callback, now_ms: int) -> bool:
        """Whether the request is signed as the settings require, if they do."""
        if self._key_rule:
            return is_signed_by_key(self._key_rule, callback.body, callback.headers, now_ms)
        return not self._secret or is_signed(
            self._rule, self._secret, callback.body, callback.headers
        )

    def _document(self, callback: Callback) -> Any:
        if self._settings.format == "json":
            return read_json(callback.body)
        try:
            text = callback.query if self._settings.format == "query" else callback.body.decode()
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
        except ValueError:
            raise NotUnderstoodCallback("the body is no form") from None

    def _read(self, entry: Any) -> StateReport | None:
        settings = self._settings
        message_id = id_at(entry, settings.id_path)
        state = text_at(entry, settings.state_path)
        if not message_id or not state:
            raise NotUnderstoodCallback("there is nothing at id_path or state_path")
        known = settings.states.get(state)
        if known is None:
            return None
        return StateReport(message_id, *_STATES[known], code_of(text_at(entry, settings.code_path)))
