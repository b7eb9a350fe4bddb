"""Where a traveller is, and the time zones there."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

import tzdata

from simpost.domain.calling_codes import countries_of_iccid, countries_of_number
from simpost.domain.esims import Esim

_ALPHA_2: Final = 2


def countries_of(esim: Esim) -> tuple[str, ...]:
    """Countries the traveller can be in: the last known one, else where the eSIM was issued.

    A plan for one country tells more than the number: it is used there. Empty when nothing is
    known.
    """
    if esim.country:
        return (esim.country,)
    if len(esim.coverage) == _ALPHA_2 and esim.coverage.isalpha():
        return (esim.coverage.upper(),)
    return countries_of_number(esim.msisdn)


def issuing_countries(esim: Esim) -> tuple[str, ...]:
    """Countries that can have issued the eSIM: of its number, else of its ICCID.

    Their networks receive its messages, wherever the traveller is. Empty when nothing is known.
    """
    return countries_of_number(esim.msisdn) or countries_of_iccid(esim.iccid)


def is_country(code: str) -> bool:
    """Whether this is the ISO 3166-1 Alpha-2 code of a country with a time zone."""
    return code in _zone_names()


@lru_cache(maxsize=1024)
def zones_of(countries: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    """All time zones of the countries; UTC when none is known."""
    names = {name for country in countries for name in _zone_names().get(country, ())}
    return tuple(ZoneInfo(name) for name in sorted(names)) or (ZoneInfo("UTC"),)


@lru_cache(maxsize=1024)
def zone_names_of(countries: tuple[str, ...]) -> tuple[str, ...]:
    """The names of all time zones of the countries."""
    return tuple(zone.key for zone in zones_of(countries))


@cache
def _zone_names() -> dict[str, tuple[str, ...]]:
    """Names of time zones by country, from zone.tab of the IANA time zone database."""
    table = files(tzdata).joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8")
    names: dict[str, tuple[str, ...]] = {}
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            names[country] = (*names.get(country, ()), name)
    return names
