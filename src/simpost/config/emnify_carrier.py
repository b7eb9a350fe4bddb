"""The settings of a carrier at the API of emnify, and what those of 1NCE share with them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from simpost.config.http_upstream import BaseUrl, CallbackUpstreamSettings, HeaderSecret


class EmnifyFormSettings(CallbackUpstreamSettings):
    """A carrier whose messages have the form of emnify."""

    receipts: Literal["poll", "callback", "off"] = Field(
        default="poll",
        description="How the state of messages is learnt: by asking for it, by calls of the API "
        "(which need `callback_token`), or not at all.",
    )

    @field_validator("receipts")
    @classmethod
    def _has_a_token(cls, receipts: str, info: ValidationInfo) -> str:
        token = info.data.get("callback_token")
        if receipts == "callback" and not (token and token.get_secret_value()):
            raise ValueError('"callback" needs callback_token')
        return receipts


class EmnifyCarrierSettings(EmnifyFormSettings):
    """The API of emnify, which sends to an endpoint."""

    type: Literal["emnify"] = Field(description="The type of carrier.")
    base_url: BaseUrl = Field(
        default="https://cdn.emnify.net/api/v1",
        description="URL of the API with its version.",
    )
    application_token: HeaderSecret = Field(description="Application token that logs in.")
    address: Literal["esim_tran_no"] = Field(
        default="esim_tran_no",
        description="Identifier of the eSIM that messages are sent to: import the id of the "
        "endpoint as esimTranNo.",
    )
    api_secret: SecretStr = Field(
        default=SecretStr(""),
        max_length=1000,
        description="API secret of the service profile, which signs the tokens of its calls; "
        "empty: calls need no token.",
    )

    @field_validator("api_secret")
    @classmethod
    def _is_of_calls(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        token = info.data.get("callback_token")
        if secret.get_secret_value() and not (token and token.get_secret_value()):
            raise ValueError("needs callback_token")
        return secret

    @property
    def called_url(self) -> str:
        return self.base_url
