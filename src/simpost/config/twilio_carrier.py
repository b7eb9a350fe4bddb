"""The settings of a carrier at the API of Twilio, or at one of its shape."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from simpost.config.http_upstream import (
    LONG_TEXTS,
    BaseUrl,
    CallbackUpstreamSettings,
    HeaderSecret,
    LongTexts,
)


class TwilioCarrierSettings(CallbackUpstreamSettings):
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
    callback_url: str = Field(
        default="",
        validate_default=True,
        pattern=r"^(?:https?://[^\s/?#]+(?:/[^\s?#]*[^\s?#/])?)?$",
        max_length=400,
        description="Public URL of simpost, such as `https://sms.example.com`, for status "
        "callbacks; empty: no receipts. Twilio signs what it calls.",
    )
    address: Literal["msisdn"] = Field(
        default="msisdn", description="Identifier of the eSIM that messages are sent to."
    )
    long_texts: LongTexts = LONG_TEXTS

    @property
    def status_callback(self) -> str:
        """The URL for status callbacks; empty for none."""
        path = self.callback_path
        return f"{self.callback_url}{path}" if self.callback_url and path else ""

    @field_validator("callback_url")
    @classmethod
    def _has_a_token(cls, url: str, info: ValidationInfo) -> str:
        token = info.data.get("callback_token")
        if bool(url) != bool(token and token.get_secret_value()):
            raise ValueError("needs callback_token, and callback_token needs callback_url")
        return url

    @property
    def called_url(self) -> str:
        return self.base_url
