import pytest

from simpost.domain.messages import Category
from simpost.domain.policy.stops import Stop, StopScope

SERVICE, CODE, NOTICE = Category.SERVICE, Category.CODE, Category.NOTICE


def applies(scope, *, account=1, category=SERVICE, countries=("GB",), codes=False):
    return Stop(scope, codes, "why", 0).applies(account, category, lambda: countries)


@pytest.mark.parametrize(
    ("scope", "message", "is_stopped"),
    [
        (StopScope(), {}, True),
        (StopScope(account_id=1), {}, True),
        (StopScope(account_id=1), {"account": 2}, False),
        (StopScope(category=NOTICE), {"category": NOTICE}, True),
        (StopScope(category=NOTICE), {}, False),
        (StopScope(country="GB"), {}, True),
        (StopScope(country="KZ"), {"countries": ("RU", "KZ")}, True),
        (StopScope(country="GB"), {"countries": ("RU", "KZ")}, False),
        (StopScope(country="GB"), {"countries": ()}, False),
        (StopScope(1, NOTICE, "GB"), {"category": NOTICE}, True),
        (StopScope(1, NOTICE, "GB"), {}, False),
        (StopScope(1, NOTICE, "FR"), {"category": NOTICE}, False),
        (StopScope(2, NOTICE, "GB"), {"category": NOTICE}, False),
        (StopScope(), {"category": CODE}, False),
        (StopScope(), {"category": CODE, "codes": True}, True),
        (StopScope(country="FR"), {"category": CODE, "codes": True}, False),
    ],
)
def test_a_stop_applies_to_what_matches_every_field(scope, message, is_stopped):
    assert applies(scope, **message) is is_stopped


def test_countries_are_looked_up_only_for_a_stop_of_a_country():
    def fail():
        raise AssertionError

    assert Stop(StopScope(account_id=1), False, "why", 0).applies(1, SERVICE, fail)
    assert not Stop(StopScope(2, country="GB"), False, "why", 0).applies(1, SERVICE, fail)
