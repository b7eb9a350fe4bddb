"""How the generic HTTP carrier proves who it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import AfterValidator, Field, SecretStr, model_validator

from simpost.config.http_upstream import (
    PLACEHOLDER,
    HeaderSecret,
    Url,
    checked_header,
    checked_secret,
    placeholders_in,
)
from simpost.config.section import Section

SIGNED_PLACEHOLDERS: Final = ("body", "timestamp", "request_id")
"""What the text to sign may name, in braces."""

_HeaderName = Annotated[str, AfterValidator(checked_header), Field(max_length=100)]


def _checked_keys(keys: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in keys.items():
        if not name:
            raise ValueError("a name is empty")
        checked_secret(value, f"the value of {name}")
    return keys


def _checked_signed(text: str) -> str:
    named = placeholders_in(text)
    if unknown := sorted(set(named) - set(SIGNED_PLACEHOLDERS)):
        raise ValueError(f"has no placeholder {{{unknown[0]}}}")
    if named.count("body") != 1:
        raise ValueError("must have the placeholder {body} once")
    if {"{", "}"} & set(PLACEHOLDER.sub("", text)):
        raise ValueError("has a brace without its other one")
    return text


def _checked_values(headers: dict[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"the value of {name} must be printable ASCII")
    return headers


class BasicAuth(Section):
    """A name and a password (RFC 7617)."""

    type: Literal["basic"] = Field(description="The kind of credentials.")
    username: str = Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^:\x00-\x1f\x7f]+$",
        description="Name of the user, without a colon.",
    )
    password: SecretStr = Field(description="Password of the user; may be empty.")


class BearerAuth(Section):
    """A token that does not change, in the header `Authorization`."""

    type: Literal["bearer"] = Field(description="The kind of credentials.")
    token: HeaderSecret = Field(description="The token.")
    scheme: str = Field(
        default="Bearer",
        pattern=r"^[A-Za-z0-9-]*$",
        max_length=40,
        description='Word before the token, such as `"App"`; empty for none.',
    )


class ApiKeyAuth(Section):
    """Keys in headers, in the query of the URL, or in the body."""

    type: Literal["api_key"] = Field(description="The kind of credentials.")
    place: Literal["header", "query", "body"] = Field(
        default="header", description="Where the keys are: at the top level of the body, if there."
    )
    keys: Annotated[
        dict[str, SecretStr],
        AfterValidator(_checked_keys),
        Field(
            min_length=1,
            max_length=5,
            description='Each name with its secret, such as `{ api_key = "..." }`.',
        ),
    ]

    @model_validator(mode="after")
    def _names_are_headers(self) -> ApiKeyAuth:
        if self.place == "header":
            for name in self.keys:
                checked_header(name)
        return self


class OAuth2Auth(Section):
    """OAuth 2.0 client credentials (RFC 6749 4.4): one token for all requests of the carrier."""

    type: Literal["oauth2"] = Field(description="The kind of credentials.")
    token_url: Url = Field(description="URL that gives a token.")
    client_id: str = Field(min_length=1, max_length=400, description="Id of the client.")
    client_secret: SecretStr = Field(description="Secret of the client.")
    client_auth: Literal["basic", "body"] = Field(
        default="basic", description="Where the credentials are sent to `token_url`."
    )
    scope: str = Field(default="", max_length=1000, description="Scopes to ask for.")


class LogInAuth(Section):
    """A log-in of the API's own, whose response has what the headers of requests need."""

    type: Literal["log_in"] = Field(description="The kind of credentials.")
    url: Url = Field(description="URL to log in at, by POST with a JSON body.")
    body: dict[str, SecretStr] = Field(
        min_length=1, max_length=10, description="JSON body of the log-in, with the credentials."
    )
    headers: Annotated[dict[_HeaderName, str], AfterValidator(_checked_values)] = Field(
        min_length=1,
        max_length=5,
        description="Headers of each request, with values of the response as placeholders, such as "
        '`{ Authorization = "Bearer {data.token}" }`.',
    )
    expires_path: Annotated[str, Field(pattern=r"^$|^[^.\s{}]+(?:\.[^.\s{}]+)*$")] = Field(
        default="",
        max_length=200,
        description="Where the response has the life of the token in seconds; empty: it is used "
        "until it is refused.",
    )


class HmacAuth(Section):
    """A signature of the raw body in a header."""

    type: Literal["hmac"] = Field(description="The kind of credentials.")
    secret: SecretStr = Field(description="The key of the signature.")
    header: _HeaderName = Field(description="Header of the signature.")
    digest: Literal["sha1", "sha256", "sha512"] = Field(
        default="sha256", description="The hash function."
    )
    encoding: Literal["hex", "hex_upper", "base64"] = Field(
        default="hex", description="How the signature is written."
    )
    prefix: str = Field(
        default="",
        pattern=r"^[\x21-\x7e]*$",
        max_length=40,
        description='Text before the signature, such as `"sha256="`.',
    )
    signed: Annotated[str, AfterValidator(_checked_signed)] = Field(
        default="{body}",
        max_length=400,
        description="What is signed: text with `{body}`, and `{timestamp}` (milliseconds) and "
        "`{request_id}` as the headers below have them.",
    )
    timestamp_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$", max_length=100)] = Field(
        default="", description="Header of `{timestamp}`; empty for none."
    )
    request_id_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$", max_length=100)] = Field(
        default="", description="Header of `{request_id}`, a UUID; empty for none."
    )


HttpAuth: TypeAlias = Annotated[
    BasicAuth | BearerAuth | ApiKeyAuth | OAuth2Auth | LogInAuth | HmacAuth,
    Field(discriminator="type"),
]
"""The credentials of a generic HTTP carrier; `type` selects the class."""
AUTH_TYPES: Final[Mapping[str | int, type[Section]]] = {
    get_args(model.model_fields["type"].annotation)[0]: model
    for model in get_args(get_args(HttpAuth)[0])
}
"""The classes by `type`."""
