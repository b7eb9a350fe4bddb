"""What parts cost, in cost units. Pure.

A cost unit is whatever the prices of carriers are in, such as a euro. Amounts are whole numbers of
1/10,000 unit: sums are exact, and never rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from simpost.domain.calling_codes import countries_of_number
from simpost.domain.esims import Esim

UNIT: Final = 10_000
"""A cost unit."""
UNKNOWN_PRICE: Final = UNIT
"""What a part counts that has no known price: an unknown cost is not free."""
MAX_PRICE: Final = 1_000 * UNIT
MAX_COST: Final = 1_000_000_000 * UNIT
"""Less than 2^53: exact in JSON numbers, too."""
PLAN: Final = "plan:"
"""What the key of a price begins with if the rest is a plan."""
_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,4}))?")


class Cost(NamedTuple):
    """The cost of the parts of a message, and whether their price is known."""

    amount: int
    is_known: bool


class PartPrices(msgspec.Struct, frozen=True, gc=False):
    """What a carrier charges for a part.

    Attributes:
        default: of numbers and plans without a price of their own; `None`: it is not known.
        own: by first digits of numbers, by `plan:` and a slug or package code, or by the Alpha-2
            code of the country of the number.
    """

    default: int | None = None
    own: Mapping[str, int] = {}

    def price_of(self, esim: Esim | None) -> int | None:
        """The price of the longest prefix of the number, its plan, its country, or the default."""
        if not self.own or esim is None:
            return self.default
        number = esim.msisdn
        places = [number[:length] for length in range(len(number), 0, -1)]
        places += [f"{PLAN}{esim.slug}", f"{PLAN}{esim.package_code}"]
        places += countries_of_number(number)[:1]
        return next((self.own[each] for each in places if each in self.own), self.default)

    def cost_of(self, esim: Esim | None, parts: int) -> Cost:
        """The cost of parts to an eSIM."""
        price = self.price_of(esim)
        return Cost(parts * (UNKNOWN_PRICE if price is None else price), price is not None)


NO_PRICES: Final = PartPrices()


def parse_cost(text: str, most: int = MAX_COST) -> int:
    """An amount such as `0.045`. Raises ValueError."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise ValueError('must be a decimal number with at most 4 decimals, such as "0.0450"')
    amount = UNIT * int(found[1]) + int((found[2] or "").ljust(4, "0"))
    if amount > most:
        raise ValueError(f"must be at most {format_cost(most)}")
    return amount


def format_cost(amount: int) -> str:
    """The amount in cost units, with four decimals: `0.0450`."""
    return f"{amount // UNIT}.{amount % UNIT:04}"
