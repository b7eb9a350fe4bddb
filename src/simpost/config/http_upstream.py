"""What the settings of all HTTP carriers have in common, whatever their API is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from simpost.config.part_prices import PRICE_PER_PART, PRICES, Price, Prices
from simpost.config.section import NAME, Section, SenderOrAny, SenderOrNone

PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
"""A name in braces."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{24,}")
EXAMPLE_TOKEN: Final = "a-secret-of-24-characters-or-more"  # noqa: S105  not a secret
"""The callback token of the examples: everybody knows it."""
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NOT_IN_URLS: Final = frozenset(' "<>\\^`{|}')
"""As in the address guard, which would refuse every request."""
_OURS: Final = frozenset(
    {"host", "content-length", "content-type", "transfer-encoding", "connection"}
)


def checked_url(url: str) -> str:
    """The URL; raises ValueError for one that cannot be called. It may have placeholders."""
    plain = PLACEHOLDER.sub("0", url)
    try:
        parts = urlsplit(plain)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("cannot be read as a URL") from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise ValueError("must be a URL that begins with https:// or http:// and names a host")
    if "@" in parts.netloc:
        raise ValueError("must not contain credentials: put them into auth or headers")
    if "#" in plain:
        raise ValueError("must not have a fragment (#): it is not sent")
    if not plain.isascii() or not plain.isprintable() or set(plain) & _NOT_IN_URLS:
        raise ValueError("has characters that must be percent-encoded")
    return url


def _checked_base(url: str) -> str:
    if PLACEHOLDER.search(url) or "?" in url or "#" in url:
        raise ValueError("must be scheme, host and path, such as https://api.example.com")
    return checked_url(url).rstrip("/")


def checked_headers(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    """The headers; raises ValueError for one that cannot be sent or is set by simpost."""
    for name, value in headers.items():
        checked_header(name)
        checked_secret(value, f"the value of {name}")
    return headers


def checked_header(name: str) -> str:
    """The name of a header; raises ValueError for any other text, and for one set by simpost."""
    if name.lower() in _OURS:
        raise ValueError(f"{name} is set by simpost")
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no header name")
    return name


def checked_secret(secret: SecretStr, what: str = "it") -> SecretStr:
    """The secret; raises ValueError for one that does not fit into a header."""
    text = secret.get_secret_value()
    if not text.isascii() or not text.isprintable():
        raise ValueError(f"{what} must be printable ASCII")
    return secret


def texts_of(value: Any) -> Iterator[str]:
    """The texts in a JSON value, keys excluded."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_of(each)


def placeholders_in(text: str) -> list[str]:
    """The names in braces."""
    return PLACEHOLDER.findall(text)


Url = Annotated[str, AfterValidator(checked_url), Field(max_length=2048)]
"""A URL that may be called."""
BaseUrl = Annotated[str, AfterValidator(_checked_base), Field(max_length=1024)]
"""Scheme, host and the beginning of the path, without a slash at its end."""
HeaderSecret = Annotated[SecretStr, AfterValidator(checked_secret), Field(min_length=1)]
"""A secret of printable ASCII, as headers need it."""


LongTexts: TypeAlias = Literal["whole", "numbered"]
LONG_TEXTS: Any = Field(
    default="whole",
    description="What becomes of a text that is longer than a request takes: refused, or sent as "
    'several texts that begin with `1/3`, `2/3`, `3/3`. With `"whole"` texts are sent whole, and '
    "the carrier splits them.",
)


class HttpUpstreamSettings(Section):
    """A carrier reached by HTTP, one request per part."""

    type: str = Field(description="The type of carrier.")
    name: str = Field(pattern=NAME, description="Name used by routes, logs and metrics.")
    allow_private: bool = Field(
        default=False,
        description="Allow the URL to lead to loopback and private addresses.",
    )
    repeat_in_doubt: bool = Field(
        default=False,
        description="Send parts in doubt again, in the categories of `messages.repeat_in_doubt`, "
        "also if the API cannot tell a repeat: the handset may show such a text twice.",
    )
    connect_timeout_s: float = Field(
        default=10, ge=0.1, le=120, description="Time limit for connecting, in seconds."
    )
    response_timeout_s: float = Field(
        default=30,
        ge=0.1,
        le=600,
        description="Time limit for the response, in seconds. A message without a response is in "
        "doubt.",
    )
    max_unanswered: int = Field(
        default=10, ge=1, le=1000, description="Largest number of requests without a response."
    )
    rate_per_s: float = Field(
        default=0,
        ge=0,
        le=100_000,
        description="Largest number of requests per second; 0 for no limit.",
    )
    address: Literal["msisdn", "imsi", "iccid", "esim_tran_no"] = Field(
        default="msisdn", description="Identifier of the eSIM that messages are sent to."
    )
    max_parts: int = Field(
        default=10,
        ge=1,
        le=255,
        description="Largest number of parts per message, as the carrier splits it: 160 septets "
        "or 70 UTF-16 units fit in one.",
    )
    price_per_part: Price = PRICE_PER_PART
    prices: Prices = PRICES

    @property
    def repeats_are_safe(self) -> bool:
        """Whether a part in doubt may be sent again: the API knows it by its request id."""
        return self.repeat_in_doubt

    @property
    def called_url(self) -> str:
        """A URL of the API; its host is shown as the peer."""
        raise NotImplementedError

    @property
    def default_sender(self) -> str:
        """The sender of a message that names none; empty if the carrier chooses it."""
        return ""

    @property
    def other_senders(self) -> frozenset[str]:
        """Senders that a message may name; none if the API takes no sender."""
        return frozenset()


class SenderUpstreamSettings(HttpUpstreamSettings):
    """A carrier whose API takes a sender."""

    source_address: SenderOrNone = Field(
        default="",
        description="Default sender: up to 15 digits, or up to 11 letters and digits; empty: the "
        "carrier chooses.",
    )
    senders: frozenset[SenderOrAny] = Field(
        default=frozenset(),
        description='Other senders a message may request with `from`; `"*"` allows any.',
    )

    @property
    def default_sender(self) -> str:
        return self.source_address

    @property
    def other_senders(self) -> frozenset[str]:
        return self.senders


def _checked_token(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if text and not _TOKEN.fullmatch(text):
        raise ValueError("must be 24 characters or more: letters, digits, - and _")
    return secret


class CallbackUpstreamSettings(SenderUpstreamSettings):
    """A carrier whose API can call simpost."""

    callback_token: Annotated[SecretStr, AfterValidator(_checked_token)] = Field(
        default=SecretStr(""),
        max_length=200,
        description="Secret at the end of the URL that the API calls, "
        "`https://YOUR-HOST/carriers/NAME/TOKEN`; empty: it is not called.",
    )

    @property
    def callback_path(self) -> str:
        """The path that the API calls; empty if it calls none."""
        token = self.callback_token.get_secret_value()
        return f"/carriers/{self.name}/{token}" if token else ""
