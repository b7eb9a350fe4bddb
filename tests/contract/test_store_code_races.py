"""Races of checks, starts and cancels: one use of a code, bounded guesses."""

import asyncio
import random
from collections import Counter

import pytest

from simpost.domain.code_budgets import CodeBudget, CodeLimits, CodeRefusal
from simpost.domain.verifications import CheckVerdict
from tests.contract.store_facts import NOW_MS
from tests.contract.test_store_verifications import (
    CODE,
    OTHER_CODE,
    check,
    find,
    new,
    start,
    texts_of,
)

WAIT = CodeLimits(esim_wait_ms=60_000, hour={CodeBudget.ESIM: 5})
EVALUATED = {CheckVerdict.WRONG_CODE, CheckVerdict.VERIFIED}


async def test_all_codes_at_once_are_not_more_guesses_than_allowed(store):
    begun = (await start(store, new("4829"))).verification
    codes = [f"{number:04}" for number in range(1000)]
    done = await asyncio.gather(*(check(store, begun, code) for code in codes))
    assert len([each for each in done if each.verdict in EVALUATED]) == 5
    assert (await find(store, begun)).checks == 5
    assert (await check(store, begun, "4829")).verdict is CheckVerdict.TOO_MANY_CHECKS


@pytest.mark.parametrize("turn", range(8))
async def test_a_check_races_a_start_that_supersedes(store, turn):
    begun = (await start(store, new(session="a"))).verification
    calls = [check(store, begun, CODE), start(store, new("111111", session="b"))]
    calls = calls if turn % 2 else calls[::-1]
    found = await asyncio.gather(*calls)
    checked, started = found if turn % 2 else found[::-1]
    if checked.verdict is CheckVerdict.VERIFIED:
        assert (started.step, (await find(store, begun)).state) == ("create", "verified")
    else:
        assert checked.verdict is CheckVerdict.SUPERSEDED
        assert started.step == "supersede"
    assert (await check(store, started.verification, "111111")).verdict == "verified"


async def test_a_check_races_a_cancel(store):
    begun = (await start(store)).verification
    cancel = store.verifications.cancel(1, begun.id, now_ms=NOW_MS)
    checked, cancelled = await asyncio.gather(check(store, begun, CODE), cancel)
    assert checked.verdict in ("verified", "cancelled")
    final = {"verified": "verified", "cancelled": "cancelled"}[checked.verdict]
    assert (await find(store, begun)).state == final == cancelled.state


class Player:
    """Makes random calls on one eSIM, and keeps what must be true of them."""

    def __init__(self, store, seed):
        self.sent = {}
        """The time of each send, by verification and number."""
        self.verified = []
        self.waits_until_ms = 0
        self.is_set_back = False
        """Whether the clock was set back since the last send."""
        self.at_ms = NOW_MS - NOW_MS % 3_600_000
        self._store = store
        self._chance = random.Random(seed)
        self._known = []

    async def play(self):
        calls = [self._start, self._start, self._check, self._cancel]
        call = self._chance.choice(calls if self._known else calls[:1])
        await call()

    def step_clock(self, by_ms):
        self.at_ms += by_ms
        self.is_set_back |= by_ms < -10_000

    async def _start(self):
        purpose = self._chance.choice("ab")
        asked = new(session=f"{self._chance.randrange(3)}", purpose=purpose)
        found = await start(self._store, asked, now_ms=self.at_ms, limits=WAIT)
        if isinstance(found, CodeRefusal):
            assert found.until_ms > self.at_ms
            return
        self._known.append(found.verification)
        if found.step.sends:
            key = found.verification.id, found.verification.sends
            assert key not in self.sent
            self.sent[key] = self.at_ms
            assert found.message.id == found.verification.message_id
            assert self.at_ms >= self.waits_until_ms or self.is_set_back
            self.waits_until_ms, self.is_set_back = self.at_ms + 60_000, False

    async def _check(self):
        each, code = self._chance.choice(self._known[-2:]), self._chance.choice([CODE, OTHER_CODE])
        found = await check(self._store, each, code, now_ms=self.at_ms)
        if found.verdict is CheckVerdict.VERIFIED:
            self.verified.append(each.id)
            self.waits_until_ms = 0
        assert found.verification.checks <= found.verification.max_checks

    async def _cancel(self):
        each = self._chance.choice(self._known)
        await self._store.verifications.cancel(1, each.id, now_ms=self.at_ms)


FORWARD = [20_000]
ANY_STEP = [20_000, 20_000, -2, -5_000, -400_000, 3_000_000]


@pytest.mark.parametrize(
    ("seed", "steps"), [(0, FORWARD), (1, FORWARD), (2, ANY_STEP), (3, ANY_STEP)]
)
async def test_random_interleavings_never_exceed_a_budget_or_a_check(store, seed, steps):
    player, chance = Player(store, seed), random.Random(seed)
    for _ in range(40):
        for _ in range(8):
            await player.play()
        player.step_clock(chance.choice(steps))
    assert len(set(player.verified)) == len(player.verified) > 0
    hours = Counter(each // 3_600_000 for each in player.sent.values())
    assert 1 < max(hours.values()) <= 5
    assert len(await texts_of(store)) == len(player.sent)
