"""Which categories are allowed, and how changes are merged."""

import pytest

from simpost.domain.messages import Category
from simpost.domain.policy.preferences import (
    DecidedBy,
    find_allowance,
    format_choices,
    parse_choices,
)


@pytest.mark.parametrize(
    ("category", "choices", "defaults", "allowed", "decided_by"),
    [
        (Category.PROMOTION, "", "", True, DecidedBy.DEFAULT),
        (Category.PROMOTION, "promotion=no", "", False, DecidedBy.ESIM),
        (Category.PROMOTION, "promotion=no", "promotion=yes", False, DecidedBy.ESIM),
        (Category.PROMOTION, "promotion=yes", "promotion=no", True, DecidedBy.ESIM),
        (Category.PROMOTION, "notice=no", "promotion=no", False, DecidedBy.ACCOUNT),
        (Category.NOTICE, "promotion=no", "", True, DecidedBy.DEFAULT),
        (Category.CODE, "code=no", "code=no", True, DecidedBy.CATEGORY),
    ],
)
def test_one_order_decides(category, choices, defaults, allowed, decided_by):
    found = find_allowance(category, choices, defaults)
    assert (found.allowed, found.decided_by) == (allowed, decided_by)


def test_choices_are_read_and_written():
    assert parse_choices("promotion=no  notice=yes x=no code=no support=maybe service") == {
        Category.PROMOTION: False,
        Category.NOTICE: True,
    }
    assert format_choices({Category.PROMOTION: False, Category.NOTICE: True}) == (
        "notice=yes promotion=no"
    )
    assert format_choices({}) == ""
