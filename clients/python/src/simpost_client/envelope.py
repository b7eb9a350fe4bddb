"""The compatible API: headers of a request, signatures, and the envelope of a response."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from simpost_client.calls import Response
from simpost_client.error_table import envelope_error
from simpost_client.errors import UnexpectedResponse

Dialect = Literal["hiroaming", "esim_access"]
PATH: Final = "/api/v1/open/"
BUSY: Final = "900001"
_SUCCESSES: Final = (None, "", "0", 0)


@dataclass(frozen=True, slots=True)
class OpenCredentials:
    """Access code and secret of an account, and whether requests are signed."""

    access_code: str
    secret: str | None
    signs: bool

    def __repr__(self) -> str:
        return f"OpenCredentials({self.access_code!r})"

    def headers(self, request_id: str, now_ms: int, body: bytes) -> dict[str, str]:
        """The headers of a request: RT-AccessCode and what proves it."""
        found = {"RT-AccessCode": self.access_code, "RT-RequestID": request_id}
        found["RT-Timestamp"] = str(now_ms)
        if self.secret is not None and self.signs:
            found["RT-Signature"] = signature(
                self.secret, str(now_ms), request_id, self.access_code, body
            )
        elif self.secret is not None:
            found["RT-SecretKey"] = self.secret
        return found


def signature(secret: str, timestamp: str, request_id: str, access_code: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of timestamp, request id, access code and the octets of the body."""
    signed = f"{timestamp}{request_id}{access_code}".encode() + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def is_busy(response: Response) -> bool:
    """Whether the host asks for the same request again: 900001 with any status."""
    return BUSY.encode() in response.body[:500] and envelope_code(response) == BUSY


def envelope_code(response: Response) -> str | None:
    """The error code of a response, if it has one."""
    try:
        body = response.json()
    except UnexpectedResponse:
        return None
    code = body.get("errorCode") if isinstance(body, Mapping) else None
    return code if isinstance(code, str) else None


def read_envelope(response: Response) -> Any:
    """`obj` of a success. Raises the error of any other response."""
    body = response.json()
    if not isinstance(body, Mapping) or "success" not in body:
        raise UnexpectedResponse(f"HTTP {response.status} without an envelope")
    code = body.get("errorCode")
    if body["success"] in (True, "true") and code in _SUCCESSES:
        return body.get("obj")
    raise envelope_error(
        response.status,
        body,
        reason=response.headers.get("rt-reason"),
        retry_after_s=response.retry_after_s(),
    )
