"""Which SMPP both ends speak (SMPP 3.4 5.2.4, SMPP 5.0 2.8)."""

from __future__ import annotations

from typing import Final

SMPP_3_3: Final = 0x33
SMPP_3_4: Final = 0x34
SMPP_5_0: Final = 0x50


def response_version(asked: int, ours: int) -> int | None:
    """sc_interface_version of the bind response; None: the ESME is too old to be sent TLVs."""
    return ours if asked >= SMPP_3_4 else None


def negotiated_version(asked: int, answered: int | None) -> int:
    """What an ESME that asked and a message centre that answered both speak.

    Many 3.4 message centres leave sc_interface_version away: then it is 3.4 at most.
    """
    common = min(asked, SMPP_3_4 if answered is None else answered)
    if common >= SMPP_5_0:
        return SMPP_5_0
    return SMPP_3_4 if common >= SMPP_3_4 else SMPP_3_3
