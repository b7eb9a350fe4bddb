"""Prices of parts: exact decimals, and which price counts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simpost.domain.esims import Esim
from simpost.domain.prices import MAX_COST, UNIT, Cost, PartPrices, format_cost, parse_cost

THAI = Esim("e1", "8966", "66812345678", "", "", "", 1, package_code="P-TH", slug="TH_1_7")


@pytest.mark.parametrize(
    ("text", "amount"),
    [("0.0450", 450), ("0.045", 450), ("1", 10_000), ("0", 0), ("12.5", 125_000), ("0.0001", 1)],
)
def test_an_amount_is_read_exactly(text, amount):
    assert parse_cost(text) == amount


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1.", ".5", "01", "-1", "+1", "1e3", "0.00001", "1,5", "١", "1_000", "nan", "1 EUR"],
)
def test_what_is_no_plain_decimal_is_refused(text):
    with pytest.raises(ValueError, match="must be a decimal number"):
        parse_cost(text)


def test_an_amount_has_a_limit():
    assert parse_cost("1000000000") == MAX_COST
    with pytest.raises(ValueError, match=r"at most 1000000000\.0000"):
        parse_cost("1000000000.0001")


@given(st.decimals(min_value=0, max_value=10**9, places=4))
def test_amounts_are_those_of_decimals(number):
    assert parse_cost(f"{number:f}") == number * UNIT
    assert Decimal(format_cost(parse_cost(f"{number:f}"))) == number


def test_the_most_exact_price_counts():
    by_rank = ["6681", "66", "plan:TH_1_7", "plan:P-TH", "TH"]
    own = {place: rank for rank, place in enumerate(by_rank)}
    for rank, place in enumerate(by_rank):
        assert PartPrices(None, own).price_of(THAI) == rank
        del own[place]
    assert PartPrices(None, own).price_of(THAI) is None
    assert PartPrices(6, {"67": 1, "FR": 2}).price_of(THAI) == 6


def test_an_esim_without_a_number_or_plan_has_the_default():
    nobody = replace(THAI, msisdn="", slug="", package_code="")
    assert PartPrices(7, {"66": 1, "plan:TH_1_7": 2, "TH": 3}).price_of(nobody) == 7
    assert PartPrices(7, {"66": 1}).price_of(None) == 7


def test_a_part_without_a_known_price_counts_a_unit():
    assert PartPrices().cost_of(THAI, 3) == Cost(30_000, is_known=False)
    assert PartPrices(450).cost_of(THAI, 3) == Cost(1_350, is_known=True)
    assert PartPrices(0).cost_of(THAI, 3) == Cost(0, is_known=True)
