"""Credentials of requests: headers that do not change, keys in URL and body, signatures."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from pydantic import SecretStr

from simpost.carriers.http.upstream import LogIn, UpstreamRequest
from simpost.config.http_auth import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    HmacAuth,
    HttpAuth,
    LogInAuth,
    OAuth2Auth,
)

JSON_HEADERS: Final = {"Content-Type": "application/json"}
FORM_HEADERS: Final = {"Content-Type": "application/x-www-form-urlencoded"}


def basic(username: str, password: str) -> str:
    """The value of `Authorization` for a name and a password (RFC 7617, UTF-8)."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def revealed(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    """The secrets as they are sent."""
    return {name: value.get_secret_value() for name, value in secrets.items()}


def constant_headers(auth: HttpAuth | None) -> dict[str, str]:
    """Headers that are the same for every request."""
    match auth:
        case BasicAuth():
            return {"Authorization": basic(auth.username, auth.password.get_secret_value())}
        case BearerAuth():
            token = auth.token.get_secret_value()
            return {"Authorization": f"{auth.scheme} {token}" if auth.scheme else token}
        case ApiKeyAuth(place="header"):
            return revealed(auth.keys)
    return {}


def add_to_url(auth: HttpAuth | None, url: str) -> str:
    """The template of the URL with keys in its query."""
    if not isinstance(auth, ApiKeyAuth) or auth.place != "query":
        return url
    keys = urlencode(revealed(auth.keys), quote_via=quote)
    return f"{url}{'&' if '?' in url else '?'}{keys}"


def keys_of_body(auth: HttpAuth | None) -> dict[str, Any]:
    """Keys that are in the body beside its template."""
    is_there = isinstance(auth, ApiKeyAuth) and auth.place == "body"
    return dict(revealed(auth.keys)) if is_there and isinstance(auth, ApiKeyAuth) else {}


def log_in_of(auth: HttpAuth | None) -> LogIn | None:
    """How requests get a token; `None` if they need none."""
    match auth:
        case OAuth2Auth():
            return client_credentials(
                auth.token_url,
                auth.client_id,
                auth.client_secret.get_secret_value(),
                scope=auth.scope,
                in_body=auth.client_auth == "body",
            )
        case LogInAuth():
            body = msgspec.json.encode(revealed(auth.body))
            request = UpstreamRequest("POST", auth.url, JSON_HEADERS, body)
            return LogIn(request, auth.headers, auth.expires_path)
    return None


def client_credentials(
    url: str, client_id: str, secret: str, *, scope: str = "", in_body: bool = False
) -> LogIn:
    """OAuth 2.0 client credentials (RFC 6749 4.4)."""
    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    headers: dict[str, str] = dict(FORM_HEADERS)
    if in_body:
        form |= {"client_id": client_id, "client_secret": secret}
    else:  # RFC 6749 2.3.1: both are form-encoded first
        headers["Authorization"] = basic(quote(client_id, safe=""), quote(secret, safe=""))
    request = UpstreamRequest("POST", url, headers, urlencode(form).encode())
    return LogIn(request, {"Authorization": "Bearer {access_token}"}, "expires_in")


Sign = Callable[[bytes, int, str], Mapping[str, str]]
"""The headers that sign a body: from its octets, the time in milliseconds and the request id."""


def signature_of(auth: HttpAuth | None) -> Sign | None:
    """How requests are signed; `None` if they are not."""
    if not isinstance(auth, HmacAuth):
        return None
    key = auth.secret.get_secret_value().encode()
    before, after = auth.signed.split("{body}")

    def sign(body: bytes, now_ms: int, request_id: str) -> Mapping[str, str]:
        values = {"timestamp": str(now_ms), "request_id": request_id}
        text = before.format(**values).encode() + body + after.format(**values).encode()
        mac = hmac.digest(key, text, auth.digest)
        headers = {auth.header: auth.prefix + write_mac(mac, auth.encoding)}
        if auth.timestamp_header:
            headers[auth.timestamp_header] = values["timestamp"]
        if auth.request_id_header:
            headers[auth.request_id_header] = request_id
        return headers

    return sign


def write_mac(mac: bytes, encoding: str) -> str:
    """A signature in `hex`, `hex_upper` or `base64`."""
    if encoding == "base64":
        return base64.b64encode(mac).decode()
    return mac.hex().upper() if encoding == "hex_upper" else mac.hex()


def sha256_mac(secret: str, text: bytes) -> bytes:
    """HMAC with SHA-256."""
    return hmac.digest(secret.encode(), text, "sha256")
