"""Requests to the provider: its documents, which are cached, tokens for a code, and user info."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Generic, NamedTuple, TypeVar
from urllib.parse import quote_plus, urlencode

import msgspec

from simpost.config.console import ConsoleSettings
from simpost.features.console_users.oidc.flow import SignInFlow
from simpost.net.address_guard import RefusedUrl, check_url
from simpost.net.http_client import HttpClient, HttpResponse, NoResponse, NotSent
from simpost.net.resolver import NameResolver
from simpost.observe import get_logger
from simpost.runtime.clock import Clock

VALID_MS: Final = 3_600_000
"""How long a document is used before it is read again."""
RENEW_MS: Final = 30_000
"""The least time between two reads of the keys because a token names an unknown one."""
_RETRY_MS: Final = 5_000
"""The least time between a read that failed and the next."""
_TIMEOUT_S: Final = 5.0
_MAX_OCTETS: Final = 262_144
_BASIC, _POST = "client_secret_basic", "client_secret_post"
_WELL_KNOWN: Final = "/.well-known/openid-configuration"

T = TypeVar("T")

log = get_logger(__name__)


class ProviderUnreachable(Exception):
    """There is no usable response; the text says why, without secrets."""


class CodeRefused(Exception):
    """The provider refused the code, the verifier of PKCE, or our credentials."""


class ProviderDocument(msgspec.Struct, frozen=True):
    """What we need of the discovery document (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = (_BASIC,)
    authorization_response_iss_parameter_supported: bool = False


class KeyDocument(msgspec.Struct, frozen=True):
    """The keys of the provider (RFC 7517 5)."""

    keys: list[dict[str, Any]]


class ProviderTokens(msgspec.Struct, frozen=True):
    """What the token endpoint returns for a code."""

    id_token: str
    access_token: str = ""

    def __repr__(self) -> str:
        return "ProviderTokens(...)"


class OidcProvider:
    """The provider of the settings. Used on one event loop; `close` ends its connections."""

    def __init__(
        self, settings: ConsoleSettings, clock_ms: Clock, names: NameResolver | None = None
    ) -> None:
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret.get_secret_value()
        self._names = names or NameResolver()
        self._client: HttpClient | None = None
        self._document = _Cached(self._discover, clock_ms)
        self._keys = _Cached(self._read_keys, clock_ms)

    async def document(self) -> ProviderDocument:
        """Its discovery document, at most an hour old. Raises ProviderUnreachable."""
        return await self._document.get(VALID_MS)

    async def keys(self, *, is_unknown: bool = False) -> list[dict[str, Any]]:
        """Its keys. `is_unknown`: a token names another one. Raises ProviderUnreachable."""
        return (await self._keys.get(RENEW_MS if is_unknown else VALID_MS)).keys

    async def exchange(self, code: str, flow: SignInFlow) -> ProviderTokens:
        """The tokens for a code (RFC 6749 4.1.3). Raises CodeRefused, ProviderUnreachable."""
        document = await self.document()
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.redirect_uri,
            "code_verifier": flow.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if not self._secret:
            fields["client_id"] = self._client_id
        elif _BASIC in document.token_endpoint_auth_methods_supported:
            pair = f"{quote_plus(self._client_id)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            fields |= {"client_id": self._client_id, "client_secret": self._secret}
        body = urlencode(fields).encode()
        response = await self._request("POST", document.token_endpoint, body, headers)
        if response.status in (400, 401, 403):
            raise CodeRefused(f"the token endpoint answered HTTP {response.status}")
        return _read(response, ProviderTokens, "the token endpoint")

    async def user_info(self, access_token: str) -> dict[str, Any]:
        """The claims of the user info endpoint; none without one. Raises ProviderUnreachable."""
        url = (await self.document()).userinfo_endpoint
        if not url or not access_token:
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        response = await self._request("GET", url, b"", headers)
        return _read(response, dict[str, Any], "the user info endpoint")

    async def close(self) -> None:
        """Close the connections."""
        if self._client:
            await self._client.close()

    async def _discover(self) -> ProviderDocument:
        url = self._issuer.removesuffix("/") + _WELL_KNOWN
        found = _read(await self._request("GET", url, b"", {}), ProviderDocument, url)
        if found.issuer != self._issuer:
            raise ProviderUnreachable(f"{url}: issuer is {found.issuer[:200]!r}")
        endpoints = [found.authorization_endpoint, found.token_endpoint, found.jwks_uri]
        for each in (*endpoints, *filter(None, [found.userinfo_endpoint])):
            self._check_endpoint(each)
        return found

    def _check_endpoint(self, url: str) -> None:
        if self._issuer.startswith("https:") and not url.startswith("https:"):
            raise ProviderUnreachable("an endpoint of the discovery document has no TLS")
        try:
            check_url(url, allow_private=True)
        except RefusedUrl as error:
            raise ProviderUnreachable(f"an endpoint of the discovery document: {error}") from None

    async def _read_keys(self) -> KeyDocument:
        url = (await self.document()).jwks_uri
        return _read(await self._request("GET", url, b"", {}), KeyDocument, "the keys")

    async def _request(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> HttpResponse:
        if self._client is None:
            self._client = HttpClient(
                "console sign-in",
                self._names,
                allow_private=True,
                connect_timeout_s=_TIMEOUT_S,
                response_timeout_s=_TIMEOUT_S,
                keep_octets=_MAX_OCTETS,
            )
        try:
            return await self._client.request(method, url, body, headers)
        except (NotSent, NoResponse, RefusedUrl) as error:
            raise ProviderUnreachable(str(error)) from None


class _Held(NamedTuple, Generic[T]):
    value: T
    read_ms: int


class _Cached(Generic[T]):
    """A document of the provider. While it cannot be read again, the last one is used."""

    def __init__(self, read: Callable[[], Awaitable[T]], clock_ms: Clock) -> None:
        self._read = read
        self._clock_ms = clock_ms
        self._held: _Held[T] | None = None
        self._failed_ms: int | None = None
        self._problem = ""
        self._reading = asyncio.Lock()

    async def get(self, valid_ms: int) -> T:
        """The document, not older than this if it can be read. Raises ProviderUnreachable."""
        async with self._reading:
            now_ms = self._clock_ms()
            held = self._held
            if held and now_ms - held.read_ms < valid_ms:
                return held.value
            if self._failed_ms is None or now_ms - self._failed_ms >= _RETRY_MS:
                try:
                    value = await self._read()
                except ProviderUnreachable as error:
                    self._failed_ms, self._problem = now_ms, str(error)
                    log.warning("oidc_provider_unreachable", error=self._problem)
                else:
                    self._held, self._failed_ms = _Held(value, now_ms), None
                    return value
            if held is None:
                raise ProviderUnreachable(self._problem)
            return held.value


def _read(response: HttpResponse, kind: type[T], what: str) -> T:
    """The JSON of a response with the status 200."""
    if response.status != 200:
        raise ProviderUnreachable(f"{what} answered HTTP {response.status}")
    try:
        return msgspec.json.decode(response.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ProviderUnreachable(f"{what}: the response is not as documented") from None
