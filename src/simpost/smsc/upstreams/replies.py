"""Texts from handsets that an upstream API passes on by calling its client.

Source: Twilio's documentation, "Twilio's request to your incoming message webhook URL" and
"Webhooks security". Twilio joins the parts of a long text, emnify and 1NCE do not.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import urlencode

import msgspec

from simpost.smsc.upstreams.emnify_calls import as_texts, signed_headers, texts_of
from simpost.smsc.upstreams.shape import FORM, JSON, CallbackRequest
from simpost.text import segment

ReplyName: TypeAlias = Literal["twilio", "emnify", "once"]
_DIGITS: Final = 15
_APPLICATION_DIGITS: Final = 7
"""Of a number that emnify takes for an application: docs.emnify.com, "A2P and P2P routing"."""


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


def _emnify(url: str, secret: str, reply: HandsetReply) -> list[CallbackRequest]:
    to = reply.to.removeprefix("+")
    if to.isdecimal() and len(to) > _APPLICATION_DIGITS:
        raise ValueError(
            f"emnify passes on only texts to numbers of {_APPLICATION_DIGITS} digits or less"
        )
    headers = signed_headers(secret)
    bodies = texts_of(reply.number, to, reply.text, reply.serial)
    return [CallbackRequest("POST", url, headers, msgspec.json.encode(each)) for each in bodies]


def _once(url: str, _: str, reply: HandsetReply) -> list[CallbackRequest]:
    """1NCE names the place of a part only if there are several."""
    requests = []
    for each in texts_of(reply.number, reply.to, reply.text, reply.serial):
        document = as_texts(each)
        if each["multi_part_info"]["total"] == 1:
            del document["multi_part_info"]
        requests.append(CallbackRequest("POST", url, JSON, msgspec.json.encode(document)))
    return requests


_REQUESTS: Final[Mapping[ReplyName, Callable[[str, str, HandsetReply], list[CallbackRequest]]]] = {
    "twilio": _twilio,
    "emnify": _emnify,
    "once": _once,
}
