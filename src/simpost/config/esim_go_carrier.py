"""The settings of a carrier at the API of eSIM Go."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simpost.config.http_upstream import (
    LONG_TEXTS,
    BaseUrl,
    CallbackUpstreamSettings,
    HeaderSecret,
    LongTexts,
)


class EsimGoCarrierSettings(CallbackUpstreamSettings):
    """The API of eSIM Go, which sends to an ICCID."""

    type: Literal["esim_go"] = Field(description="The type of carrier.")
    base_url: BaseUrl = Field(
        default="https://api.esim-go.com/v2.5",
        description="URL of the API with its version.",
    )
    api_key: HeaderSecret = Field(description="API key of the account.")
    address: Literal["iccid"] = Field(
        default="iccid", description="Identifier of the eSIM that messages are sent to."
    )
    long_texts: LongTexts = LONG_TEXTS

    @property
    def called_url(self) -> str:
        return self.base_url
