"""The data_coding for an alphabet and message class (SMPP 3.4 5.2.19, TS 23.038 4)."""

from __future__ import annotations

from collections.abc import Iterator

from simpost.config import SmppCarrierSettings as Settings

_CLASSES = range(4)
_GROUPS: dict[str, dict[str, int]] = {
    "general": {"gsm7": 0x10, "binary": 0x14, "ucs2": 0x18},
    "group_f": {"gsm7": 0xF0, "binary": 0xF4, "ucs2": 0x18},  # group 1111 has no UCS-2
}


def data_codings(settings: Settings) -> dict[tuple[str, int | None], int]:
    """Return the data_coding by alphabet and message class; combinations without one are missing.

    If the default alphabet of the carrier is not GSM 7 bit, GSM 7 bit has none.
    """
    usual = {"latin1": 0x03, "ascii": 0x01, "ucs2": 0x08, "binary": settings.binary_data_coding}
    usual[settings.default_alphabet] = settings.default_data_coding
    found: dict[tuple[str, int | None], int] = {
        (alphabet, None): coding for alphabet, coding in usual.items()
    }
    found.update(_with_class(settings.message_class, usual))
    return found


def _with_class(method: str, usual: dict[str, int]) -> Iterator[tuple[tuple[str, int], int]]:
    if method == "subunit":  # the class is in a TLV
        yield from (((name, each), usual[name]) for name in usual for each in _CLASSES)
    for alphabet, group in _GROUPS.get(method, {}).items():
        yield from (((alphabet, each), group | each) for each in _CLASSES)
