"""Negotiation of the interface version (SMPP 3.4 5.2.4, SMPP 5.0 2.8)."""

from __future__ import annotations

from typing import Final

SMPP_3_3: Final = 0x33
SMPP_3_4: Final = 0x34
SMPP_5_0: Final = 0x50


def response_version(requested: int, ours: int) -> int | None:
    """Return the sc_interface_version of a bind response.

    `None` if the ESME is older than SMPP 3.4: it does not understand TLVs.
    """
    return ours if requested >= SMPP_3_4 else None


def negotiated_version(requested: int, answered: int | None) -> int:
    """Return the version that an ESME requesting one and an SMSC answering one both support.

    `None`: the SMSC sent no sc_interface_version, as many 3.4 SMSCs do; then it is 3.4 at most.
    """
    common = min(requested, SMPP_3_4 if answered is None else answered)
    if common >= SMPP_5_0:
        return SMPP_5_0
    return SMPP_3_4 if common >= SMPP_3_4 else SMPP_3_3
