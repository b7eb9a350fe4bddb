"""Starts automations at transitions of eSIMs, and sends their messages when they are due, once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

import msgspec
from babel import Locale, UnknownLocaleError

from simpost.config import Settings
from simpost.domain.accounts import Account
from simpost.domain.automations import MAX_AUTOMATIONS, Automation, Run, RunState, percent_of
from simpost.domain.esims import Esim
from simpost.domain.lifecycle import Transition
from simpost.domain.messages import Category, own_request_id
from simpost.domain.options import TemplateRef
from simpost.domain.reasons import Reason
from simpost.errors import InvalidRequest
from simpost.messaging.accounts import Accounts
from simpost.messaging.decision import Hold
from simpost.messaging.intake import Intake
from simpost.messaging.plan import Refusal, SendOptions
from simpost.messaging.send_request import SendRequest
from simpost.ports.store import Store
from simpost.ports.store.automations import AUTOMATION_STEP
from simpost.runtime.clock import Clock
from simpost.runtime.component import Component
from simpost.runtime.scheduler import always, run_periodically

_INTERVAL_S: Final = 0.5
_DELETE_INTERVAL_S: Final = 60.0
_DAY_MS: Final = 86_400_000
_ENGLISH: Final = "en"
_REPEATABLE_MS: Final = 23 * 3_600_000
"""How long after its first try a run may be tried: a request id is remembered for 24 hours."""
PREVIEW_TRANSITIONS: Final = 1_000
"""Transitions that a preview decides; it says when there are more."""
_SAMPLES: Final = 3
"""Texts that a preview shows."""


class TooManyAutomations(InvalidRequest):
    """The account has as many automations as it may have."""


class _Rendered(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def source(self) -> TemplateRef: ...


class TextMaker(Protocol):
    """Renders the templates of an account for an eSIM."""

    async def find(self, account: Account, name: str) -> object | None:
        """The template; `None` if the account has none with this name."""
        ...

    async def render(
        self,
        account: Account,
        esim: Esim,
        category: Category,
        name: str,
        values_in: Callable[[str], Mapping[str, str | int | float]],
    ) -> _Rendered | Refusal:
        """The text, or why it cannot be made; see `RecipientTexts`."""
        ...


class SampleText(msgspec.Struct, frozen=True):
    """A text that an automation would have sent."""

    esim_tran_no: str
    at_ms: int
    text: str


class AutomationPreview(msgspec.Struct, frozen=True):
    """What an automation would do with past transitions, decided now.

    Attributes:
        is_cut: there were more than PREVIEW_TRANSITIONS; only the first ones were decided.
    """

    transitions: int
    sends: int
    holds: int
    refusals: Mapping[Reason, int]
    samples: Sequence[SampleText]
    is_cut: bool


class Automations(Component):
    """The automations of all accounts; their messages pass the decision as all others do.

    A run is a row with a unique key, and its message has a request id made from that key: however
    often a node dies or two lead at once, one message is committed.
    """

    def __init__(
        self,
        store: Store,
        accounts: Accounts,
        intake: Intake,
        texts: TextMaker,
        *,
        new_id: Callable[[], bytes],
        clock_ms: Clock,
        keep_days: int,
        is_leader: Callable[[], bool] = always,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._intake = intake
        self._texts = texts
        self._new_id = new_id
        self._clock_ms = clock_ms
        self._is_leader = is_leader
        self._keep_ms = keep_days * _DAY_MS
        self._last_account = 0

    async def run(self) -> None:
        """Run `tick` twice a second and `delete_old` every minute on the leader."""
        async with asyncio.TaskGroup() as tasks:
            for job, every_s, name in (
                (self.tick, _INTERVAL_S, "automations"),
                (self.delete_old, _DELETE_INTERVAL_S, "automation_runs"),
            ):
                work = run_periodically(job, every_s, name=name, when=self._is_leader)
                tasks.create_task(work)

    async def reconfigure(self, settings: Settings) -> None:
        """Apply a new time to keep runs, which is that of lifecycle events."""
        self._keep_ms = settings.lifecycle.keep_days * _DAY_MS

    async def tick(self) -> None:
        """Start runs for new transitions and send what is due, a step of each in turns.

        If there is nothing to do it costs two reads.
        """
        store = self._store.automations
        started = due = True
        while started or due:
            started = await store.has_new_transitions()
            if started:
                await store.start_runs(new_id=self._new_id, now_ms=self._clock_ms())
            runs, self._last_account = await store.list_due(
                now_ms=self._clock_ms(), after_account=self._last_account
            )
            due = bool(runs)
            if due:
                await self._fire_all(runs)

    async def delete_old(self) -> None:
        """Delete runs that ended long ago."""
        before_ms = self._clock_ms() - self._keep_ms
        while await self._store.automations.delete_old(before_ms=before_ms) >= AUTOMATION_STEP:
            pass

    async def save(self, account: Account, automation: Automation) -> Refusal | None:
        """Add or replace an automation; a refusal if there is no such template.

        One that loses its template can still be switched off. Raises TooManyAutomations and
        StoreError.
        """
        store = self._store.automations
        before = await store.find(account.id, automation.name)
        is_known = before is not None and before.template == automation.template
        needs_template = automation.enabled or not is_known
        if needs_template and await self._texts.find(account, automation.template) is None:
            return Refusal(Reason.TEMPLATE_UNKNOWN)
        if not await store.save(automation):
            most = f"{MAX_AUTOMATIONS} automations, the most it may"
            raise TooManyAutomations(f"This account has {most}.")
        return None

    async def preview(
        self, account: Account, automation: Automation, *, since_ms: int
    ) -> AutomationPreview | Refusal:
        """What it would do with the transitions since then; nothing is sent. Raises StoreError.

        A refusal if there is no such template.
        """
        if await self._texts.find(account, automation.template) is None:
            return Refusal(Reason.TEMPLATE_UNKNOWN)
        found = await self._store.lifecycle.transitions_of_kind(
            account.id,
            automation.trigger,
            after=since_ms.to_bytes(6, "big"),
            limit=PREVIEW_TRANSITIONS + 1,
        )
        refusals: Counter[Reason] = Counter()
        samples: list[SampleText] = []
        sends = holds = 0
        for each in found[:PREVIEW_TRANSITIONS]:
            made = await self._request(account, automation, each.esim_tran_no, each.country)
            if isinstance(made, Refusal):
                refusals[made.reason] += 1
                continue
            decision = (await self._intake.preview(account, made)).decision
            if isinstance(decision, Refusal):
                refusals[decision.reason] += 1
                continue
            holds += isinstance(decision, Hold)
            sends += not isinstance(decision, Hold)
            if len(samples) < _SAMPLES:
                samples.append(SampleText(each.esim_tran_no, each.at_ms, made.text))
        return AutomationPreview(
            transitions=min(len(found), PREVIEW_TRANSITIONS),
            sends=sends,
            holds=holds,
            refusals=dict(refusals),
            samples=samples,
            is_cut=len(found) > PREVIEW_TRANSITIONS,
        )

    async def _fire_all(self, due: Sequence[Run]) -> None:
        """Send what is due together: requests at once share commits.

        If the store refuses some, the others end all the same.
        """
        find = self._store.automations.find
        keys = {(run.account_id, run.automation) for run in due}
        automations = {key: await find(*key) for key in keys}
        results = await asyncio.gather(
            *(self._fire(run, automations[run.account_id, run.automation]) for run in due),
            return_exceptions=True,
        )
        if ended := [result for result in results if isinstance(result, Run)]:
            await self._store.automations.end_runs(ended)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _fire(self, run: Run, automation: Automation | None) -> Run:
        """The run after its end: its message is committed, or why it has none."""
        now_ms = self._clock_ms()
        account = self._accounts.by_id(run.account_id)
        if automation is None or not automation.enabled or account is None:
            return _ended(run, RunState.SWITCHED_OFF, now_ms)
        if now_ms >= min(run.late_ms, _first_try_ms(run) + _REPEATABLE_MS):
            return _ended(run, RunState.TOO_LATE, now_ms)
        if not account.enabled:
            return _ended(run, RunState.REFUSED, now_ms, reason=Reason.ACCOUNT_DISABLED)
        made = await self._request(
            account, automation, run.esim_tran_no, run.country, transition=run.transition
        )
        if isinstance(made, Refusal):
            return _ended(run, RunState.REFUSED, now_ms, reason=made.reason)
        request = msgspec.structs.replace(
            made,
            expires_at_ms=run.late_ms,
            request_id=own_request_id(f"automation {run.id.hex()}"),
        )
        result = await self._intake.send(account, request)
        if result.message_id is None:
            return _ended(run, RunState.REFUSED, now_ms, reason=result.reason)
        return msgspec.structs.replace(
            run, state=RunState.ACCEPTED, message_id=result.message_id, ended_ms=now_ms
        )

    async def _request(
        self,
        account: Account,
        automation: Automation,
        esim_tran_no: str,
        country: str,
        transition: Transition | None = None,
    ) -> SendRequest | Refusal:
        """The message for an eSIM, or why it has no text."""
        esim = await self._store.catalogue.find_esim(
            account.id, esim_tran_no=esim_tran_no, iccid=None
        )
        if esim is None:
            return Refusal(Reason.ESIM_UNKNOWN)
        percent = percent_of(transition or automation.trigger)
        seen = country or esim.country

        def values_in(language: str) -> Mapping[str, str | int | float]:
            given: dict[str, str | int | float] = {}
            if seen:
                given["country"] = country_name(seen, language)
            if percent is not None:
                given["percent"] = percent
            return given | automation.values

        rendered = await self._texts.render(
            account, esim, automation.category, automation.template, values_in
        )
        if isinstance(rendered, Refusal):
            return rendered
        return SendRequest(
            esim_tran_no=esim_tran_no,
            iccid=None,
            text=rendered.text,
            category=automation.category,
            options=SendOptions(template=rendered.source),
        )


def country_name(country: str, language: str) -> str:
    """The name of an ISO 3166-1 country in a language, in English where that has none."""
    for tag in (language, language.partition("-")[0], _ENGLISH):
        try:
            name = Locale.parse(tag, sep="-").territories.get(country)
        except (UnknownLocaleError, ValueError):
            continue
        if name:
            return str(name)
    return country


def _first_try_ms(run: Run) -> int:
    """The earliest time that the run can have been tried: its id has the time of its start."""
    return max(run.due_ms, int.from_bytes(run.id[:6], "big"))


def _ended(run: Run, state: RunState, now_ms: int, reason: Reason | None = None) -> Run:
    return msgspec.structs.replace(run, state=state, reason=reason, ended_ms=now_ms)
