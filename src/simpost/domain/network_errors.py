"""Explains error codes of networks for parts that were not delivered.

A carrier code of the kind `3:27` is SMPP's network_error_code: network type and error (SMPP 3.4
5.3.2.31, 5.0 4.8.4.42). Other codes are the carrier's own, and only it can explain them.
"""

from __future__ import annotations

import re
from typing import Final

_GSM: Final = 3
_NETWORKS: Final = {
    1: "ANSI-136 access denied reason",
    2: "IS-95 access denied reason",
    _GSM: "GSM network error",
    4: "ANSI-136 cause code",
    5: "IS-95 cause code",
    6: "ANSI-41 error",
    7: "SMPP error",
    8: "error of the message centre's own",
}

# MAP errors by their local values (TS 29.002 17.6.6, once GSM 09.02).
_GSM_ERRORS: Final = {
    1: ("unknown subscriber", "The network has no such number: check it, do not send again."),
    5: ("unidentified subscriber", "The visited network does not know the eSIM: send again later."),
    6: ("absent subscriber for SM", "The handset is off or out of reach: send when it is back."),
    8: ("roaming not allowed", "The eSIM may not use the network it is in: look at its plan."),
    9: ("illegal subscriber", "The network refuses the eSIM: ask its mobile operator."),
    10: ("bearer service not provisioned", "The eSIM has no SMS: look at its plan."),
    11: ("teleservice not provisioned", "The eSIM has no SMS: look at its plan."),
    12: ("illegal equipment", "The network refuses the handset: another one may take it."),
    13: ("call barred", "The mobile operator or the owner barred messages: ask them."),
    15: ("closed user group reject", "The eSIM takes messages from its own group only."),
    21: ("facility not supported", "The visited network cannot deliver SMS to it."),
    27: ("absent subscriber", "The handset is off or out of reach: send when it is back."),
    28: ("incompatible terminal", "The handset cannot take such a message."),
    31: ("subscriber busy for SM", "The handset was taking another message: send again."),
    32: ("SM delivery failure", "The handset refused it, perhaps because its memory is full."),
    33: ("message waiting list full", "Too much waits for the handset: send again later."),
    34: ("system failure", "The network failed: send again later."),
    35: ("data missing", "The carrier's request was incomplete: report it to the carrier."),
    36: (
        "unexpected data value",
        "The network did not accept the request: report it to the carrier.",
    ),
    39: (
        "no roaming number available",
        "The visited network is short of numbers: send again later.",
    ),
}
_CODE: Final = re.compile(r"(\d{1,3}):(\d{1,5})(?: |$)")


def network_error(network: int, error: int, own: str | None = None) -> str:
    """The carrier code of a network_error_code, followed by the carrier's own one if it differs."""
    code = f"{network}:{error}"
    return code if own is None or _is_number(own, error) else f"{code} err {own}"


def explain_carrier_code(carrier_code: str | None) -> str | None:
    """The meaning of a carrier code and what to do; `None` if only the carrier knows it."""
    found = _CODE.match(carrier_code or "")
    if found is None:
        return None
    network, error = int(found[1]), int(found[2])
    if network not in _NETWORKS or not error:
        return None
    if network == _GSM and error in _GSM_ERRORS:
        name, advice = _GSM_ERRORS[error]
        return f"{_NETWORKS[network]} {error}, {name}. {advice}"
    return f"{_NETWORKS[network]} {error}. Ask the carrier what it means."


def _is_number(text: str, number: int) -> bool:
    return text.isascii() and text.isdigit() and int(text) == number
