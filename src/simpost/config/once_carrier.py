"""The settings of a carrier at the API of 1NCE."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from simpost.config.emnify_carrier import EmnifyFormSettings
from simpost.config.http_upstream import BaseUrl, HeaderSecret


class OnceCarrierSettings(EmnifyFormSettings):
    """The SIM management API of 1NCE, version 2, which sends to an ICCID."""

    type: Literal["once"] = Field(description="The type of carrier.")
    base_url: BaseUrl = Field(
        default="https://api.1nce.com/management-api",
        description="URL of the API, without its version.",
    )
    username: str = Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^:\x00-\x1f\x7f]+$",
        description="Name of the API user.",
    )
    password: HeaderSecret = Field(description="Password of the API user.")
    address: Literal["iccid"] = Field(
        default="iccid", description="Identifier of the eSIM that messages are sent to."
    )

    @property
    def called_url(self) -> str:
        return self.base_url
