"""Whether a webhook comes from simpost: signatures of Standard Webhooks."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simpost_client.decoding import decode
from simpost_client.errors import InvalidWebhook, StaleWebhook

TOLERANCE_S: Final = 300
"""How far the time of a request may be from the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """An event as an endpoint receives it. An `id` that you know is a repeat: ignore it."""

    id: str
    type: str
    timestamp: str
    sequence: int
    subject: str
    data: dict[str, Any] = field(repr=False)


class Webhook:
    """Verifies the requests to one endpoint.

    While a secret is replaced give both, the old and the new one: a request that is signed with
    either is accepted.
    """

    def __init__(self, *secrets: str, tolerance_s: float = TOLERANCE_S) -> None:
        if not secrets:
            raise ValueError("give the secret of the endpoint")
        self._keys = [_key(each) for each in secrets]
        self._tolerance_s = tolerance_s

    def __repr__(self) -> str:
        return f"Webhook({len(self._keys)} secrets)"

    def verify(
        self, body: bytes, headers: Mapping[str, str], *, now: float | None = None
    ) -> tuple[WebhookEvent, ...]:
        """The events of a request: one, or more if the endpoint asks for batches.

        `body` has the octets as they came. Raises InvalidWebhook, or StaleWebhook if the signature
        is right and the time is not.
        """
        self.check(body, headers, now=now)
        try:
            document = json.loads(body)
        except ValueError:
            raise InvalidWebhook("the signed body is not JSON") from None
        rows = document.get("events") if isinstance(document, dict) else None
        if not isinstance(rows, list):
            rows = [document]
        return tuple(decode(WebhookEvent, each) for each in rows)

    def check(self, body: bytes, headers: Mapping[str, str], *, now: float | None = None) -> None:
        """Raise InvalidWebhook unless the octets are signed; for bodies of another form."""
        found = {name.lower(): value for name, value in headers.items()}
        identifier, sent_at = found.get("webhook-id", ""), found.get("webhook-timestamp", "")
        if not identifier or not sent_at.isdecimal() or len(sent_at) > 12:
            raise InvalidWebhook("webhook-id or webhook-timestamp is missing")
        signed = f"{identifier}.{sent_at}.".encode() + body
        given = [
            octets
            for each in found.get("webhook-signature", "").split()[:20]
            if (octets := _signature(each)) is not None
        ]
        if not _any_equal(given, [hmac.digest(key, signed, "sha256") for key in self._keys]):
            raise InvalidWebhook("no signature of the request fits a secret")
        if abs((time.time() if now is None else now) - int(sent_at)) > self._tolerance_s:
            raise StaleWebhook(f"the request is more than {self._tolerance_s:g} s off the clock")


def _any_equal(given: Iterable[bytes], right: Iterable[bytes]) -> bool:
    expected = list(right)
    found = [hmac.compare_digest(one, other) for one in given for other in expected]
    return True in found


def _signature(text: str) -> bytes | None:
    """The octets of a `v1` signature; None for one of another kind."""
    version, _, value = text.partition(",")
    if version != "v1":
        return None
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a secret of a webhook is whsec_ and Base64") from None
    if len(key) < 16:
        raise ValueError("a secret of a webhook has at least 16 octets")
    return key
