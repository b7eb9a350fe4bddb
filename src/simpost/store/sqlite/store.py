"""The embedded store: the port's verbs, handed to the writer or to a reader."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import apsw

from simpost.domain.accounts import Account, AccountChange
from simpost.domain.esims import Esim
from simpost.domain.messages import Message
from simpost.domain.outcomes import Receipt, UnmatchedReceipt
from simpost.domain.receipt_ids import ObservedIdFormat
from simpost.domain.repeats import RepeatPolicy
from simpost.errors import StoreDamaged, StoreError, StoreTimeout
from simpost.observe import get_logger
from simpost.ports.carrier import OutboundPart
from simpost.ports.store import (
    Accepted,
    EsimFilter,
    EsimRow,
    EsimSearch,
    MessageFilter,
    Move,
    NewMessage,
    PlanFilter,
    PlanRow,
    PriceRow,
    Refused,
    Repeated,
    Saved,
    Settlement,
    WaitingMessage,
)
from simpost.store.seal import Seal
from simpost.store.sqlite import (
    accepting,
    accounts,
    catalogue,
    forms,
    leasing,
    log,
    matching,
    receiving,
    rerouting,
    retiring,
    settling,
    unreported,
)
from simpost.store.sqlite.connection import open_reader, open_writer, translate
from simpost.store.sqlite.deadline import LOOKUP_S, READ_S, Deadline
from simpost.store.sqlite.inbound_verbs import InboundVerbs
from simpost.store.sqlite.lock import OwnerLock
from simpost.store.sqlite.moved import refuse_moved
from simpost.store.sqlite.refusals import RefusalVerbs
from simpost.store.sqlite.schema import bring_up_to_date
from simpost.store.sqlite.session import Session
from simpost.store.sqlite.soundness import check_sound
from simpost.store.sqlite.watching import WatchVerbs
from simpost.store.sqlite.writer import Writer

R = TypeVar("R")

_DAY_MS = 86_400_000
_REQUESTS_KEPT_MS = _DAY_MS
_PARKED_KEPT_MS = 2 * _DAY_MS
_EMBEDDED = "embedded"
_MOST_SHRINKING = 500
"""Steps at a time in which the file is made smaller; the next hour goes on."""
_MOST_ESIMS = 10_000
"""eSIMs remembered as they were found, until any eSIM or plan is saved."""

_logger = get_logger(__name__)


class SqliteStore(InboundVerbs, RefusalVerbs, WatchVerbs):
    """Implements `simpost.ports.store.Store` on one file. Use `open`."""

    def __init__(
        self,
        lock: OwnerLock,
        session: Session,
        others: tuple[apsw.Connection, apsw.Connection, apsw.Connection],
        loop: asyncio.AbstractEventLoop,
        path: Path,
    ) -> None:
        self._lock = lock
        self._session = session
        # An answer before the receipt that came with it: else that would have to be parked.
        self._checkpointer, self._lookup, self._listing = others
        order = (settling.settle, receiving.receive)
        self._writer = Writer(session, self._checkpointer, loop, order)
        self._writer.suspect = self._suspect
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="store-reader")
        self._unreported_after = unreported.START
        self._read_deadline = Deadline(self._listing, READ_S)
        self._lookup_deadline = Deadline(self._lookup, LOOKUP_S)
        self._path = path
        self._checking: asyncio.Task[None] | None = None
        self._esims = lru_cache(maxsize=_MOST_ESIMS)(self._find_esim)
        self._plan_changes = 0
        self._closed = False

    @classmethod
    async def open(cls, path: Path, *, seal_key: str, node: str = _EMBEDDED) -> SqliteStore:
        """Own, migrate and open the store, making folder and file if need be.

        `node` is whose leases the parts get that a lane takes straight from memory. Raises
        StoreBusy, StoreReadOnly, StoreFull, SchemaTooNew or StoreError, and changes nothing then.
        """
        seal = Seal(seal_key)
        lock = OwnerLock.take(path)
        opened: list[apsw.Connection] = []
        try:
            await asyncio.to_thread(bring_up_to_date, path)
            opened.append(open_writer(path))
            accounts.check_seal(opened[0], seal)
            refuse_moved(opened[0])
            opened += [open_writer(path), open_reader(path), open_reader(path)]
            session = Session(opened[0], seal=seal, node=node)
        except BaseException as error:
            for connection in reversed(opened):
                connection.close()
            lock.release()
            if isinstance(error, apsw.Error):
                raise translate(error) from error
            raise
        _logger.info("store_opened", path=str(path), sqlite=apsw.sqlite_lib_version())
        others = (opened[1], opened[2], opened[3])
        return cls(lock, session, others, asyncio.get_running_loop(), path)

    @property
    def sqlite_version(self) -> str:
        return apsw.sqlite_lib_version()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._checking is not None:
            await self._checking
        await self._writer.close()
        await asyncio.to_thread(self._reader.shutdown)
        own = (self._checkpointer, self._lookup, self._listing, self._session.connection)
        for connection in own:
            connection.close()
        self._lock.release()

    # The way of a message.

    async def accept(self, message: NewMessage) -> Accepted | Repeated:
        return await self._writer.submit(accepting.accept, message)

    async def remember(self, refused: Refused) -> Repeated | None:
        return await self._writer.submit(accepting.remember, refused)

    async def claim(
        self,
        carrier: str,
        *,
        limit: int,
        now_ms: int,
        owner: str,
        lease_ms: int,
        codes_only: bool = False,
    ) -> list[OutboundPart]:
        one = leasing.Claim(carrier, limit, now_ms, owner, lease_ms, codes_only)
        return await self._writer.submit(leasing.claim, one)

    async def leased(self, carrier: str, *, owner: str, limit: int) -> list[OutboundPart]:
        return await self._read(leasing.leased, carrier, owner, limit)

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        await self._writer.submit(settling.settle, settlements)

    async def receive(self, receipts: Sequence[Receipt]) -> None:
        await self._writer.submit(receiving.receive, receipts)

    async def lapse(self, *, now_ms: int, owner: str | None, repeats: RepeatPolicy) -> int:
        count = 0
        while True:
            step = await self._writer.submit(leasing.lapse, leasing.Lapse(now_ms, owner, repeats))
            count += step
            if step < leasing.STEP:
                return count

    async def expire(self, *, now_ms: int, limit: int) -> int:
        keys = await self._read(leasing.ended_parts, now_ms, limit)
        if not keys:
            return 0
        return await self._writer.submit(leasing.expire, leasing.Expiry(now_ms, keys))

    async def end_unreported(self, *, now_ms: int, expired_ms: int, limit: int) -> int:
        after = self._unreported_after
        found = await self._read(unreported.sent_messages, after, expired_ms, limit)
        self._unreported_after = found[-1][:2] if len(found) == limit else unreported.START
        overdue = [one[:2] for one in found if one[2] <= expired_ms]
        if not overdue:
            return 0
        return await self._writer.submit(
            unreported.end_unreported, unreported.Overdue(now_ms, expired_ms, overdue)
        )

    async def forget(self, *, now_ms: int, limit: int) -> int:
        return await self._writer.submit(
            leasing.forget,
            leasing.Oblivion(now_ms - _REQUESTS_KEPT_MS, now_ms - _PARKED_KEPT_MS, limit),
        )

    async def retire(self, *, before_ms: int, limit: int) -> int:
        keys = await self._read(retiring.old_messages, before_ms, limit)
        count = await self._writer.submit(retiring.retire, keys) if keys else 0
        if len(keys) < limit:
            await self._shrink()
        return count

    async def _shrink(self) -> None:
        """Give back the room of what was dropped, and empty the journal, which still has it."""
        for _ in range(_MOST_SHRINKING):
            self._writer.empty_journal()
            if not await self._writer.submit(retiring.shrink, None):
                return

    # Other ways for what waits.

    async def speaks_of_sent(self, receipt: Receipt) -> bool:
        return await self._writer.submit(matching.speak_of_sent, receipt)

    async def receipt_forms(self, carrier: str) -> list[ObservedIdFormat]:
        return await self._read(forms.forms_of, carrier)

    async def waiting(self, carrier: str) -> int:
        return await self._read(rerouting.count_waiting, carrier)

    async def carriers_waited_for(self) -> list[str]:
        return await self._read(rerouting.carriers_waited_for)

    async def waiting_messages(
        self, carrier: str, *, after: WaitingMessage | None, limit: int
    ) -> list[WaitingMessage]:
        return await self._read(rerouting.waiting_messages, carrier, after, limit)

    async def reroute(self, moves: Sequence[Move], *, now_ms: int) -> int:
        return await self._writer.submit(rerouting.reroute, rerouting.Reroute(now_ms, moves))

    # The log.

    async def unmatched_receipts(
        self, *, carrier: str | None, until_ms: int | None, limit: int
    ) -> list[UnmatchedReceipt]:
        return await self._read(log.unmatched_receipts, carrier, until_ms, limit)

    async def find_message(self, account_id: int, message_id: bytes) -> Message | None:
        return await self._read(log.find_message, account_id, message_id)

    async def find_owner(self, message_id: bytes) -> int | None:
        return await self._read(log.find_owner, message_id)

    async def list_messages(self, account_id: int, which: MessageFilter) -> list[Message]:
        return await self._read(log.list_messages, account_id, which)

    # eSIMs and plans.

    async def find_esim(
        self, account_id: int, *, esim_tran_no: str | None, iccid: str | None
    ) -> Esim | None:
        return self._esims(account_id, esim_tran_no, iccid)

    def _find_esim(
        self, account_id: int, esim_tran_no: str | None, iccid: str | None
    ) -> Esim | None:
        return self._look_up(catalogue.find_esim, account_id, esim_tran_no, iccid)

    def _forget_esims(self, _saving: asyncio.Future[Any]) -> None:
        self._esims.cache_clear()

    def _forget_plans(self, _saving: asyncio.Future[Any]) -> None:
        self._esims.cache_clear()
        self._plan_changes += 1

    async def query_esims(self, account_id: int, which: EsimFilter) -> tuple[list[EsimRow], int]:
        return await self._read(catalogue.query_esims, self._session.seal, account_id, which)

    async def list_plans(self, which: PlanFilter) -> list[PlanRow]:
        return await self._read(catalogue.list_plans, which)

    async def plans_version(self) -> tuple[int, int]:
        return (0, self._plan_changes)

    async def find_plan(self, code_or_slug: str) -> PlanRow | None:
        return await self._read(catalogue.find_plan, code_or_slug)

    async def save_plans(self, plans: Sequence[PlanRow]) -> None:
        await self._change_plans(catalogue.save_plans, plans)

    async def save_esims(self, account_id: int, esims: Sequence[EsimRow]) -> list[str]:
        batch = catalogue.EsimBatch(account_id, esims, self._session.seal)
        saving = self._writer.submit(catalogue.save_esims, batch)
        saving.add_done_callback(self._forget_esims)
        return await asyncio.shield(saving)

    async def merge_plans(self, plans: Sequence[PlanRow]) -> Saved:
        return await self._change_plans(catalogue.merge_plans, plans)

    async def save_prices(self, account_id: int, prices: Sequence[PriceRow]) -> Saved:
        batch = catalogue.PriceBatch(account_id, prices)
        return await self._change_catalogue(catalogue.save_prices, batch)

    async def list_prices(self, account_id: int) -> dict[str, PriceRow]:
        return await self._read(catalogue.list_prices, account_id)

    async def merge_esims(self, account_id: int, esims: Sequence[EsimRow]) -> Saved:
        batch = catalogue.EsimBatch(account_id, esims, self._session.seal)
        return await self._change_catalogue(catalogue.merge_esims, batch)

    async def search_esims(self, which: EsimSearch) -> list[tuple[int, EsimRow]]:
        return await self._read(catalogue.search_esims, which)

    async def all_plans(self, *, after: str, limit: int) -> list[PlanRow]:
        return await self._read(catalogue.all_plans, after, limit)

    async def retire_esims(self, esim_tran_nos: Sequence[str], *, now_ms: int | None) -> int:
        one = catalogue.Retirement(esim_tran_nos, now_ms)
        return await self._change_catalogue(catalogue.retire_esims, one)

    async def retire_plans(self, package_codes: Sequence[str], *, now_ms: int | None) -> int:
        one = catalogue.Retirement(package_codes, now_ms)
        return await self._change_plans(catalogue.retire_plans, one)

    async def delete_esim(self, esim_tran_no: str) -> bool:
        return await self._change_catalogue(catalogue.delete_esims, esim_tran_no)

    async def delete_plan(self, package_code: str) -> bool:
        return await self._change_plans(catalogue.delete_plans, package_code)

    async def _change_plans(
        self, verb: Callable[[Session, Sequence[Any]], Sequence[R]], payload: Any
    ) -> R:
        saving = self._writer.submit(verb, payload)
        saving.add_done_callback(self._forget_plans)
        return await asyncio.shield(saving)

    async def _change_catalogue(
        self, verb: Callable[[Session, Sequence[Any]], Sequence[R]], payload: Any
    ) -> R:
        """Shielded: a caller that leaves must not leave old eSIMs remembered."""
        saving = self._writer.submit(verb, payload)
        saving.add_done_callback(self._forget_esims)
        return await asyncio.shield(saving)

    # Accounts.

    async def accounts(self) -> list[Account]:
        return await self._read(accounts.list_accounts, self._session.seal)

    async def add_account(self, account: Account) -> int:
        return await self._writer.submit(accounts.add_accounts, account)

    async def change_account(self, change: AccountChange) -> None:
        await self._writer.submit(accounts.change_accounts, change)

    async def _read(self, query: Callable[..., R], *facts: Any) -> R:
        """Run a query in the reader's thread, so that a long one never holds up the loop."""
        if self._closed:
            raise StoreError("the store is closed")
        self._writer.refuse_if_damaged()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(READ_S):
                return await loop.run_in_executor(self._reader, self._ask, query, *facts)
        except TimeoutError:
            raise self._suspect(StoreTimeout()) from None
        except apsw.Error as error:
            raise self._suspect(translate(error)) from error

    def _ask(self, query: Callable[..., R], *facts: Any) -> R:
        self._read_deadline.begin()
        return query(self._listing, *facts)

    def _look_up(self, query: Callable[..., R], *facts: Any) -> R:
        """Run a query on the loop itself: a point look-up costs less than a thread's hand-over."""
        self._lookup_deadline.begin()
        try:
            return query(self._lookup, *facts)
        except apsw.Error as error:
            raise self._suspect(translate(error)) from error

    def _suspect(self, meaning: StoreError) -> StoreError:
        """Refuse everything when the file is damaged; where it is only slow, look whether it is."""
        if isinstance(meaning, StoreDamaged):
            self._writer.refuse(meaning)
        elif isinstance(meaning, StoreTimeout) and not self._closed and not self._checking:
            self._checking = asyncio.get_running_loop().create_task(self._check())
        return meaning

    async def _check(self) -> None:
        """Once: a store that is slow again and again is not read as a whole each time."""
        try:
            await asyncio.to_thread(check_sound, self._path)
        except StoreDamaged as damage:
            self._writer.refuse(damage)
        except StoreError as error:
            _logger.error("store_not_checked", error=str(error))
