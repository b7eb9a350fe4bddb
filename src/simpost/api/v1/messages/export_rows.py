"""Exported messages: the columns of the CSV file, and the lines of both formats.

The text of a one-time code is in neither. Columns are only ever added, at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Final

from simpost.api.shared.csv_rows import csv_row, safe_cell
from simpost.api.shared.schemas import format_time
from simpost.api.v1.messages.schemas import show_message
from simpost.domain.messages import Category, Message, format_id, given_request_id


class ExportFormat(StrEnum):
    """The format of an export."""

    CSV = "csv"
    JSONL = "jsonl"


MEDIA_TYPES: Final[Mapping[ExportFormat, str]] = {
    ExportFormat.CSV: "text/csv; charset=utf-8; header=present",
    ExportFormat.JSONL: "application/jsonl; charset=utf-8",
}


def _content(message: Message, *, is_binary: bool) -> str:
    is_wanted = (message.encoding == "binary") is is_binary
    return safe_cell(message.text) if is_wanted and not _is_code(message) else ""


def _time(ms: int | None) -> str:
    return "" if ms is None else format_time(ms)


_COLUMNS: Final[Mapping[str, Callable[[Message], str]]] = {
    "id": lambda message: format_id(message.id),
    "createdAt": lambda message: format_time(message.created_ms),
    "updatedAt": lambda message: format_time(message.updated_ms),
    "state": lambda message: message.state.value,
    "reason": lambda message: message.reason.value if message.reason else "",
    "category": lambda message: message.category.value,
    "esimTranNo": lambda message: safe_cell(message.esim_tran_no),
    "iccid": lambda message: safe_cell(message.iccid),
    "to": lambda message: _number(message.destination),
    "from": lambda message: _number(message.sender),
    "text": lambda message: _content(message, is_binary=False),
    "binary": lambda message: _content(message, is_binary=True),
    "encoding": lambda message: message.encoding,
    "partCount": lambda message: str(message.part_count),
    "class": lambda message: _integer(message.options.message_class),
    "template": lambda message: message.options.template.name if message.options.template else "",
    "templateVersion": lambda message: (
        str(message.options.template.version) if message.options.template else ""
    ),
    "language": lambda message: (
        message.options.template.language if message.options.template else ""
    ),
    "reference": lambda message: safe_cell(message.caller_reference or ""),
    "requestId": lambda message: safe_cell(given_request_id(message.request_id) or ""),
    "expiresAt": lambda message: format_time(message.expires_ms),
    "sendAt": lambda message: _time(message.send_at_ms),
    "heldUntil": lambda message: _time(message.held_until_ms),
}
COLUMNS: Final = tuple(_COLUMNS)
_CELLS: Final = tuple(_COLUMNS.values())


def export_head(format_: ExportFormat) -> str:
    """What comes before the first message: the header row of CSV."""
    return csv_row(COLUMNS) if format_ is ExportFormat.CSV else ""


def export_lines(format_: ExportFormat, messages: Iterable[Message]) -> str:
    """One line for each message, with its line end."""
    line = _csv_line if format_ is ExportFormat.CSV else _json_line
    return "".join([line(message) for message in messages])


def _csv_line(message: Message) -> str:
    return csv_row([cell(message) for cell in _CELLS])


def _json_line(message: Message) -> str:
    """The object of `GET /v1/messages`, without the text of a code."""
    shown = show_message(message)
    if _is_code(message):
        shown.text = shown.binary = None
    return shown.model_dump_json(by_alias=True) + "\n"


def _is_code(message: Message) -> bool:
    return message.category is Category.CODE


def _integer(number: int | None) -> str:
    return "" if number is None else str(number)


def _number(address: str) -> str:
    """An address as it is if it is a phone number: `+` and digits are a number, not a formula."""
    return address if address.removeprefix("+").isdecimal() else safe_cell(address)
