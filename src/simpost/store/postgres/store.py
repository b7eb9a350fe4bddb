"""The store on PostgreSQL: the port's verbs, each handed to the queue whose link it shares."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from simpost.domain.accounts import Account, AccountChange
from simpost.domain.esims import Esim
from simpost.domain.messages import Message
from simpost.domain.outcomes import Receipt, UnmatchedReceipt
from simpost.domain.receipt_ids import ObservedIdFormat
from simpost.domain.repeats import RepeatPolicy
from simpost.errors import StoreError, StoreTimeout
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
from simpost.ports.store_metrics import StoreCounts
from simpost.store.accounts import changes_of
from simpost.store.postgres import (
    accepting,
    accounts,
    catalogue,
    forms,
    leasing,
    log,
    matching,
    partitions,
    receiving,
    rerouting,
    schema,
    settling,
    unreported,
)
from simpost.store.postgres.accounts import Sealed
from simpost.store.postgres.address import Address, parse
from simpost.store.postgres.failures import translating
from simpost.store.postgres.inbound_verbs import InboundVerbs
from simpost.store.postgres.lanes import Queue
from simpost.store.postgres.link import Link, Session
from simpost.store.postgres.listening import Crier, Heard, Listener
from simpost.store.postgres.refusals import RefusalVerbs
from simpost.store.postgres.watching import WatchVerbs
from simpost.store.seal import Seal

R = TypeVar("R")

READERS: Final = 3
READ_S: Final = 12.0
"""Longest that a read takes, its wait for a connection and all its statements included."""
_MOST_READS: Final = 1_000
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000
_REQUESTS_KEPT_MS: Final = _DAY_MS
_PARKED_KEPT_MS: Final = 2 * _DAY_MS

_logger = get_logger(__name__)


class PostgresStore(InboundVerbs, RefusalVerbs, WatchVerbs):
    """Implements `simpost.ports.store.Store` on a database that nodes share. Use `open`.

    At most nine connections: one each for what is accepted, for what carriers say, for claims, for
    all else that is written, for eSIMs, for telling and for hearing, and READERS.
    """

    def __init__(self, address: Address, *, seal: Seal, node: str) -> None:
        self._counts = StoreCounts()

        def link() -> Link:
            return Link(address, node=node, counts=self._counts, keeps_plans=True)

        self._seal = seal
        self._accepting = Queue(link(), counts=self._counts)
        # An answer before the receipt that came with it: else that would have to be parked.
        self._outcomes = Queue(link(), (settling.settle, receiving.receive), counts=self._counts)
        self._claims = Queue(link(), counts=self._counts)
        self._chores = Queue(link(), counts=self._counts)
        self._lookups = Queue(link())
        self._readers = [Link(address, node=node) for _ in range(READERS)]
        self._free = asyncio.LifoQueue[Link]()
        for reader in self._readers:
            self._free.put_nowait(reader)
        self._reads = 0
        self._crier = Crier(link(), node)
        self._listener = Listener(address.listen_url, node) if address.listen_url else None
        self._unreported_after = unreported.START
        self._prepared_ms = 0
        self._closed = False

    @classmethod
    async def open(
        cls, url: str, *, seal_key: str, node: str, listen_url: str = ""
    ) -> PostgresStore:
        """Connect, migrate if need be, and see that partitions are there.

        `node` is the name that no other process on the database has: whose leases the parts get
        that a lane takes straight from memory. Raises SchemaTooNew or StoreError.
        """
        address = parse(url, listen_url)
        store = cls(address, seal=Seal(seal_key), node=node)
        try:
            async with store._borrowed() as session:
                await _make_ready(session, store._seal)
        except BaseException:
            await store.close()
            raise
        _logger.info("store_opened", database=address.shown, pooled=address.is_pooled)
        return store

    @property
    def listener(self) -> Listener | None:
        """None where other nodes cannot be heard: behind a pooler, without a URL around it."""
        return self._listener

    def on_waiting(self, heard: Heard) -> None:
        """Call this when another node says that parts wait for a carrier. No promise: poll too."""
        if self._listener is not None:
            self._listener.subscribe(heard)

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        for queue in (self._accepting, self._outcomes, self._claims, self._chores, self._lookups):
            await queue.close()
        await self._crier.close()
        if self._listener is not None:
            await self._listener.close()
        for reader in self._readers:
            await reader.close()

    def counts(self) -> StoreCounts:
        queues = (self._accepting, self._outcomes, self._claims, self._chores)
        self._counts.waiting = sum(queue.waiting for queue in queues)
        return self._counts

    # The way of a message.

    async def accept(self, message: NewMessage) -> Accepted | Repeated:
        answer = await self._accepting.submit(accepting.accept, message)
        if message.lease_ms is None and isinstance(answer, Accepted):
            self._crier.announce(message.carrier)
        return answer

    async def remember(self, refused: Refused) -> Repeated | None:
        return await self._accepting.submit(accepting.remember, refused)

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
        return await self._claims.submit(leasing.claim, one)

    async def leased(self, carrier: str, *, owner: str, limit: int) -> list[OutboundPart]:
        one = leasing.Leases(carrier, owner, limit)
        return await self._claims.submit(leasing.leased, one)

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        await self._outcomes.submit(settling.settle, settlements)

    async def receive(self, receipts: Sequence[Receipt]) -> None:
        await self._outcomes.submit(receiving.receive, receipts)

    async def lapse(self, *, now_ms: int, owner: str | None, repeats: RepeatPolicy) -> int:
        count = 0
        while True:
            one = leasing.Lapse(now_ms, owner, repeats)
            step = await self._chores.submit(leasing.lapse, one)
            count += step
            if step < leasing.STEP:
                return count

    async def expire(self, *, now_ms: int, limit: int) -> int:
        return await self._chores.submit(leasing.expire, leasing.Expiry(now_ms, limit))

    async def end_unreported(self, *, now_ms: int, expired_ms: int, limit: int) -> int:
        after = self._unreported_after
        found = await self._read(unreported.sent_messages, after, expired_ms, limit)
        self._unreported_after = found[-1][:2] if len(found) == limit else unreported.START
        overdue = [one[:2] for one in found if one[2] <= expired_ms]
        if not overdue:
            return 0
        return await self._chores.submit(
            unreported.end_unreported, unreported.Overdue(now_ms, expired_ms, overdue)
        )

    async def forget(self, *, now_ms: int, limit: int) -> int:
        """Makes partitions ahead too, where it is time."""
        if abs(now_ms - self._prepared_ms) >= _HOUR_MS:
            self._prepared_ms = now_ms
            await self._chores.submit(_prepare, now_ms)
        one = leasing.Oblivion(now_ms, now_ms - _REQUESTS_KEPT_MS, now_ms - _PARKED_KEPT_MS, limit)
        return await self._chores.submit(leasing.forget, one)

    async def retire(self, *, before_ms: int, limit: int) -> int:
        """Whole weeks that ended before that time; one with parts that still wait stays."""
        del limit
        return await self._chores.submit(_retire, before_ms)

    # Other ways for what waits.

    async def speaks_of_sent(self, receipt: Receipt) -> bool:
        return await self._read(matching.speaks_of_sent, receipt)

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
        count = await self._chores.submit(rerouting.reroute, rerouting.Reroute(now_ms, moves))
        if count:
            for carrier in {move.carrier for move in moves}:
                self._crier.announce(carrier)
        return count

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
        wanted = catalogue.Wanted(account_id, esim_tran_no, iccid)
        return await self._lookups.submit(catalogue.find_esims, wanted)

    async def query_esims(self, account_id: int, which: EsimFilter) -> tuple[list[EsimRow], int]:
        return await self._read(catalogue.query_esims, self._seal, account_id, which)

    async def list_plans(self, which: PlanFilter) -> list[PlanRow]:
        return await self._read(catalogue.list_plans, which)

    async def plans_version(self) -> tuple[int, int]:
        return await self._read(catalogue.plans_version)

    async def find_plan(self, code_or_slug: str) -> PlanRow | None:
        return await self._read(catalogue.find_plan, code_or_slug)

    async def save_plans(self, plans: Sequence[PlanRow]) -> None:
        await self._chores.submit(catalogue.save_plans, plans)

    async def save_esims(self, account_id: int, esims: Sequence[EsimRow]) -> list[str]:
        return await self._chores.submit(
            catalogue.save_esims, catalogue.EsimBatch(account_id, esims, self._seal)
        )

    async def merge_plans(self, plans: Sequence[PlanRow]) -> Saved:
        return await self._chores.submit(catalogue.merge_plans, plans)

    async def save_prices(self, account_id: int, prices: Sequence[PriceRow]) -> Saved:
        batch = catalogue.PriceBatch(account_id, prices)
        return await self._chores.submit(catalogue.save_prices, batch)

    async def list_prices(self, account_id: int) -> dict[str, PriceRow]:
        return await self._read(catalogue.list_prices, account_id)

    async def merge_esims(self, account_id: int, esims: Sequence[EsimRow]) -> Saved:
        batch = catalogue.EsimBatch(account_id, esims, self._seal)
        return await self._chores.submit(catalogue.merge_esims, batch)

    async def search_esims(self, which: EsimSearch) -> list[tuple[int, EsimRow]]:
        return await self._read(catalogue.search_esims, which)

    async def all_plans(self, *, after: str, limit: int) -> list[PlanRow]:
        return await self._read(catalogue.all_plans, after, limit)

    async def retire_esims(self, esim_tran_nos: Sequence[str], *, now_ms: int | None) -> int:
        one = catalogue.Retirement(esim_tran_nos, now_ms)
        return await self._chores.submit(catalogue.retire_esims, one)

    async def retire_plans(self, package_codes: Sequence[str], *, now_ms: int | None) -> int:
        one = catalogue.Retirement(package_codes, now_ms)
        return await self._chores.submit(catalogue.retire_plans, one)

    async def delete_esim(self, esim_tran_no: str) -> bool:
        return await self._chores.submit(catalogue.delete_esims, esim_tran_no)

    async def delete_plan(self, package_code: str) -> bool:
        return await self._chores.submit(catalogue.delete_plans, package_code)

    # Accounts.

    async def accounts(self) -> list[Account]:
        return await self._read(accounts.list_accounts, self._seal)

    async def add_account(self, account: Account) -> int:
        return await self._chores.submit(accounts.add_accounts, self._sealed(account))

    async def change_account(self, change: AccountChange) -> None:
        one = accounts.SealedChange(changes_of(change, self._seal))
        await self._chores.submit(accounts.change_accounts, one)

    def _sealed(self, account: Account) -> Sealed:
        return Sealed(account, self._seal.close(account.access_code, account.secret))

    async def _read(self, query: Callable[..., Awaitable[R]], *facts: Any) -> R:
        """Run a query on a reader that is free, so that a long one holds up no other verb."""
        try:
            async with asyncio.timeout(READ_S), self._borrowed() as session:
                return await query(session, *facts)
        except TimeoutError:
            raise StoreTimeout from None

    @contextlib.asynccontextmanager
    async def _borrowed(self) -> AsyncIterator[Session]:
        """A session of a reader that is free."""
        if self._closed:
            raise StoreError("the store is closed")
        if self._reads >= _MOST_READS:
            raise StoreError(f"the store is busy: {_MOST_READS} reads wait")
        self._reads += 1
        try:
            with translating():
                reader = await self._free.get()
                try:
                    async with reader.use() as session:
                        yield session
                finally:
                    self._free.put_nowait(reader)
        finally:
            self._reads -= 1


async def _make_ready(session: Session, seal: Seal) -> None:
    await schema.check_durability(session)
    await schema.bring_up_to_date(session)
    await schema.refuse_half_moved(session)
    await accounts.check_seal(session, seal)
    await partitions.prepare(session, time.time_ns() // 1_000_000)


async def _prepare(session: Session, times_ms: Sequence[int]) -> list[list[str]]:
    return [await partitions.prepare(session, each) for each in times_ms]


async def _retire(session: Session, times_ms: Sequence[int]) -> list[int]:
    return [len(await partitions.drop_before(session, each)) for each in times_ms]
