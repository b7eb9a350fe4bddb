"""Applies fault rules to scripts: matching, counters and random numbers.

Pure: the clock is an argument. The same seed and the same order of binds and submits give the same
faults, except for rules with a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from simpost.domain.rates import TokenBucket
from simpost.smpp import MessageState
from simpost.smsc import faults as f
from simpost.smsc.behaviour import SubmitScript
from simpost.smsc.content import Submit

_Apply = Callable[[SubmitScript, Any, Random], SubmitScript]


class FaultRules:
    """The active rules; their times count from construction.

    Attributes:
        faults: the rules as data.
    """

    def __init__(self, faults: f.Faults, seed: int | None, clock: Callable[[], float]) -> None:
        self.faults = faults
        self._clock = clock
        self._since = since = clock()
        counted = [
            _CountedRule(rule, f"{seed}/{n}", since) for n, rule in enumerate(faults.rules, 1)
        ]
        if seed is None:
            for each in counted:
                each.random.seed()
        self._all = counted
        self._bind_rules = [each for each in counted if isinstance(each.rule.do, f.RefuseBind)]
        others = [each for each in counted if not isinstance(each.rule.do, f.RefuseBind)]
        self._submit_rules = [each for each in others if each.rule.when.call is None]
        self._call_rules = [each for each in others if each.rule.when.call is not None]

    def counts(self) -> dict[str, int]:
        """How often each rule was applied, by its name."""
        names: dict[str, int] = {}
        for number, each in enumerate(self._all, 1):
            name = each.rule.name or f"{number} {f.fault_name(each.rule.do)}"
            names[name] = names.get(name, 0) + each.applied
        return names

    def bind_fault(self, kind: str, bound: int) -> f.RefuseBind | None:
        """The fault of a bind with the right password; None to accept it."""
        now = self._clock()
        matched = [
            each.rule.do
            for each in self._bind_rules
            if bound >= each.rule.when.bound and each.matches("", kind, now, self._since)
        ]
        first = matched[0] if matched else None
        assert first is None or isinstance(first, f.RefuseBind)
        return first

    def apply(self, script: SubmitScript, request: Submit, kind: str) -> SubmitScript:
        """The script with the faults of all matching rules; of conflicting ones the first wins."""
        number = request.destination_addr.removeprefix("+")
        return self._apply(self._submit_rules, script, number, kind)

    def script_of_call(self, call: f.CallName, kind: f.UpstreamName, iccid: str) -> SubmitScript:
        """The script of a request by HTTP that is no text; `iccid` is empty if it names none."""
        rules = [each for each in self._call_rules if each.rule.when.call == call]
        return self._apply(rules, SubmitScript(), iccid, kind)

    def _apply(
        self, rules: Sequence[_CountedRule], script: SubmitScript, number: str, kind: str
    ) -> SubmitScript:
        now, since = self._clock(), self._since
        matched = [each for each in rules if each.matches(number, kind, now, since)]
        for each in reversed(matched):
            script = _APPLY[type(each.rule.do)](script, each.rule.do, each.random)
        return script


class _CountedRule:
    """One rule with its own counters and random numbers, so that rules do not affect each other."""

    __slots__ = ("applied", "bucket", "random", "rule", "seen")

    def __init__(self, rule: f.Rule, seed: str, now: float) -> None:
        self.rule = rule
        self.random = Random(seed)  # noqa: S311  repeatable, not secret
        self.seen = 0
        self.applied = 0
        rate = rule.when.above_per_s
        self.bucket = TokenBucket(rate, max(1.0, rate), now) if rate else None

    def matches(self, number: str, kind: str, now: float, since: float) -> bool:
        """Whether the rule applies; conditions are checked and counted in the order of `When`."""
        if not self._meets_conditions(number, kind, now - since):
            return False
        when = self.rule.when
        self.seen += 1
        if self.seen <= when.after or (self.seen - when.after) % when.every:
            return False
        if when.share < 1 and self.random.random() >= when.share:
            return False
        if self.bucket is not None and not self.bucket.take(now):
            return False
        if self.applied == when.times:
            return False
        self.applied += 1
        return True

    def _meets_conditions(self, number: str, kind: str, elapsed_s: float) -> bool:
        when = self.rule.when
        return (
            number.startswith(when.to)
            and when.bind in {None, kind}
            and when.upstream in {None, kind}
            and when.from_s <= elapsed_s
            and (when.until_s is None or elapsed_s < when.until_s)
        )


def _refuse(script: SubmitScript, fault: f.Refuse, _: Random) -> SubmitScript:
    return script._replace(status=f.status_code(fault.status))


def _http_error(script: SubmitScript, fault: f.HttpError, _: Random) -> SubmitScript:
    return script._replace(http_error=fault)


def _empty_body(script: SubmitScript, _fault: f.EmptyBody, _: Random) -> SubmitScript:
    return script._replace(has_empty_body=True)


def _short_list(script: SubmitScript, fault: f.ShortList, _: Random) -> SubmitScript:
    return script._replace(most_rows=fault.rows)


def _slow(script: SubmitScript, fault: f.Slow, random: Random) -> SubmitScript:
    return script._replace(response_delay_s=_between(fault.seconds, fault.max_seconds, random))


def _congestion(script: SubmitScript, fault: f.Congestion, _: Random) -> SubmitScript:
    return script._replace(congestion=fault.percent)


def _response_fault(script: SubmitScript, fault: f.ResponseFault, random: Random) -> SubmitScript:
    return script._replace(response_fault=fault, seed=random.getrandbits(32))


def _final_state(script: SubmitScript, fault: f.FinalState, _: Random) -> SubmitScript:
    code = fault.error if fault.code is None else fault.code
    network_error = (fault.network, code)
    state = MessageState[fault.state]
    return script._replace(state=state, error=fault.error, network_error=network_error)


def _handset_off(script: SubmitScript, fault: f.HandsetOff, _: Random) -> SubmitScript:
    return script._replace(handset_off_s=fault.seconds)


def _delay_receipt(script: SubmitScript, fault: f.DelayReceipt, random: Random) -> SubmitScript:
    return script._replace(receipt_delay_s=_between(fault.seconds, fault.max_seconds, random))


def _receipt_first(script: SubmitScript, fault: f.ReceiptFirst, _: Random) -> SubmitScript:
    return _styled(script, before_response_s=fault.seconds)


def _double_receipt(script: SubmitScript, fault: f.DoubleReceipt, _: Random) -> SubmitScript:
    return _styled(script, copies=fault.copies, copy_delay_s=fault.seconds)


def _lose_receipt(script: SubmitScript, _fault: f.LoseReceipt, _: Random) -> SubmitScript:
    return _styled(script, lost=True)


def _receipt_id(script: SubmitScript, fault: f.ReceiptId, _: Random) -> SubmitScript:
    return _styled(script, id=fault)


def _shape_receipt(script: SubmitScript, fault: f.ShapeReceipt, _: Random) -> SubmitScript:
    return _styled(script, shape=fault)


def _mangle_receipt(script: SubmitScript, fault: f.MangleReceipt, random: Random) -> SubmitScript:
    return _styled(script, mangle=fault, seed=random.getrandbits(32))


def _intermediate(script: SubmitScript, fault: f.Intermediate, _: Random) -> SubmitScript:
    return _styled(script, notice=True, notice_always=fault.always)


def _styled(script: SubmitScript, **style: Any) -> SubmitScript:
    return script._replace(receipt=script.receipt._replace(**style))


def _between(least: float, most: float | None, random: Random) -> float:
    return least if most is None else random.uniform(least, max(least, most))


_APPLY: Final[dict[type[f.SimulatedFault], _Apply]] = {
    f.Refuse: _refuse,
    f.HttpError: _http_error,
    f.EmptyBody: _empty_body,
    f.ShortList: _short_list,
    f.Slow: _slow,
    f.Congestion: _congestion,
    f.Silent: _response_fault,
    f.Drop: _response_fault,
    f.Reset: _response_fault,
    f.HalfOpen: _response_fault,
    f.WrongSequence: _response_fault,
    f.DoubleResponse: _response_fault,
    f.MangleResponse: _response_fault,
    f.FinalState: _final_state,
    f.HandsetOff: _handset_off,
    f.ReceiptFirst: _receipt_first,
    f.DelayReceipt: _delay_receipt,
    f.DoubleReceipt: _double_receipt,
    f.LoseReceipt: _lose_receipt,
    f.ReceiptId: _receipt_id,
    f.ShapeReceipt: _shape_receipt,
    f.MangleReceipt: _mangle_receipt,
    f.Intermediate: _intermediate,
}
