"""What the SMS Forwarder of 1NCE sends: receipts by PATCH, texts of devices by POST.

Source: help.1nce.com, "SMS Forwarder". Numbers come as texts, too. Anything but 200 is repeated for
24 hours. The Data Streamer sends receipts by POST, with the id in `detail.sms.id`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from simpost.carriers.http.callbacks import (
    NotUnderstoodCallback,
    StateReport,
    TextReport,
    read_each,
)
from simpost.carriers.http.document import find, id_at, read_json, text_at
from simpost.carriers.http.emnify import STATES
from simpost.ports.carrier_callbacks import Callback, CallbackAnswer


class OnceCallbacks:
    """Reads calls to the URL of the SMS Forwarder, or of the Data Streamer."""

    methods = frozenset({"PATCH", "POST"})
    answer = CallbackAnswer()

    def read(self, callback: Callback, now_ms: int) -> list[StateReport | TextReport]:
        document = read_json(callback.body)
        entries = document if isinstance(document, list) else [document]
        return read_each(entries, partial(_read, is_text=callback.method == "POST"))


def _read(entry: Any, *, is_text: bool) -> StateReport | TextReport | None:
    if not isinstance(entry, dict):
        raise NotUnderstoodCallback("the body is no JSON object, and no list of them")
    if is_text and "payload" in entry:
        return _text(entry)
    message_id = id_at(entry, "detail.sms.id") or id_at(entry, "id")
    status = text_at(entry, "status.id") or text_at(entry, "status")
    if not message_id or not status:
        raise NotUnderstoodCallback("id or status is missing")
    known = STATES.get(status)
    numbers = text_at(entry, "endpoint.name")
    return StateReport(message_id, *known, "", (numbers,)) if known else None


def _text(entry: dict[str, Any]) -> TextReport:
    source = text_at(entry, "source_address")
    destination = text_at(entry, "dest_address") or text_at(entry, "destination_address")
    text = find(entry, "payload")
    message_id = id_at(entry, "id")
    if not message_id or not source or not isinstance(text, str):
        raise NotUnderstoodCallback("id, source_address or payload is missing")
    return TextReport(message_id, source, destination, text, _part_of(entry))


def _part_of(entry: dict[str, Any]) -> tuple[int, int, int] | None:
    names = ("identifier", "total", "partno")
    values = [text_at(entry, f"multi_part_info.{name}") for name in names]
    if not all(each.isascii() and each.isdecimal() and len(each) <= 9 for each in values):
        return None
    reference, total, number = map(int, values)
    return (reference, total, number) if 1 < total <= 255 and 1 <= number <= total else None
