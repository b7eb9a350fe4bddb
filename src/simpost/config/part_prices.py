"""What a carrier charges for a part: settings of a carrier of any type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from simpost.config.section import PLACE
from simpost.domain.prices import MAX_PRICE, PartPrices, parse_cost


def _checked_price(text: str) -> str:
    if text:
        parse_cost(text, MAX_PRICE)
    return text


def _checked_prices(prices: dict[str, str]) -> dict[str, str]:
    for place, price in prices.items():
        if not PLACE.fullmatch(place):
            raise ValueError(
                f"{place!r} must be a country such as TH, the digits of numbers, or plan: and the "
                "slug or package code of a plan"
            )
        try:
            parse_cost(price, MAX_PRICE)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
    return prices


Price = Annotated[str, AfterValidator(_checked_price)]
"""An exact decimal number of cost units, or empty."""
Prices = Annotated[dict[str, str], AfterValidator(_checked_prices)]
PRICE_PER_PART: Any = Field(
    default="",
    description="What the carrier charges for a part, in cost units with at most 4 decimals, such "
    'as `"0.0450"`; empty: not known, and counted as 1 cost unit ([prices](broadcasts.md#prices)).',
)
PRICES: Any = Field(
    default={},
    description="Prices of countries, by Alpha-2 code, of numbers, by first digits, and of plans, "
    'such as `{ TH = "0.02", "4420" = "0.0315", "plan:TH_1_7" = "0.018" }`. The longest prefix '
    "decides, then the plan, then the country of the number, then `price_per_part`.",
)


def part_prices(price_per_part: str, prices: Mapping[str, str]) -> PartPrices:
    """The prices, as exact amounts."""
    return PartPrices(
        parse_cost(price_per_part) if price_per_part else None,
        {place: parse_cost(price) for place, price in prices.items()},
    )
