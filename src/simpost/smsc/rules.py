"""Rules at work: which of them match, counted and seeded, and what they make of a script.

Pure: the clock is handed in. The same seed and the same order of binds and submits give the same
faults, save where a rule asks for the time.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from simpost.domain.rates import TokenBucket
from simpost.smpp import MessageState
from simpost.smsc import faults as f
from simpost.smsc.behaviour import SubmitScript
from simpost.smsc.content import Submit

_Shape = Callable[[SubmitScript, Any, Random], SubmitScript]


class FaultRules:
    """The rules in force, from the moment they are made.

    Attributes:
        faults: what they were made of.
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
        self._of_binds = [each for each in counted if isinstance(each.rule.do, f.RefuseBind)]
        self._of_submits = [each for each in counted if not isinstance(each.rule.do, f.RefuseBind)]

    def applied(self) -> dict[str, int]:
        """How often each rule was obeyed, by its name."""
        names: dict[str, int] = {}
        for number, each in enumerate(self._all, 1):
            name = each.rule.name or f"{number} {f.fault_name(each.rule.do)}"
            names[name] = names.get(name, 0) + each.applied
        return names

    def on_bind(self, kind: str, bound: int) -> f.RefuseBind | None:
        """Why a bind with the right password is refused all the same."""
        now = self._clock()
        matched = [
            each.rule.do
            for each in self._of_binds
            if bound >= each.rule.when.bound and each.matches("", kind, now, self._since)
        ]
        first = matched[0] if matched else None
        assert first is None or isinstance(first, f.RefuseBind)
        return first

    def on_submit(self, script: SubmitScript, request: Submit, kind: str) -> SubmitScript:
        """The script with everything that goes wrong; the first rule wins where two disagree."""
        now = self._clock()
        number = request.destination_addr.removeprefix("+")
        since = self._since
        matched = [each for each in self._of_submits if each.matches(number, kind, now, since)]
        for each in reversed(matched):
            script = _SHAPES[type(each.rule.do)](script, each.rule.do, each.random)
        return script


class _CountedRule:
    """One rule with its counts and its own randomness, so that rules do not disturb each other."""

    __slots__ = ("applied", "bucket", "random", "rule", "seen")

    def __init__(self, rule: f.Rule, seed: str, now: float) -> None:
        self.rule = rule
        self.random = Random(seed)  # noqa: S311  to be repeated, not to be secret
        self.seen = 0
        self.applied = 0
        rate = rule.when.above_per_s
        self.bucket = TokenBucket(rate, max(1.0, rate), now) if rate else None

    def matches(self, number: str, kind: str, now: float, since: float) -> bool:
        """Conditions in the order `When` tells them: what fulfils one is counted by the next."""
        if not self._is_meant(number, kind, now - since):
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

    def _is_meant(self, number: str, kind: str, elapsed_s: float) -> bool:
        when = self.rule.when
        return (
            number.startswith(when.to)
            and when.bind in {None, kind}
            and when.from_s <= elapsed_s
            and (when.until_s is None or elapsed_s < when.until_s)
        )


def _refuse(script: SubmitScript, fault: f.Refuse, _: Random) -> SubmitScript:
    return script._replace(status=f.status_code(fault.status))


def _slow(script: SubmitScript, fault: f.Slow, random: Random) -> SubmitScript:
    return script._replace(response_delay_s=_between(fault.seconds, fault.max_seconds, random))


def _congestion(script: SubmitScript, fault: f.Congestion, _: Random) -> SubmitScript:
    return script._replace(congestion=fault.percent)


def _answer(script: SubmitScript, fault: f.ResponseFault, random: Random) -> SubmitScript:
    return script._replace(answer=fault, seed=random.getrandbits(32))


def _final_state(script: SubmitScript, fault: f.FinalState, _: Random) -> SubmitScript:
    code = fault.error if fault.code is None else fault.code
    network_error = (fault.network, code)
    state = MessageState[fault.state]
    return script._replace(state=state, error=fault.error, network_error=network_error)


def _handset_off(script: SubmitScript, fault: f.HandsetOff, _: Random) -> SubmitScript:
    return script._replace(off_s=fault.seconds)


def _delay_receipt(script: SubmitScript, fault: f.DelayReceipt, random: Random) -> SubmitScript:
    return script._replace(receipt_delay_s=_between(fault.seconds, fault.max_seconds, random))


def _receipt_first(script: SubmitScript, fault: f.ReceiptFirst, _: Random) -> SubmitScript:
    return _styled(script, first_s=fault.seconds)


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


_SHAPES: Final[dict[type[f.SimulatedFault], _Shape]] = {
    f.Refuse: _refuse,
    f.Slow: _slow,
    f.Congestion: _congestion,
    f.Silent: _answer,
    f.Drop: _answer,
    f.Reset: _answer,
    f.HalfOpen: _answer,
    f.WrongSequence: _answer,
    f.DoubleResponse: _answer,
    f.MangleResponse: _answer,
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
