"""Texts from handsets that an upstream API passes on by calling its client.

Sources: Twilio's documentation, "Twilio's request to your incoming message webhook URL" and
"Webhooks security"; help.1nce.com, "SMS Forwarder", whose recorded numbers are texts. Twilio joins
the parts of a long text, 1NCE does not.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import urlencode

import msgspec

from simpost.smsc.upstreams.shape import FORM, JSON, CallbackRequest
from simpost.text import segment

ReplyName: TypeAlias = Literal["twilio", "once"]
_DIGITS: Final = 15


class HandsetReply(NamedTuple):
    """A text from a handset. `serial` is its number among all texts of the simulator."""

    number: str
    to: str
    text: str
    serial: int


def reply_requests(
    name: ReplyName, url: str, secret: str, reply: HandsetReply
) -> list[CallbackRequest]:
    """The calls to the URL of the client, one for each part that the API passes on.

    Raises ValueError if the API cannot pass it on.
    """
    if not 1 <= len(reply.number) <= _DIGITS:
        raise ValueError(f"{name} knows a handset by its MSISDN, at most {_DIGITS} digits")
    return _REQUESTS[name](url, secret, reply)


def _twilio(url: str, secret: str, reply: HandsetReply) -> list[CallbackRequest]:
    if not secret:
        raise ValueError("set --upstream-secret: Twilio signs with the auth token")
    sid = f"SM{reply.serial:032x}"
    to = reply.to.removeprefix("+")
    fields = {
        "AccountSid": "AC" + 32 * "0",
        "ApiVersion": "2010-04-01",
        "Body": reply.text,
        "From": f"+{reply.number}",
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": str(len(segment(reply.text).parts)),
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": f"+{to}" if to.isdecimal() else to,
    }
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    mac = hmac.digest(secret.encode(), signed.encode(), "sha1")
    headers = {**FORM, "X-Twilio-Signature": base64.b64encode(mac).decode()}
    return [CallbackRequest("POST", url, headers, urlencode(fields).encode())]


def _once(url: str, _: str, reply: HandsetReply) -> list[CallbackRequest]:
    cut = segment(reply.text)
    requests = []
    for number, part in enumerate(cut.parts, 1):
        document = {
            "id": str(1_000 * reply.serial + number),
            "payload": part,
            "submit_date": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()),
            "source_address": reply.number,
            "dest_address": reply.to.removeprefix("+"),
            "dcs": "8" if cut.encoding.alphabet == "ucs2" else "0",
            "pid": "0",
            "organisation": {"id": "1"},
            "endpoint": {"id": "1", "name": reply.number},
        }
        if len(cut.parts) > 1:
            parts = {"identifier": reply.serial & 0xFF, "partno": number, "total": len(cut.parts)}
            document["multi_part_info"] = {name: str(value) for name, value in parts.items()}
        requests.append(CallbackRequest("POST", url, JSON, msgspec.json.encode(document)))
    return requests


_REQUESTS: Final[Mapping[ReplyName, Callable[[str, str, HandsetReply], list[CallbackRequest]]]] = {
    "twilio": _twilio,
    "once": _once,
}
