"""Bodies and tokens of the calls that emnify and 1NCE make.

Sources: docs.emnify.com, "SMS callbacks" and "Configure the SMS interface"; help.1nce.com, "SMS
Forwarder", whose recorded numbers are texts. The claims of the token are not documented.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from simpost.net.json_web_tokens import sign_token
from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.upstreams.shape import JSON, UpstreamMessage
from simpost.text import segment

TOKEN_LIFE_S: Final = 3_600
_ORGANISATION: Final = {"id": 1}


def signed_headers(secret: str) -> Mapping[str, str]:
    """Headers of a call; with a secret also the token that proves it."""
    if not secret:
        return JSON
    now_s = int(time.time())
    token = sign_token({"iat": now_s, "exp": now_s + TOKEN_LIFE_S}, secret.encode())
    return {**JSON, "authorization": f"Bearer {token}"}


def receipt_of(
    message: UpstreamMessage, submit: AcceptedSubmit, status: tuple[int, str]
) -> dict[str, Any]:
    """The body that reports the final state of a message."""
    number = message.text.destination
    return {
        "id": int(message.id),
        "submit_date": _date(message.at),
        "final_date": _date(submit.done_at),
        "organisation": _ORGANISATION,
        "endpoint": {"id": int(number), "name": number},
        "status": {"id": status[0], "status": status[1]},
    }


def texts_of(number: str, to: str, text: str, serial: int) -> list[dict[str, Any]]:
    """The bodies that pass a text of a handset on, one for each part."""
    cut = segment(text)
    total = len(cut.parts)
    ids = [1_000 * serial + place for place in range(1, total + 1)]
    to = to.removeprefix("+")
    return [
        {
            "id": own_id,
            "payload": part,
            "submit_date": _date(time.time()),
            "source_address": int(number),
            "dest_address": int(to) if to.isascii() and to.isdecimal() else to,
            "dcs": 8 if cut.encoding.alphabet == "ucs2" else 0,
            "pid": 0,
            "organisation": _ORGANISATION,
            "endpoint": {"id": int(number), "name": number},
            "multi_part_info": {"identifier": ids[0], "partno": place, "total": total},
        }
        for place, (own_id, part) in enumerate(zip(ids, cut.parts, strict=True), 1)
    ]


def as_texts(document: dict[str, Any]) -> dict[str, Any]:
    """The same document with its numbers as texts."""
    return {
        name: as_texts(value) if isinstance(value, dict) else str(value)
        for name, value in document.items()
    }


def _date(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
