"""What emnify and 1NCE report by calling: receipts by PATCH, texts of devices by POST.

Sources: docs.emnify.com, "SMS callbacks" and "Configure the SMS interface", whose pictures show
both bodies; help.1nce.com, "SMS Forwarder". Numbers come as numbers or as texts. The Data Streamer
of 1NCE sends receipts by POST, in lists, with the id in `detail.sms.id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simpost.carriers.http.callbacks import (
    NotUnderstoodCallback,
    StateReport,
    TextReport,
    place_of_part,
    read_each,
)
from simpost.carriers.http.document import find, id_at, read_json, text_at
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.net.json_web_tokens import bearer_token, is_valid_token
from simpost.ports.carrier_callbacks import Callback, CallbackAnswer, WrongCallbackSignature

STATES: Final[Mapping[str, tuple[State, Reason | None]]] = {
    "3": (State.SENT, Reason.HANDSET_UNREACHABLE),  # buffered
    "4": (State.DELIVERED, None),
    "5": (State.FAILED, Reason.UNDELIVERABLE),
    "6": (State.EXPIRED, Reason.EXPIRED_AT_CARRIER),
    "7": (State.FAILED, Reason.DELETED_AT_CARRIER),
}
"""By `status.id`; 1 and 2 are pending and in progress."""


class EmnifyCallbacks:
    """Reads calls to the URL of an emnify service profile or of the SMS Forwarder of 1NCE."""

    methods = frozenset({"PATCH", "POST"})
    answer = CallbackAnswer()

    def __init__(self, address_path: str, api_secret: str = "") -> None:
        """`address_path` is where a receipt has the address that the text was sent to.

        With a secret each call needs a token that is signed with it.
        """
        self._address_path = address_path
        self._key = api_secret.encode()

    def read(self, callback: Callback, now_ms: int) -> list[StateReport | TextReport]:
        token = bearer_token(callback.headers.get("authorization", ""))
        if self._key and not is_valid_token(token, self._key, now_ms):
            raise WrongCallbackSignature
        document = read_json(callback.body)
        entries = document if isinstance(document, list) else [document]
        return read_each(entries, self._read if callback.method == "POST" else self._receipt)

    def _read(self, entry: Any) -> StateReport | TextReport | None:
        is_text = isinstance(entry, dict) and "payload" in entry
        return _text(entry) if is_text else self._receipt(entry)

    def _receipt(self, entry: Any) -> StateReport | None:
        if not isinstance(entry, dict):
            raise NotUnderstoodCallback("the body is no JSON object, and no list of them")
        message_id = id_at(entry, "detail.sms.id") or id_at(entry, "id")
        status = text_at(entry, "status.id") or text_at(entry, "status")
        if not message_id or not status:
            raise NotUnderstoodCallback("id or status is missing")
        known = STATES.get(status)
        address = text_at(entry, self._address_path)
        return StateReport(message_id, *known, "", (address,) if address else ()) if known else None


def _text(entry: dict[str, Any]) -> TextReport:
    source = id_at(entry, "source_address")
    destination = id_at(entry, "dest_address") or id_at(entry, "destination_address")
    text = find(entry, "payload")
    message_id = id_at(entry, "id")
    if not message_id or not source or not isinstance(text, str):
        raise NotUnderstoodCallback("id, source_address or payload is missing")
    reference, total, number = (
        text_at(entry, f"multi_part_info.{name}") for name in ("identifier", "total", "partno")
    )
    place = place_of_part(reference, total, number)
    return TextReport(message_id, source, destination, text, place)
