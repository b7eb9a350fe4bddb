"""The settings of a carrier at the API of eSIMfly."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simpost.config.http_upstream import (
    LONG_TEXTS,
    BaseUrl,
    HeaderSecret,
    HttpUpstreamSettings,
    LongTexts,
)


class EsimflyCarrierSettings(HttpUpstreamSettings):
    """The business API of eSIMfly, which sends to an ICCID."""

    type: Literal["esimfly"] = Field(description="The type of carrier.")
    base_url: BaseUrl = Field(
        default="https://esimfly.net/api/v1/business",
        description="URL of the API, without the path of an endpoint.",
    )
    access_code: HeaderSecret = Field(description="Access code of the account.")
    secret_key: HeaderSecret = Field(description="Secret key of the account, which signs requests.")
    address: Literal["iccid"] = Field(
        default="iccid", description="Identifier of the eSIM that messages are sent to."
    )
    long_texts: LongTexts = LONG_TEXTS

    @property
    def repeats_are_safe(self) -> bool:
        """It refuses a request id that it saw before."""
        return True

    @property
    def called_url(self) -> str:
        return self.base_url
