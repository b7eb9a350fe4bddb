"""Sources: suppliers whose plans and eSIMs are copied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import AfterValidator, Field, SecretStr

from simpost.config.http_upstream import HeaderSecret, checked_url
from simpost.config.section import NAME, Section


def _without_last_slash(url: str) -> str:
    return checked_url(url).rstrip("/")


_Url = Annotated[str, AfterValidator(_without_last_slash), Field(max_length=2048)]
_SmsStatus = Annotated[int, Field(ge=0, le=2)]
_SMS_STATUS: Final[Any] = Field(
    default=2,
    description="smsStatus of all plans and of new eSIMs, because the API does not say it: 0, 1 or "
    "2, as in an [import](importing.md).",
)


class CommonSourceSettings(Section):
    """What all types of sources have."""

    type: str = Field(description="The API of the supplier.")
    name: str = Field(pattern=NAME, description="Name used by commands, logs and metrics.")
    account: str = Field(
        min_length=1, description="Access code of the account here that gets the eSIMs."
    )
    interval_s: int = Field(
        default=900, ge=60, le=604_800, description="Seconds between pulls of new eSIMs."
    )
    full_interval_s: int = Field(
        default=21_600,
        ge=60,
        le=2_592_000,
        description="Seconds between pulls of all plans and eSIMs.",
    )
    retire_missing: bool = Field(
        default=False,
        description="Retire eSIMs that the supplier lists no more, after a full pull; otherwise "
        "they are only counted.",
    )
    pass_through: bool = Field(
        default=False,
        description="Pass requests of the account that only the supplier can serve, such as "
        "orders, on to it ([suppliers.md](suppliers.md#between-a-client-and-its-supplier)).",
    )
    stale_after_s: int = Field(
        default=0,
        ge=0,
        le=2_592_000,
        description="Age of the copy, in seconds since the last pull that succeeded, beyond which "
        "it is stale; above `interval_s`, or 0: never.",
    )
    when_stale: Literal["warn", "refuse"] = Field(
        default="warn",
        description="What happens to messages of the account while the copy is stale: they are "
        "sent, and `simpost sources` warns, or they are refused with `catalogue_stale`.",
    )
    timeout_s: float = Field(
        default=30, ge=0.1, le=600, description="Time limit for a response, in seconds."
    )
    allow_private: bool = Field(
        default=False, description="Allow the URL to lead to loopback and private addresses."
    )


class EsimAccessSourceSettings(CommonSourceSettings):
    """A supplier with the API of eSIM Access and HiRoaming.

    Its plans and eSIMs are copied; needs a [first sync](suppliers.md).
    """

    type: Literal["esim_access"] = Field(description="The API of the supplier.")
    url: _Url = Field(
        default="https://api.esimaccess.com/api/v1/open",
        description="Base of the URLs of the API.",
    )
    access_code: SecretStr = Field(min_length=1, description="RT-AccessCode of the supplier.")
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Secret of the supplier; empty: only `access_code` is sent.",
    )
    secret_is_sent: bool = Field(
        default=False,
        description="Send the secret as RT-SecretKey, as HiRoaming wants it, instead of an "
        "RT-Signature made with it.",
    )
    page_rows: int = Field(
        default=100,
        ge=5,
        le=500,
        description="eSIMs of one request; eSIM Access allows 500, HiRoaming 100.",
    )
    rate_per_s: float = Field(
        default=4,
        ge=0.01,
        le=100,
        description="Largest number of requests per second. The 8 per second that the supplier "
        "allows are for the whole account, messages included.",
    )


class EsimGoSourceSettings(CommonSourceSettings):
    """A supplier with the API of eSIM Go, whose eSIMs are known by their ICCID."""

    type: Literal["esim_go"] = Field(description="The API of the supplier.")
    url: _Url = Field(
        default="https://api.esim-go.com/v2.5", description="URL of the API with its version."
    )
    api_key: HeaderSecret = Field(description="API key of the account.")
    currency: Literal["USD", ""] = Field(
        default="",
        description="Currency of the account, in which the catalogue has its prices without "
        'saying so. With `"USD"` they are copied; empty: they are not.',
    )
    sms_status: _SmsStatus = _SMS_STATUS
    page_rows: int = Field(
        default=100, ge=5, le=1000, description="Plans or eSIMs of one request (`perPage`)."
    )
    rate_per_s: float = Field(
        default=4,
        ge=0.1,
        le=100,
        description="Largest number of requests per second. The supplier publishes no limit, and "
        "answers 429 beyond it.",
    )


class EsimflySourceSettings(CommonSourceSettings):
    """A supplier with the business API of eSIMfly, whose eSIMs are known by their ICCID."""

    type: Literal["esimfly"] = Field(description="The API of the supplier.")
    url: _Url = Field(
        default="https://esimfly.net/api/v1/business", description="Base of the URLs of the API."
    )
    access_code: HeaderSecret = Field(description="RT-AccessCode of the account.")
    secret_key: SecretStr = Field(min_length=1, description="Secret key that signs requests.")
    sms_status: _SmsStatus = _SMS_STATUS
    page_rows: int = Field(
        default=100, ge=5, le=100, description="Plans or eSIMs of one request (`limit`)."
    )
    rate_per_s: float = Field(
        default=2,
        ge=0.01,
        le=100,
        description="Largest number of requests per second. The limits of the account count all "
        "its requests, messages included.",
    )


SourceSettings: TypeAlias = Annotated[
    EsimAccessSourceSettings | EsimGoSourceSettings | EsimflySourceSettings,
    Field(discriminator="type"),
]
SOURCE_TYPES: Final[Mapping[str | int, type[CommonSourceSettings]]] = {
    get_args(model.model_fields["type"].annotation)[0]: model
    for model in get_args(get_args(SourceSettings)[0])
}
"""The model of each type."""
