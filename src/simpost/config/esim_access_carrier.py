"""The settings of a carrier at the API of eSIM Access and HiRoaming."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from simpost.config.http_upstream import (
    LONG_TEXTS,
    BaseUrl,
    HeaderSecret,
    HttpUpstreamSettings,
    LongTexts,
)
from simpost.config.section import Section
from simpost.config.sources import EsimAccessSourceSettings

ESIM_ACCESS_PER_S: Final = 8
"""Requests per second that the API allows for all calls of an account."""


class EsimAccessCarrierSettings(HttpUpstreamSettings):
    """The API of eSIM Access and HiRoaming, which sends to an eSIM."""

    type: Literal["esim_access"] = Field(description="The type of carrier.")
    base_url: BaseUrl = Field(
        default="https://api.esimaccess.com/api/v1/open",
        description="URL of the API, without the path of an endpoint.",
    )
    access_code: HeaderSecret = Field(description="Access code of the account.")
    secret_key: SecretStr = Field(
        default=SecretStr(""), description="Secret key of the account, as `credentials` needs it."
    )
    credentials: Literal["signature", "secret", "access_code"] = Field(
        default="signature",
        validate_default=True,
        description="What proves who we are: an HMAC signature (eSIM Access), the secret key in a "
        "header (HiRoaming), or the access code alone.",
    )
    address: Literal["esim_tran_no", "iccid"] = Field(
        default="esim_tran_no",
        description="Identifier of the eSIM that messages are sent to. ICCIDs are used again.",
    )
    rate_per_s: float = Field(
        default=ESIM_ACCESS_PER_S / 2,
        ge=0,
        le=100_000,
        description="Largest number of requests per second. The API allows 8 for all calls of the "
        "account: the other half is that of a source. 0 for no limit.",
    )
    long_texts: LongTexts = LONG_TEXTS

    @property
    def repeats_are_safe(self) -> bool:
        """HiRoaming describes RT-RequestID as "for idempotency"; eSIM Access does not."""
        return self.repeat_in_doubt or self.credentials == "secret"

    @property
    def called_url(self) -> str:
        return self.base_url

    @field_validator("credentials")
    @classmethod
    def _has_a_secret(cls, credentials: str, info: ValidationInfo) -> str:
        secret = info.data.get("secret_key")
        if secret is not None and not secret.get_secret_value() and credentials != "access_code":
            raise ValueError(f'"{credentials}" needs secret_key')
        return credentials


def esim_access_rates(
    carriers: Sequence[Section], sources: Sequence[Section]
) -> Iterator[tuple[list[str], float]]:
    """Carriers and sources of each account of eSIM Access, and the rate of all together."""
    found: dict[str, list[tuple[str, float]]] = {}
    for each in (*carriers, *sources):
        if isinstance(each, EsimAccessCarrierSettings | EsimAccessSourceSettings):
            kind = "carrier" if isinstance(each, EsimAccessCarrierSettings) else "source"
            users = found.setdefault(each.access_code.get_secret_value(), [])
            users.append((f"{kind} {each.name}", each.rate_per_s or math.inf))
    for users in found.values():
        yield [name for name, _ in users], sum(rate for _, rate in users)
