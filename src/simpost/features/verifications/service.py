"""Starts verifications, sends their codes and checks them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from simpost.config import Settings
from simpost.config.verifications import VerificationSettings
from simpost.domain.accounts import Account
from simpost.domain.calling_codes import countries_of_number
from simpost.domain.code_budgets import (
    CodeRefusal,
    account_quotas,
    esim_quotas,
    subjects_of,
)
from simpost.domain.code_modes import CodeMode, CodeModes, PrefixCounts
from simpost.domain.decision_record import with_monitored
from simpost.domain.esims import Esim
from simpost.domain.policy.quotas import Quota, QuotaReached
from simpost.domain.reasons import Reason
from simpost.domain.verifications import StartStep, Verification
from simpost.features.verifications.counts import CodeCounts
from simpost.features.verifications.guard import CodeGuard
from simpost.features.verifications.messages import code_request, with_text
from simpost.features.verifications.requests import PreviewResult, StartRequest, StartResult
from simpost.features.verifications.rules import AccountRules, modes_of, rules_of
from simpost.messaging.intake import Intake
from simpost.messaging.plan import Refusal, SendPlan
from simpost.observe import get_logger
from simpost.ports.store import NewMessage, Store
from simpost.ports.store.verifications import (
    Checked,
    CodeMessage,
    FoundVerifications,
    NewVerification,
    PrefixHour,
    StartAnswer,
    Started,
    VerificationFilter,
)
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

log = get_logger(__name__)

_CLEAN_UP_INTERVAL_S = 30.0
_DAY_MS: Final = 86_400_000
_KEEP_MS: Final = 30 * _DAY_MS
"""How long a verification that ended is kept, without its code."""


class Verifications(Component):
    """The verifications of all accounts. Codes are in messages of the category `code` only."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        settings: VerificationSettings,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self.counts = CodeCounts(store.quotas, clock_ms)
        self._settings = settings
        self._store = store.verifications
        self._guard = CodeGuard(self.counts, store.quotas)
        self._intake = intake
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_leader = is_leader

    async def run(self) -> None:
        """Wipe the codes of expired verifications, and delete old ones, until cancelled."""
        await run_periodically(
            self.clean_up, _CLEAN_UP_INTERVAL_S, name="verifications", when=self._is_leader
        )

    async def reconfigure(self, settings: Settings) -> None:
        """Apply new rules, to verifications that begin or are sent again from now on."""
        self._settings = settings.verifications

    async def clean_up(self) -> None:
        """Wipe and delete what is due, in bounded steps."""
        now_ms = self._clock_ms()
        while expired := await self._store.end_expired(now_ms=now_ms):
            for each in expired:
                self.counts.add_end(each)
        while await self._store.delete_ended(before_ms=now_ms - _KEEP_MS):
            pass

    async def preview(self, account: Account, wanted: StartRequest) -> PreviewResult:
        """What a start would do, with a code of zeros; nothing is stored or sent."""
        rules, now_ms = rules_of(self._settings, account.code_policy), self._clock_ms()
        esim = await self._find_esim(account, wanted)
        code = "0" * (wanted.digits or rules.life.digits)
        request = replace(
            code_request(account, esim, wanted, code), expires_at_ms=now_ms + rules.life.life_ms
        )
        if esim is None:
            return PreviewResult(await self._intake.preview(account, request), request)
        new = self._new(account, esim, wanted, code)
        found = await self._store.preview_start(new, rules.life, rules.limits, now_ms=now_ms)
        modes = modes_of(self._settings)
        mode, refused = _mode_of(modes, esim.msisdn, new), None
        if found.step.sends:
            quotas = account_quotas(rules.limits, new.subjects, now_ms)
            looked = await self._guard.find_refusal(new, mode, modes, quotas, now_ms)
            refused = found.refusal or (looked if isinstance(looked, CodeRefusal) else None)
            quotas += esim_quotas(rules.limits, new.subjects.esim, now_ms)
            request = replace(request, quotas=quotas)
        refusal = _refusal(refused) if refused else None
        explained = await self._intake.preview(account, request, refusal)
        return PreviewResult(explained, request, found.step, found.pending, mode)

    async def start(self, account: Account, wanted: StartRequest) -> StartResult | Refusal:
        """Begin a verification and send its code, or take the next step of the pending one.

        The verification and the message are one commit. Raises StoreError.
        """
        rules, now_ms = rules_of(self._settings, account.code_policy), self._clock_ms()
        code = _new_code(wanted.digits or rules.life.digits)
        esim = await self._find_esim(account, wanted)
        request = code_request(account, esim, wanted, code)
        # Before anything is stored: an eSIM that takes no SMS gets no verification.
        if esim is None:
            esim, plan = await self._intake.decide(account, request, now_ms)
        else:
            plan = self._intake.decide_for(account, request, esim, now_ms)
        if esim is None or isinstance(plan, Refusal):
            refusal = plan if isinstance(plan, Refusal) else Refusal(Reason.ESIM_UNKNOWN)
            await self._intake.refuse(account, request, esim, refusal)
            return refusal
        assert isinstance(plan, SendPlan), "a code is never held"
        new = self._new(account, esim, wanted, code)
        quotas = account_quotas(rules.limits, new.subjects, now_ms)
        found = await self._find_refusal(new, esim.msisdn, quotas, rules, now_ms)
        if not isinstance(found, CodeRefusal):
            plan = replace(plan, quotas=plan.quotas + quotas)
            if found:
                plan = replace(plan, record=with_monitored(plan.record, *found))
            done = await self._commit(account, esim, wanted, new, plan, rules, now_ms)
            if isinstance(done, Started):
                self._count(done, is_monitored=found is not None)
                return StartResult(done.verification, done.step)
            if isinstance(done, QuotaReached):
                self._guard.reached.add(account.id, done.quota)
                self._count_refusal(new)
                return await self._intake.refuse_reached(account, request, esim, plan, done)
            found = done
        self._count_refusal(new)
        refusal = _refusal(found)
        await self._intake.refuse(account, request, esim, refusal)
        return refusal

    async def _commit(
        self,
        account: Account,
        esim: Esim,
        wanted: StartRequest,
        new: NewVerification,
        plan: SendPlan,
        rules: AccountRules,
        now_ms: int,
    ) -> StartAnswer:
        """Commit the step and its message, and dispatch the message."""
        expires_ms = now_ms + rules.life.life_ms
        message, reservation = self._intake.reserve(
            account, esim, plan, plan.sender, expires_ms, now_ms
        )

        def with_code(code: str) -> NewMessage | None:
            return with_text(message, plan, esim, code_request(account, esim, wanted, code))

        outgoing = CodeMessage(message, with_code)
        with reservation:
            done = await self._store.start(new, outgoing, rules.life, rules.limits, now_ms=now_ms)
            if isinstance(done, Started) and done.message and done.accepted:
                self._intake.confirm(done.message, reservation, done.accepted)
        return done

    async def _find_refusal(
        self,
        new: NewVerification,
        msisdn: str,
        quotas: tuple[Quota, ...],
        rules: AccountRules,
        now_ms: int,
    ) -> CodeRefusal | PrefixCounts | None:
        """What the guard found; `None` for a start that sends nothing."""
        modes = modes_of(self._settings)
        mode = _mode_of(modes, msisdn, new)
        found = await self._guard.find_refusal(new, mode, modes, quotas, now_ms)
        if not isinstance(found, CodeRefusal):
            return found
        preview = await self._store.preview_start(new, *rules, now_ms=now_ms)
        return found if preview.step.sends else None

    def _count(self, started: Started, *, is_monitored: bool) -> None:
        verification = started.verification
        if started.ended:
            self.counts.add_end(started.ended)
        if started.step in (StartStep.CREATE, StartStep.SUPERSEDE):
            self.counts.add(verification.country, verification.prefix, "started")
        if started.message:
            self.counts.add(verification.country, verification.prefix, "sent")
        if started.message and is_monitored:
            self.counts.add(verification.country, verification.prefix, "monitored")
            account_id, country = verification.account_id, verification.country
            log.info("code_monitored", account_id=account_id, country=country)

    def _count_refusal(self, new: NewVerification) -> None:
        self.counts.add(new.subjects.country, new.subjects.prefix, "refused")

    async def check(self, account: Account, verification_id: bytes, code: str) -> Checked | None:
        """Check a code; `None` if the account has no such verification. Raises StoreError."""
        now_ms = self._clock_ms()
        checked = await self._store.check(account.id, verification_id, code, now_ms=now_ms)
        if checked:
            self.counts.add_check(checked.verdict, checked.verification)
        return checked

    async def find(self, account: Account, verification_id: bytes) -> Verification | None:
        """The verification; `None` if the account has none. Raises StoreError."""
        return await self._store.find(account.id, verification_id, now_ms=self._clock_ms())

    async def list_newest(self, account: Account, which: VerificationFilter) -> FoundVerifications:
        """The newest verifications of the account."""
        return await self._store.list_verifications(account.id, which, now_ms=self._clock_ms())

    async def count_by_prefix(self, account: Account) -> list[PrefixHour]:
        """What became of those that began in the last 24 hours."""
        from_ms = self._clock_ms() - _DAY_MS
        return await self._store.count_by_prefix(account.id, from_ms=from_ms)

    async def cancel(self, account: Account, verification_id: bytes) -> Verification | None:
        """Cancel a pending verification, and return it as it is then. Raises StoreError."""
        return await self._store.cancel(account.id, verification_id, now_ms=self._clock_ms())

    def _new(
        self, account: Account, esim: Esim, wanted: StartRequest, code: str
    ) -> NewVerification:
        return NewVerification(
            id=self._new_id(),
            account_id=account.id,
            esim_tran_no=esim.esim_tran_no,
            purpose=wanted.purpose,
            session_key=wanted.session_key,
            code=code,
            subjects=subjects_of(esim, wanted.key_id, countries_of_number(esim.msisdn)),
        )

    async def _find_esim(self, account: Account, wanted: StartRequest) -> Esim | None:
        found = await self._intake.find_esim(
            account, wanted.esim_tran_no, wanted.iccid, wanted.msisdn
        )
        return found if isinstance(found, Esim) else None


def _refusal(found: CodeRefusal) -> Refusal:
    return Refusal(found.reason, found.detail, budget=found.budget, until_ms=found.until_ms)


def _mode_of(modes: CodeModes, msisdn: str, new: NewVerification) -> CodeMode:
    return modes.mode_of(msisdn, new.subjects.plan, new.subjects.country)


def _new_code(digits: int) -> str:
    return f"{secrets.randbelow(10**digits):0{digits}}"
