"""The settings of a carrier at the API of Twilio, or at one of its shape."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simpost.config.http_upstream import (
    LONG_TEXTS,
    BaseUrl,
    HeaderSecret,
    LongTexts,
    SenderUpstreamSettings,
)


class TwilioCarrierSettings(SenderUpstreamSettings):
    """The Messages API of Twilio, which sends to a phone number."""

    type: Literal["twilio"] = Field(description="The type of carrier.")
    base_url: BaseUrl = Field(
        default="https://api.twilio.com",
        description="URL of the API, without the path of an endpoint.",
    )
    account_sid: str = Field(
        pattern=r"^[A-Za-z0-9]{1,64}$", description="SID of the account, `AC` and 32 hex digits."
    )
    auth_token: HeaderSecret = Field(description="Auth token of the account.")
    messaging_service_sid: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9]{0,64}$",
        description="SID of the messaging service that chooses the sender of a message without "
        "one.",
    )
    address: Literal["msisdn"] = Field(
        default="msisdn", description="Identifier of the eSIM that messages are sent to."
    )
    long_texts: LongTexts = LONG_TEXTS

    @property
    def called_url(self) -> str:
        return self.base_url
