"""The Message resource as Twilio writes it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

from simpost.domain.accounts import Account
from simpost.domain.messages import Message
from simpost.features.webhooks.callbacks import STATUS_WORDS, VERSION, error_code

_SID = re.compile(r"(?:SM|MM)([0-9a-fA-F]{32})")
_SHORTEST_NUMBER: Final = 8
_LONGEST_NUMBER: Final = 15


def sid_of(message_id: bytes) -> str:
    """The sid of a message: `SM` and its id in hex digits."""
    return f"SM{message_id.hex()}"


def parse_sid(text: str) -> bytes | None:
    """The message id of a sid; `None` if it is none."""
    found = _SID.fullmatch(text)
    return bytes.fromhex(found[1]) if found else None


def messages_uri(account: Account) -> str:
    """The path of the list, without its ending."""
    return f"/{VERSION}/Accounts/{account.access_code}/Messages"


def show_message(message: Message, account: Account) -> dict[str, Any]:
    """The message. `date_sent` is there if the message was read with its parts."""
    sid = sid_of(message.id)
    has_text = message.encoding != "binary" and message.text_absence is None
    code = error_code(message.state, message.reason)
    uri = f"{messages_uri(account)}/{sid}"
    sent_ms = min((part.sent_ms for part in message.parts if part.sent_ms), default=None)
    return {
        "account_sid": account.access_code,
        "api_version": VERSION,
        "body": message.text if has_text else "",
        "date_created": _show_time(message.created_ms),
        "date_sent": _show_time(sent_ms),
        "date_updated": _show_time(message.updated_ms),
        "direction": "outbound-api",
        "error_code": code,
        "error_message": message.reason.explanation if code and message.reason else None,
        "from": _with_plus(message.sender, _SHORTEST_NUMBER) or None,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(message.part_count),
        "price": None,
        "price_unit": None,
        "sid": sid,
        "status": STATUS_WORDS[message.state],
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": _with_plus(message.destination, 1),
        "uri": f"{uri}.json",
    }


def _with_plus(address: str, shortest: int) -> str:
    """A phone number in E.164; short codes, names and ICCIDs have no plus."""
    is_number = address.isdecimal() and shortest <= len(address) <= _LONGEST_NUMBER
    return f"+{address}" if is_number else address


def _show_time(ms: int | None) -> str | None:
    """RFC 2822, in UTC."""
    return None if ms is None else format_datetime(datetime.fromtimestamp(ms // 1000, UTC))
