"""Which rules match, and how they change a script."""

from __future__ import annotations

import pytest

from simpost.smpp import MessageState, Status, SubmitSm
from simpost.smsc import faults as f
from simpost.smsc.behaviour import PLAIN_RECEIPT, SubmitScript
from simpost.smsc.rules import FaultRules

THROTTLE = f.Refuse(status="ESME_RTHROTTLED")


class Clock:
    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


def rules_of(*rules: f.Rule, seed: int | None = 1, clock: Clock | None = None) -> FaultRules:
    return FaultRules(f.Faults(rules), seed, clock or Clock())


def script(
    rules: FaultRules, number: str = "66812345678", kind: str = "transceiver"
) -> SubmitScript:
    return rules.apply(SubmitScript(), SubmitSm(destination_addr=number), kind)


def refused(when: f.When, count: int = 12, seed: int = 1) -> list[int]:
    """The numbers (from 1) of the submits that are refused, of `count`."""
    rules = rules_of(f.Rule(do=THROTTLE, when=when), seed=seed)
    return [number for number in range(1, count + 1) if script(rules).status]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (f.When(), list(range(1, 13))),
        (f.When(every=4), [4, 8, 12]),
        (f.When(after=5), [6, 7, 8, 9, 10, 11, 12]),
        (f.When(after=5, every=3), [8, 11]),
        (f.When(times=2), [1, 2]),
        (f.When(every=4, times=2), [4, 8]),
        (f.When(share=0.0), []),
        (f.When(share=1.0), list(range(1, 13))),
    ],
)
def test_counted_conditions_match_in_their_order(when: f.When, expected: list[int]) -> None:
    assert refused(when) == expected


def test_a_share_is_random_and_about_as_large_as_asked() -> None:
    assert 800 < len(refused(f.When(share=0.1), 10_000)) < 1_200


def test_the_same_seed_refuses_the_same_submits_and_another_seed_others() -> None:
    when = f.When(share=0.3)
    assert refused(when, 100, seed=7) == refused(when, 100, seed=7)
    assert refused(when, 100, seed=7) != refused(when, 100, seed=8)


def test_a_rule_does_not_disturb_the_randomness_of_another() -> None:
    share = f.Rule(do=THROTTLE, when=f.When(share=0.3))
    other = f.Rule(do=f.MangleReceipt(), when=f.When(share=0.5))
    alone, beside = rules_of(share), rules_of(share, other)
    assert [script(alone).status for _ in range(50)] == [script(beside).status for _ in range(50)]


def test_without_a_seed_two_runs_differ() -> None:
    rule = f.Rule(do=THROTTLE, when=f.When(share=0.5))
    one, two = rules_of(rule, seed=None), rules_of(rule, seed=None)
    assert [script(one).status for _ in range(200)] != [script(two).status for _ in range(200)]


@pytest.mark.parametrize(
    ("number", "kind", "matches"),
    [
        ("66812345678", "transceiver", True),
        ("+66812345678", "transceiver", True),
        ("6681", "transceiver", True),
        ("668", "transceiver", False),
        ("66912345678", "transceiver", False),
        ("66812345678", "transmitter", False),
    ],
)
def test_destination_and_bind_are_matched(number: str, kind: str, matches: bool) -> None:
    rules = rules_of(f.Rule(do=THROTTLE, when=f.When(to="6681", bind="transceiver")))
    assert bool(script(rules, number, kind).status) is matches


def test_submits_that_do_not_match_are_not_counted() -> None:
    rules = rules_of(f.Rule(do=THROTTLE, when=f.When(to="1", every=2)))
    statuses = [bool(script(rules, number).status) for number in ("11", "22", "22", "12")]
    assert statuses == [False, False, False, True]


def test_a_window_of_time_begins_when_the_rules_are_set() -> None:
    clock = Clock()
    rules = rules_of(f.Rule(do=THROTTLE, when=f.When(from_s=10, until_s=20)), clock=clock)
    seen: list[bool] = []
    for clock.now in (500.0, 509.9, 510.0, 519.9, 520.0):
        seen.append(bool(script(rules).status))
    assert seen == [False, False, True, True, False]


def test_only_what_comes_faster_than_the_rate_matches() -> None:
    clock = Clock()
    rules = rules_of(f.Rule(do=THROTTLE, when=f.When(above_per_s=5)), clock=clock)
    assert [bool(script(rules).status) for _ in range(7)] == [False] * 5 + [True] * 2
    clock.now += 0.5
    assert [bool(script(rules).status) for _ in range(3)] == [False, False, True]


def test_every_matching_rule_applies_and_the_first_wins_a_conflict() -> None:
    rules = rules_of(
        f.Rule(do=f.Slow(seconds=1)),
        f.Rule(do=f.FinalState(state="EXPIRED", error=27)),
        f.Rule(do=f.Slow(seconds=2)),
        f.Rule(do=f.FinalState(state="REJECTED")),
        f.Rule(do=f.LoseReceipt()),
        f.Rule(do=f.DoubleReceipt(copies=3)),
        f.Rule(do=f.Silent()),
        f.Rule(do=f.Drop()),
    )
    made = script(rules)
    assert made.response_delay_s == 1
    assert (made.state, made.error) == (MessageState.EXPIRED, 27)
    assert made.network_error == (3, 27)
    assert (made.receipt.lost, made.receipt.copies) == (True, 3)
    assert made.response_fault == f.Silent()


def test_without_a_match_the_script_is_unchanged() -> None:
    made = script(rules_of(f.Rule(do=f.LoseReceipt(), when=f.When(to="1"))))
    assert made == SubmitScript()
    assert made.receipt is PLAIN_RECEIPT


def test_a_random_delay_lies_between_its_bounds() -> None:
    rules = rules_of(f.Rule(do=f.Slow(seconds=1, max_seconds=3)))
    delays = [script(rules).response_delay_s for _ in range(100)]
    assert all(1 <= delay <= 3 for delay in delays)
    assert len(set(delays)) > 50


def test_binds_are_refused_by_how_many_are_bound() -> None:
    busy = f.RefuseBind(status="ESME_RALYBND")
    rules = rules_of(f.Rule(do=busy, when=f.When(bound=2, bind="receiver")))
    assert rules.bind_fault("receiver", 1) is None
    assert rules.bind_fault("transmitter", 2) is None
    assert rules.bind_fault("receiver", 2) == busy
    assert script(rules).status == Status.ESME_ROK


def test_the_applications_of_each_rule_are_counted() -> None:
    rules = rules_of(
        f.Rule(do=THROTTLE, when=f.When(every=2), name="mine"), f.Rule(do=f.LoseReceipt())
    )
    for _ in range(5):
        script(rules)
    assert rules.counts() == {"mine": 2, "2 lose_receipt": 5}


def test_a_rule_with_a_call_is_for_that_call_alone() -> None:
    slow = f.Slow(seconds=1)
    rules = rules_of(
        f.Rule(do=slow, when=f.When(call="plans", every=2)),
        f.Rule(do=f.ShortList(rows=3), when=f.When(call="esims", upstream="esim_go")),
        f.Rule(do=f.Drop(), when=f.When(call="esim", to="8944")),
        f.Rule(do=THROTTLE),
    )
    assert script(rules).status == Status.ESME_RTHROTTLED
    assert script(rules).response_delay_s == 0
    delays = [rules.script_of_call("plans", "esim_go", "").response_delay_s for _ in range(4)]
    assert delays == [0, 1, 0, 1]
    assert rules.script_of_call("esims", "esim_go", "") == SubmitScript(most_rows=3)
    assert rules.script_of_call("esims", "esimfly", "") == SubmitScript()
    assert rules.script_of_call("esim", "esim_go", "89440001").response_fault == f.Drop()
    assert rules.script_of_call("esim", "esim_go", "89330001") == SubmitScript()
    assert rules.counts() == {
        "1 slow": 2,
        "2 short_list": 1,
        "3 drop": 1,
        "4 refuse": 2,
    }
