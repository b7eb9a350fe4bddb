"""Reports of the API of a generic carrier, read as its settings say."""

from __future__ import annotations

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

    def read(self, callback: Callback) -> list[StateReport | TextReport]:
        settings = self._settings
        if self._secret and not is_signed(
            self._rule, self._secret, callback.body, callback.headers
        ):
            raise WrongCallbackSignature
        document = self._document(callback)
        entries = find(document, settings.list_path) if settings.list_path else document
        if not isinstance(entries, list):
            entries = [entries]
        return read_each(entries, self._read)

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
