"""The settings of the web console."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from simpost.config.section import Section
from simpost.config.smpp_server import is_loopback


def _checked_issuer(url: str) -> str:
    """The URL, when it is empty or one of a provider; raises ValueError with the reason."""
    if not url:
        return url
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("is not a valid URL") from None
    if not url.isascii() or not url.isprintable() or " " in url or "@" in parts.netloc or not host:
        raise ValueError("must be a URL such as https://login.example.com")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise ValueError("must be a URL without ? and #")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError("must begin with https://; http:// is for a provider on this machine")
    return url


class ConsoleSettings(Section):
    """The web console at `/console`, on the port of the APIs ([console.md](console.md))."""

    enabled: bool = Field(default=False, description="Serve the console.")
    idle_minutes: int = Field(
        default=30,
        ge=1,
        le=1_440,
        description="Minutes without a request after which a user is signed out.",
    )
    session_hours: int = Field(
        default=12,
        ge=1,
        le=168,
        description="Hours after sign-in at which a user is signed out in any case.",
    )
    require_totp: Literal["none", "admins", "all"] = Field(
        default="none",
        description="Users who must switch on an authenticator (TOTP) before they can do anything "
        "else: nobody, those with the role `admin`, or all.",
    )
    keep_audit_days: int = Field(
        default=400,
        ge=1,
        le=3_650,
        description="Days for which rows of the audit log are kept; then they are deleted.",
    )
    oidc_issuer: Annotated[str, AfterValidator(_checked_issuer)] = Field(
        default="",
        max_length=500,
        description="Issuer URL of an OpenID Connect provider that signs users in, as its "
        "discovery document writes it, such as `https://login.example.com`; empty: none. Needs "
        "`pip install 'simpost[oidc]'` ([console.md](console.md#single-sign-on)).",
    )
    oidc_client_id: str = Field(
        default="",
        max_length=400,
        validate_default=True,
        description="Id that the provider gave to this console.",
    )
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Secret that the provider gave to this console; empty: it gave none (a public "
        "client, which PKCE alone protects).",
    )
    oidc_scopes: str = Field(
        default="openid email",
        max_length=1_000,
        pattern=r"^(?:[!-~]+ )*openid(?: [!-~]+)*$",
        description="Scopes to ask for, separated by spaces; `openid` is one of them.",
    )
    oidc_user_claim: str = Field(
        default="email",
        min_length=1,
        max_length=100,
        description="Claim that has the name of the user in simpost, such as `email`, `sub` or "
        "`preferred_username`. Nobody but the provider may be able to choose its value; of `email` "
        "only verified addresses count.",
    )
    password_sign_in: bool = Field(
        default=True,
        description="Let users sign in with a password; off: by the provider only.",
    )

    @field_validator("oidc_client_id")
    @classmethod
    def _is_given_with_an_issuer(cls, client_id: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not client_id:
            raise ValueError("is missing: oidc_issuer needs it")
        return client_id

    @field_validator("password_sign_in")
    @classmethod
    def _leaves_a_way_in(cls, is_on: bool, info: ValidationInfo) -> bool:  # noqa: FBT001  a setting
        if not is_on and not info.data.get("oidc_issuer"):
            raise ValueError("must be true without oidc_issuer: nobody could sign in")
        return is_on
