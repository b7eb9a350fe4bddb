"""Sign-in by the provider: where to send the browser, and who came back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from simpost.config.console import ConsoleSettings
from simpost.features.console_users.oidc.flow import (
    MAX_WANTED,
    SealedFlows,
    SignInFlow,
    begin_flow,
)
from simpost.features.console_users.oidc.id_token import (
    IdTokenRefused,
    UnknownSigner,
    check_claims,
    require_joserfc,
    verify_signature,
)
from simpost.features.console_users.oidc.provider import (
    CodeRefused,
    OidcProvider,
    ProviderTokens,
    ProviderUnreachable,
)
from simpost.features.console_users.passwords import SignInBusy
from simpost.net.resolver import NameResolver
from simpost.observe import get_logger
from simpost.runtime.clock import Clock

MOST_AT_ONCE: Final = 20
"""Sign-ins that wait for the provider; further ones are refused at once."""
MAX_CODE: Final = 2_048
"""Characters of a code."""

log = get_logger(__name__)


class ProviderRefusal(Exception):
    """The provider did not sign anybody in; the text is a sentence for the user."""


class BegunSignIn(NamedTuple):
    """Where the browser goes, and the cookie it must bring back."""

    url: str
    sealed: str


class ProviderResponse(NamedTuple):
    """What the browser brings back from the provider (OpenID Connect Core 3.1.2.5, RFC 9207)."""

    state: str
    code: str
    error: str
    issuer: str


class IdentifiedUser(NamedTuple):
    """Who came back: the name that the user has in simpost, if there is one."""

    name: str
    flow: SignInFlow


class OidcSignIn:
    """Sign-ins by the provider of the settings. Raises ConfigError without the extra `oidc`."""

    def __init__(
        self,
        settings: ConsoleSettings,
        *,
        secrets_key: str,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        names: NameResolver | None = None,
    ) -> None:
        require_joserfc()
        self._settings = settings
        self._flows = SealedFlows(secrets_key)
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._provider = OidcProvider(settings, clock_ms, names)
        self._under_way = 0

    @property
    def host(self) -> str:
        """The host of the provider, by which people know it."""
        return urlsplit(self._settings.oidc_issuer).netloc

    async def begin(self, redirect_uri: str, wanted: str) -> BegunSignIn:
        """Begin a sign-in. Raises ProviderUnreachable, SignInBusy."""
        with self._one_more():
            document = await self._provider.document()
        wanted = wanted if len(wanted) <= MAX_WANTED else "/console"
        flow = begin_flow(self._new_id(), redirect_uri, wanted, self._clock_ms())
        query = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": redirect_uri,
            "scope": self._settings.oidc_scopes,
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        url = document.authorization_endpoint
        mark = "&" if "?" in url else "?"
        return BegunSignIn(f"{url}{mark}{urlencode(query)}", self._flows.seal(flow))

    async def finish(self, sealed: str, response: ProviderResponse) -> IdentifiedUser:
        """Who came back. Raises ProviderRefusal, ProviderUnreachable, SignInBusy."""
        flow = self._flows.open(sealed, self._clock_ms())
        if flow is None or not flow.has_state(response.state):
            raise ProviderRefusal(
                "This sign-in was not begun in this browser, or it took too long. Begin again."
            )
        if response.error or not 0 < len(response.code) <= MAX_CODE:
            raise ProviderRefusal(f"The sign-in was cancelled, or refused by {self.host}.")
        with self._one_more():
            try:
                claims = await self._claims(flow, response)
            except (CodeRefused, IdTokenRefused) as error:
                log.warning("oidc_sign_in_refused", reason=str(error))
                raise ProviderRefusal(
                    f"The response of {self.host} is not valid. Begin again; if that does not "
                    "help, ask an administrator of simpost: the log has the reason."
                ) from None
        return IdentifiedUser(self._name(claims), flow)

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self._provider.close()

    async def _claims(self, flow: SignInFlow, response: ProviderResponse) -> Mapping[str, Any]:
        """The claims of the ID token; those of the user info too if it lacks the user's name."""
        issuer = self._settings.oidc_issuer
        needs_issuer = (
            await self._provider.document()
        ).authorization_response_iss_parameter_supported
        if response.issuer != issuer and (response.issuer or needs_issuer):
            raise IdTokenRefused("the response is of another provider (iss)")
        tokens = await self._provider.exchange(response.code, flow)
        claims = await self._verified(tokens)
        check_claims(
            claims,
            issuer=issuer,
            client_id=self._settings.oidc_client_id,
            nonce=flow.nonce,
            now_s=self._clock_ms() / 1000,
        )
        if self._settings.oidc_user_claim in claims:
            return claims
        info = await self._provider.user_info(tokens.access_token)
        if info and info.get("sub") != claims["sub"]:
            raise IdTokenRefused("the user info is of another user (sub)")
        return info | claims

    async def _verified(self, tokens: ProviderTokens) -> dict[str, Any]:
        try:
            return verify_signature(tokens.id_token, await self._provider.keys())
        except UnknownSigner:
            keys = await self._provider.keys(is_unknown=True)
            return verify_signature(tokens.id_token, keys)

    def _name(self, claims: Mapping[str, Any]) -> str:
        claim = self._settings.oidc_user_claim
        name = claims.get(claim)
        if not isinstance(name, str) or not name:
            log.warning("oidc_sign_in_refused", reason=f"there is no claim {claim}")
            raise ProviderRefusal(
                f"{self.host} did not say who you are. Ask an administrator of simpost: the log "
                "has the reason."
            )
        if claim != "email":
            return name
        if claims.get("email_verified") not in (True, "true"):
            log.warning("oidc_sign_in_refused", reason="email_verified is not true")
            raise ProviderRefusal(f"{self.host} has not verified your e-mail address.")
        return name.lower()

    @contextmanager
    def _one_more(self) -> Iterator[None]:
        if self._under_way >= MOST_AT_ONCE:
            raise SignInBusy
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1


__all__ = ["OidcSignIn", "ProviderRefusal", "ProviderResponse", "ProviderUnreachable"]
