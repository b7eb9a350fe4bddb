"""The shape of 1NCE: `POST /management-api/v2/sims/{iccid}/sms`, and its SMS Forwarder.

Sources: the OpenAPI documents of 1NCE (github.com/api-evangelist/1nce) and help.1nce.com, "SMS
Forwarder". Version 1 responds without a body. Receipts come by PATCH, with numbers as texts.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from typing import Any, Final

from starlette.routing import BaseRoute

from simpost.smsc.faults import HttpError, UpstreamName
from simpost.smsc.upstreams.api import UpstreamApi
from simpost.smsc.upstreams.emnify import SimulatedEmnify, refused
from simpost.smsc.upstreams.emnify_calls import as_texts
from simpost.smsc.upstreams.shape import (
    JSON,
    Call,
    UpstreamMessage,
    UpstreamReply,
    UpstreamText,
    json_reply,
)

LIFE_S: Final = 3_600
VERSIONS: Final = ("1", "2")


class SimulatedOnce(SimulatedEmnify):
    """One SMS to a SIM, by its ICCID."""

    name: UpstreamName = "once"
    refusal = HttpError(status=422, code="UnprocessableEntity", message="SIM expired")
    path = "/management-api/v{version:int}/sims/{number}/sms"
    pending = (2, "PENDING")
    shows_buffered = False

    def routes(self, api: UpstreamApi) -> list[BaseRoute]:
        token = api.route("/management-api/oauth/token", self, "log_in", self._token, "POST")
        return [token, *self.sms_routes(api)]

    def _token(self, call: Call) -> UpstreamReply:
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        try:
            _, _, password = base64.b64decode(given, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            password = ""
        is_right = not call.secret or hmac.compare_digest(password.encode(), call.secret.encode())
        if scheme.lower() != "basic" or not password or not is_right:
            raise refused(401, "Unauthorized", "wrong user or password")
        token = self.tokens.issue()
        document = {"access_token": token, "token_type": "bearer", "expires_in": LIFE_S}
        return json_reply(200, document)

    def read(self, call: Call) -> UpstreamText:
        if str(call.path["version"]) not in VERSIONS:
            raise refused(404, "NotFound", "no such version")
        return super().read(call)

    def accepted(self, message: UpstreamMessage) -> UpstreamReply:
        if message.text.details["version"] == VERSIONS[0]:
            return super().accepted(message)
        return json_reply(201, {"id": message.id})

    def shown_id(self, message: UpstreamMessage) -> int | str:
        return message.id

    def receipt_call(
        self, message: UpstreamMessage, receipt: dict[str, Any]
    ) -> tuple[Mapping[str, str], dict[str, Any]]:
        return JSON, as_texts(receipt)
