"""What the sections of the file are made of: their base, and kinds of text that several share."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict

from simpost.domain.senders import is_sender

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"
"""Pattern of the names that administrators give to carriers and nodes."""
PLACE: Final = re.compile(r"[A-Z]{2}|[1-9][0-9]{0,14}|plan:[!-~]{1,64}")
"""A country by its Alpha-2 code, first digits of numbers, or `plan:` and a plan."""


class Section(BaseModel):
    """A section of the file: unknown keys and other types than documented are refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


def checked_sender(text: str) -> str:
    """The text, when it is a sender or empty; raises ValueError with the reason."""
    if text and not is_sender(text):
        raise ValueError("must be up to 15 digits, or up to 11 letters and digits")
    return text


SenderOrNone = Annotated[str, AfterValidator(checked_sender)]
"""Up to 15 digits, or up to 11 letters and digits; or empty."""


def _is_sender_or_any(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text if text == "*" else checked_sender(text)


SenderOrAny = Annotated[str, AfterValidator(_is_sender_or_any)]
"""A sender, or "*" for any."""
