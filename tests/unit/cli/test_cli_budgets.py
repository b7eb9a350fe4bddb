"""`simpost accounts budgets`: what it saves, and a row of what it shows."""

from simpost.cli.accounts import _LIMITS, _budget_row, _with_budget

FOUND = [
    {"prefix": "", "day": 5, "dayUsed": 1, "month": None, "monthUsed": 1}
    | {"dayCost": None, "dayCostUsed": "0.0000", "monthCost": "9.0000", "monthCostUsed": "0.0450"}
]
NO_CHANGE = {"day": None, "month": None, "dayCost": None, "monthCost": None}


def test_a_limit_of_cost_is_set_beside_the_others():
    saved = _with_budget(FOUND, "", NO_CHANGE | {"dayCost": "25.5"})
    kept = {"prefix": "", "day": 5, "month": None, "monthCost": "9.0000"}
    assert saved == [kept | {"dayCost": "25.5"}]


def test_a_limit_of_0_is_no_limit():
    for zero in ("0", "0.0000"):
        changes = {"day": 0, "month": None, "dayCost": None, "monthCost": zero}
        assert _with_budget(FOUND, "", changes) == []


def test_a_new_prefix_has_the_given_limits_only():
    saved = _with_budget(FOUND, "66", NO_CHANGE | {"monthCost": "1"})
    assert [each["prefix"] for each in saved] == ["", "66"]
    assert {name: most for name, most in saved[1].items() if most} == {
        "prefix": "66",
        "monthCost": "1",
    }


def test_a_row_has_cost_only_if_it_is_asked_for():
    assert _budget_row(FOUND[0], _LIMITS[:2]) == ["any", "5", "1", "no limit", ""]
    assert _budget_row(FOUND[0], _LIMITS)[5:] == ["no limit", "", "9.0000", "0.0450"][0:4]
