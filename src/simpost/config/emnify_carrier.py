"""The settings of a carrier at the API of emnify."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simpost.config.http_upstream import BaseUrl, HeaderSecret, SenderUpstreamSettings


class EmnifyCarrierSettings(SenderUpstreamSettings):
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
    receipts: Literal["poll", "off"] = Field(
        default="poll",
        description="How the state of messages is learnt: by asking for it, or not at all.",
    )

    @property
    def called_url(self) -> str:
        return self.base_url
