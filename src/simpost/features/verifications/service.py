"""Starts verifications, sends their codes and checks them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from simpost.config import Settings
from simpost.config.verifications import VerificationSettings
from simpost.domain.accounts import Account
from simpost.domain.calling_codes import countries_of_number
from simpost.domain.code_budgets import (
    CodeLimits,
    CodeRefusal,
    account_quotas,
    esim_quotas,
    subjects_of,
)
from simpost.domain.esims import Esim
from simpost.domain.messages import Category, own_request_id
from simpost.domain.policy.quotas import Quota
from simpost.domain.reasons import Reason
from simpost.domain.verifications import StartStep, Verification
from simpost.errors import StoreError
from simpost.features.verifications.counts import CodeCounts
from simpost.features.verifications.guard import CodeGuard
from simpost.features.verifications.reached_budgets import ReachedBudgets
from simpost.features.verifications.requests import PreviewResult, StartRequest, StartResult
from simpost.features.verifications.rules import modes_of, rules_of
from simpost.features.verifications.texts import code_text
from simpost.messaging.decision import Refusal, SendOptions, quota_refusal
from simpost.messaging.intake import Intake, SendRequest
from simpost.observe import get_logger
from simpost.ports.store import Store
from simpost.ports.store.verifications import Checked, NewVerification, Started
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

log = get_logger(__name__)

_CLEAN_UP_INTERVAL_S = 30.0
_KEEP_MS: Final = 30 * 86_400_000
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
        self._guard = CodeGuard(self.counts, ReachedBudgets(store.quotas))
        self._intake = intake
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self._notes: set[asyncio.Task[None]] = set()

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
            _request(account, esim, wanted, code), expires_at_ms=now_ms + rules.life.life_ms
        )
        if esim is None:
            return PreviewResult(await self._intake.preview(account, request), request)
        new = self._new(account, esim, wanted, code)
        found = await self._store.preview_start(new, rules.limits, now_ms=now_ms)
        modes = modes_of(self._settings)
        mode, refused = modes.mode_of(esim.msisdn, new.subjects.country), None
        if found.step.sends:
            quotas = account_quotas(rules.limits, new.subjects, now_ms)
            refused = found.refusal or await self._guard.find_refusal(
                account.id, new.subjects, mode, modes, quotas, now_ms
            )
            quotas += esim_quotas(rules.limits, new.subjects.esim, now_ms)
            request = replace(request, quotas=quotas)
        refusal = _refusal(refused) if refused else None
        explained = await self._intake.preview(account, request, refusal)
        return PreviewResult(explained, request, found.step, found.pending, mode)

    async def start(self, account: Account, wanted: StartRequest) -> StartResult | Refusal:
        """Begin a verification and send its code, or take the next step of the pending one.

        A start that was interrupted before its message was committed sends it when it is repeated.
        Raises StoreError.
        """
        rules, now_ms = rules_of(self._settings, account.code_policy), self._clock_ms()
        code = _new_code(wanted.digits or rules.life.digits)
        esim = await self._find_esim(account, wanted)
        # Before anything is stored: an eSIM that takes no SMS gets no verification.
        request = _request(account, esim, wanted, code)
        refused = await self._intake.find_refusal(account, request, esim)
        if refused or esim is None:
            return refused or Refusal(Reason.ESIM_UNKNOWN)
        new = self._new(account, esim, wanted, code)
        quotas = account_quotas(rules.limits, new.subjects, now_ms)
        started = await self._find_refusal(new, esim.msisdn, quotas, rules.limits, now_ms) or (
            await self._store.start(new, rules.life, rules.limits, now_ms=now_ms)
        )
        if isinstance(started, CodeRefusal):
            self.counts.add(new.subjects.country, new.subjects.prefix, "refused")
            refusal = _refusal(started)
            await self._intake.refuse(account, request, esim, refusal)
            return refusal
        self._count(started)
        verification = started.verification
        if started.code is not None:
            request = _request(account, esim, wanted, started.code)
            request = replace(request, quotas=quotas)
            sent = await self._send(account, verification, request, now_ms)
            if isinstance(sent, Refusal):
                return sent
            verification = sent
        return StartResult(verification, started.step)

    async def _find_refusal(
        self,
        new: NewVerification,
        msisdn: str,
        quotas: tuple[Quota, ...],
        limits: CodeLimits,
        now_ms: int,
    ) -> CodeRefusal | None:
        """The refusal by a mode or a budget; `None` for a start that sends nothing."""
        modes = modes_of(self._settings)
        mode = modes.mode_of(msisdn, new.subjects.country)
        refusal = await self._guard.find_refusal(
            new.account_id, new.subjects, mode, modes, quotas, now_ms
        )
        if refusal is None:
            return None
        found = await self._store.preview_start(new, limits, now_ms=now_ms)
        return refusal if found.step.sends else None

    def _count(self, started: Started) -> None:
        verification = started.verification
        if started.ended:
            self.counts.add_end(started.ended)
        if started.step in (StartStep.CREATE, StartStep.SUPERSEDE):
            self.counts.add(verification.country, verification.prefix, "started")

    async def _send(
        self, account: Account, verification: Verification, request: SendRequest, now_ms: int
    ) -> Verification | Refusal:
        """Send the code of the latest send; once, however often it is called."""
        number = verification.sends
        request = replace(
            request,
            expires_at_ms=verification.expires_ms,
            request_id=own_request_id(f"verification {verification.id.hex()} {number}"),
            keeps_refusal=False,
        )
        result = await self._intake.send(account, request)
        if result.message_id is None:
            await self._store.undo_send(account.id, verification.id, number, now_ms=now_ms)
            self.counts.add(verification.country, verification.prefix, "refused")
            if result.reached:
                self._guard.reached.add(account.id, result.reached.quota)
                return quota_refusal(result.reached)
            return Refusal(result.reason or Reason.NO_ROUTE, result.detail)
        message_id = result.message_id
        if not result.repeated:
            self.counts.add(verification.country, verification.prefix, "sent")
        self._note(account.id, verification.id, number, message_id)
        return replace(verification, messages=number, message_id=message_id)

    def _note(
        self, account_id: int, verification_id: bytes, number: int, message_id: bytes
    ) -> None:
        """Note the message of a send, and let nobody wait for it.

        Until it is noted, a repeated start sends with the same request id, which sends nothing.
        """

        async def note() -> None:
            try:
                await self._store.note_message(account_id, verification_id, number, message_id)
            except StoreError as error:
                log.warning("code_not_noted", error=str(error))

        task = asyncio.create_task(note())
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

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


def _request(account: Account, esim: Esim | None, wanted: StartRequest, code: str) -> SendRequest:
    policy = account.code_policy
    own_language = (esim.language if esim else "") or policy.language
    language = wanted.language or own_language or account.language
    return SendRequest(
        esim_tran_no=esim.esim_tran_no if esim else wanted.esim_tran_no,
        iccid=None if esim else wanted.iccid,
        msisdn=None if esim else wanted.msisdn,
        text=code_text(code, language, wanted.ending),
        category=Category.CODE,
        options=SendOptions(sender=wanted.sender or policy.sender),
    )


def _new_code(digits: int) -> str:
    return f"{secrets.randbelow(10**digits):0{digits}}"
