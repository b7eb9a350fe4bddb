"""Reports of the API of a generic carrier, read as its settings say."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

from simpost.carriers.http.callbacks import (
    NotUnderstoodCallback,
    StateReport,
    TextReport,
    place_of_part,
    read_each,
)
from simpost.carriers.http.document import code_of, find, id_at, read_json, text_at
from simpost.config.http_carrier import HttpCallback, HttpReply
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
    """Reads reports by paths and a table of states, and texts of handsets by paths."""

    answer = CallbackAnswer()

    def __init__(self, settings: HttpCallback, reply: HttpReply | None = None) -> None:
        self._reply = reply
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
        if self._reply and _has_texts(self._reply, document):
            texts = _entries(document, self._reply.list_path)
            return read_each(texts, partial(_read_text, self._reply))
        return read_each(_entries(document, settings.list_path), self._read)

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


def _entries(document: Any, path: str) -> list[Any]:
    found = find(document, path) if path else document
    return found if isinstance(found, list) else [found]


def _has_texts(reply: HttpReply, document: Any) -> bool:
    """Whether a call is about texts: as it says itself, or because its first entry has one."""
    if reply.when_path:
        return text_at(document, reply.when_path) == reply.when
    entries = _entries(document, reply.list_path)
    return bool(entries) and isinstance(find(entries[0], reply.text_path), str)


def _read_text(reply: HttpReply, entry: Any) -> TextReport:
    message_id = id_at(entry, reply.id_path)
    source, destination = id_at(entry, reply.source_path), id_at(entry, reply.destination_path)
    text = find(entry, reply.text_path)
    if not message_id or not source or not isinstance(text, str):
        raise NotUnderstoodCallback("there is nothing at id_path, source_path or text_path")
    paths = (reply.part_reference_path, reply.part_total_path, reply.part_number_path)
    reference, total, number = (text_at(entry, path) for path in paths)
    return TextReport(
        message_id, source, destination, text, place_of_part(reference, total, number)
    )
