"""What the engine asks of a store.

Every verb that writes returns after the commit; what arrives together shares one. A verb raises
`StoreError` when it could not commit, and then nothing of its call was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from simpost.domain.accounts import Account, AccountChange
from simpost.domain.esims import Esim
from simpost.domain.messages import Message
from simpost.domain.options import DEFAULT_OPTIONS, Options
from simpost.domain.outcomes import Receipt, UnmatchedReceipt
from simpost.domain.reasons import Reason
from simpost.domain.receipt_ids import ObservedIdFormat
from simpost.domain.repeats import RepeatPolicy
from simpost.domain.states import State
from simpost.ports.carrier import OutboundPart
from simpost.ports.inbound import InboundStore
from simpost.ports.refusals import RefusalStore
from simpost.ports.store_metrics import WatchedStore


class RequestKey(msgspec.Struct, frozen=True, gc=False):
    """The caller's own id of a request (RT-RequestID, Idempotency-Key) and what it stood for.

    Attributes:
        fingerprint: digest of what was asked; the same id with another one is refused.
        stale_ms: an earlier use committed before this time is forgotten (24 h ago).
        signature: of a signed request, in lowercase hex. It is accepted once, whatever the id:
            the signed octets can be cut into another timestamp and id.
    """

    request_id: str
    fingerprint: bytes
    stale_ms: int
    signature: str = ""

    @property
    def signature_key(self) -> str:
        """Where the store remembers the signature; request ids are ASCII and never equal to it."""
        return f"§{self.signature}"


class NewMessage(msgspec.Struct, frozen=True, gc=False):
    """A decided message, ready to be committed with its parts.

    Attributes:
        text: what is to be sent; hex digits when the encoding is binary.
        parts: slices of the text, in order; joined they are the text.
        part_count: how many parts the handset gets, where the carrier cuts the one it is given
            itself; none when they are the parts.
        request: idempotency key, committed in the same transaction.
        lease_ms: end of the lease when the lane takes the parts straight from memory; none
            when they wait in the store for their turn.
    """

    id: bytes
    account_id: int
    esim_tran_no: str
    iccid: str
    destination: str
    sender: str
    carrier: str
    category: str
    priority: int
    text: str
    encoding: str
    parts: tuple[str, ...]
    created_ms: int
    expires_ms: int
    request: RequestKey | None = None
    lease_ms: int | None = None
    options: Options = DEFAULT_OPTIONS
    part_count: int | None = None


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A refusal to be remembered under the caller's request id."""

    account_id: int
    request: RequestKey
    reason: Reason
    created_ms: int


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """Committed. `reference` is the concatenation reference given to a message of several parts."""

    reference: int = 0


class Repeated(msgspec.Struct, frozen=True, gc=False):
    """The request id was used before; this is what it was answered with then.

    Attributes:
        same: whether it stood for the same request.
        message_id: of the message it was accepted as; none when it was refused.
        reason: of the refusal; none when it was accepted.
    """

    same: bool
    message_id: bytes | None
    reason: Reason | None


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """One attempt of one part, with what is decided to follow from it.

    Attributes:
        state: the part's state from now on; a lower rank than the stored one is not obeyed.
        due_ms: when the part is to be looked at again; none when it waits for nothing.
    """

    account_id: int
    message_id: bytes
    number: int
    total: int
    attempt: int
    repeat: bool
    carrier: str
    state: State
    reason: Reason | None
    outcome: str
    carrier_message_id: str | None
    carrier_code: str | None
    started_ms: int
    ended_ms: int
    due_ms: int | None


class WaitingMessage(msgspec.Struct, frozen=True, gc=False):
    """A message whose parts wait for a carrier, with what another carrier must know of it.

    Attributes:
        sender: what it was to be sent with, by the carrier it waits for.
        parts: all slices of the text, as they were cut.
        may_move: nothing of it has left or is in doubt, and no lane holds a part of it.
        priority, due_ms: of its first part; with the ids its place in the queue.
    """

    account_id: int
    message_id: bytes
    esim_tran_no: str
    destination: str
    sender: str
    category: str
    text: str
    encoding: str
    options: Options
    parts: tuple[str, ...]
    may_move: bool
    priority: int
    due_ms: int
    expires_ms: int


class Move(msgspec.Struct, frozen=True, gc=False):
    """A message is to go by another carrier, and with the sender that is allowed there.

    Attributes:
        options: those it gets there; none when they stay.
    """

    account_id: int
    message_id: bytes
    carrier: str
    sender: str
    options: Options | None = None


class MessageFilter(msgspec.Struct, frozen=True):
    """Which messages of an account to list, newest first; none of a field means any.

    `before` is the id that the last page ended with. Times are those of acceptance; a store may
    look for them in the ids, which must carry the same time to within ten seconds.
    """

    esim_tran_no: str | None = None
    iccid: str | None = None
    state: State | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    before: bytes | None = None
    limit: int = 50


class PlanFilter(msgspec.Struct, frozen=True):
    """Which plans to list; none of a field means any.

    `location` is an Alpha-2 code, `!RG` (several countries) or `!GL` (global).
    """

    location: str | None = None
    type: str = "BASE"
    package_code: str | None = None
    slug: str | None = None
    data_types: tuple[int, ...] | None = None


class EsimFilter(msgspec.Struct, frozen=True):
    """Which eSIMs of an account to list, oldest first."""

    esim_tran_no: str | None = None
    iccid: str | None = None
    order_no: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    offset: int = 0
    limit: int = 20


class EsimSearch(msgspec.Struct, frozen=True):
    """Which eSIMs of all accounts to list, by transaction number; none of a field means any.

    `number` is an esimTranNo, ICCID, MSISDN, IMSI or order. `after` is the last one of a page.
    """

    account_id: int | None = None
    number: str | None = None
    retired: bool | None = None
    after: str = ""
    limit: int = 50


class Saved(msgspec.Struct):
    """What became of the rows of a batch.

    Attributes:
        foreign: keys that belong to another account, which are left alone.
        incomplete: places in the batch, from 0, of new rows that lack what a new row needs.
        plan_unknown: saved eSIMs without a smsStatus of their own whose plan is not known.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    plan_unknown: int = 0
    foreign: list[str] = msgspec.field(default_factory=list)
    incomplete: list[int] = msgspec.field(default_factory=list)


class PlanRow(msgspec.Struct, frozen=True):
    """A plan as imported. `document` holds the documented fields as they came.

    `given` names the columns that a partial row speaks of; None is a whole row.
    """

    package_code: str
    slug: str
    sms_status: int
    type: str
    location: str
    data_type: int
    document: dict[str, Any]
    retired: bool = False
    given: frozenset[str] | None = None


class PriceRow(msgspec.Struct, frozen=True):
    """What an account pays for a plan, in USD x 10,000; None takes its own price away."""

    package_code: str
    price: int | None
    retail_price: int = 0


class EsimRow(msgspec.Struct, frozen=True):
    """An eSIM as imported. `sms_status` is none when only its plan knows.

    `given` names the columns that a partial row speaks of; None is a whole row.
    """

    esim_tran_no: str
    iccid: str
    msisdn: str
    imsi: str
    order_no: str
    package_code: str
    sms_status: int | None
    smdp_status: str
    esim_status: str
    created_ms: int
    document: dict[str, Any]
    retired: bool = False
    given: frozenset[str] | None = None


class Store(InboundStore, RefusalStore, WatchedStore, Protocol):
    """Everything that must survive. Opened by its class; owned by one process if embedded."""

    async def close(self) -> None: ...

    # The way of a message.

    async def accept(self, message: NewMessage) -> Accepted | Repeated: ...

    async def remember(self, refused: Refused) -> Repeated | None:
        """None when this is the first answer under that request id."""
        ...

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
        """Lease due parts, most urgent first; those past their expiry are expired instead."""
        ...

    async def leased(self, carrier: str, *, owner: str, limit: int) -> list[OutboundPart]:
        """What is leased to this owner, the oldest leases first."""
        ...

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Record attempts and end their leases; fold messages; meet parked receipts."""
        ...

    async def receive(self, receipts: Sequence[Receipt]) -> None:
        """Apply receipts that match a part and outrank what is known; keep all others."""
        ...

    async def lapse(self, *, now_ms: int, owner: str | None, repeats: RepeatPolicy) -> int:
        """Put parts whose lease ran out in doubt; with `owner`, all that it still holds.

        `repeats` says when each falls due: to be sent again, or when it expires.
        Returns how many.
        """
        ...

    async def expire(self, *, now_ms: int, limit: int) -> int:
        """End waiting parts whose validity is over. Returns how many."""
        ...

    async def end_unreported(self, *, now_ms: int, expired_ms: int, limit: int) -> int:
        """End parts that were sent, expired before `expired_ms`, and were never reported on.

        Looks at `limit` messages, each time from where it stopped. Returns how many parts ended.
        """
        ...

    async def forget(self, *, now_ms: int, limit: int) -> int:
        """Drop request ids and parked receipts that are past their time. Returns how many."""
        ...

    async def retire(self, *, before_ms: int, limit: int) -> int:
        """Drop messages of before that time, with their parts, tries and receipts.

        One stays of which a part still waits. Returns how many went, `limit` at most; a store that
        keeps them by the week drops whole weeks and counts those.
        """
        ...

    # Other ways for what waits.

    async def speaks_of_sent(self, receipt: Receipt) -> bool:
        """Whether the carrier was given a part with this id for a number the receipt names.

        The id may be written in another form. Parts that ended count while they are remembered.
        """
        ...

    async def receipt_forms(self, carrier: str) -> list[ObservedIdFormat]:
        """In which forms the carrier was seen to write ids in receipts, the most used first."""
        ...

    async def waiting(self, carrier: str) -> int:
        """How many parts wait for their turn."""
        ...

    async def carriers_waited_for(self) -> list[str]:
        """The carriers that parts wait for, whether or not they are there."""
        ...

    async def waiting_messages(
        self, carrier: str, *, after: WaitingMessage | None, limit: int
    ) -> list[WaitingMessage]:
        """Messages whose first part waits for the carrier, in the order they are claimed in."""
        ...

    async def reroute(self, moves: Sequence[Move], *, now_ms: int) -> int:
        """Let messages go by another carrier, all parts or none; returns how many moved.

        One of which a part has left, is in doubt, is held or has ended stays where it is.
        """
        ...

    # The log.

    async def unmatched_receipts(
        self, *, carrier: str | None, until_ms: int | None, limit: int
    ) -> list[UnmatchedReceipt]:
        """Receipts that were applied to no part, newest first; `until_ms` is included."""
        ...

    async def find_message(self, account_id: int, message_id: bytes) -> Message | None: ...

    async def find_owner(self, message_id: bytes) -> int | None:
        """The account a message belongs to."""

    async def list_messages(self, account_id: int, which: MessageFilter) -> list[Message]:
        """Without parts and attempts."""
        ...

    # eSIMs and plans.

    async def find_esim(
        self, account_id: int, *, esim_tran_no: str | None, iccid: str | None
    ) -> Esim | None:
        """By transaction number, or the newest eSIM with that ICCID; by both only if they agree."""
        ...

    async def query_esims(self, account_id: int, which: EsimFilter) -> tuple[list[EsimRow], int]:
        """One page and the count of all; `sms_status` is the effective one."""
        ...

    async def list_plans(self, which: PlanFilter) -> list[PlanRow]: ...

    async def plans_version(self) -> tuple[int, int]:
        """Another one after each change of any plan, by any process."""
        ...

    async def find_plan(self, code_or_slug: str) -> PlanRow | None: ...

    async def save_plans(self, plans: Sequence[PlanRow]) -> None:
        """Insert or replace by package code."""
        ...

    async def save_esims(self, account_id: int, esims: Sequence[EsimRow]) -> list[str]:
        """Insert or replace by transaction number.

        Returns the transaction numbers that belong to another account, which are left alone.
        """
        ...

    async def merge_plans(self, plans: Sequence[PlanRow]) -> Saved:
        """Insert, or change what a row gives; what is absent from a partial row stays."""
        ...

    async def save_prices(self, account_id: int, prices: Sequence[PriceRow]) -> Saved:
        """Insert, replace or take away; `incomplete` are those of plans that are not known."""
        ...

    async def list_prices(self, account_id: int) -> dict[str, PriceRow]:
        """The account's own prices, by package code."""
        ...

    async def merge_esims(self, account_id: int, esims: Sequence[EsimRow]) -> Saved:
        """As `merge_plans`, by transaction number."""
        ...

    async def search_esims(self, which: EsimSearch) -> list[tuple[int, EsimRow]]:
        """With the id of their account; `sms_status` is the eSIM's own."""
        ...

    async def all_plans(self, *, after: str, limit: int) -> list[PlanRow]:
        """By package code, retired ones too."""
        ...

    async def retire_esims(self, esim_tran_nos: Sequence[str], *, now_ms: int | None) -> int:
        """Refuse sends to these eSIMs from now on; without a time, allow them again."""
        ...

    async def retire_plans(self, package_codes: Sequence[str], *, now_ms: int | None) -> int:
        """Sell these plans no more; without a time, sell them again."""
        ...

    async def delete_esim(self, esim_tran_no: str) -> bool:
        """Whether it was there. Its messages stay in the log."""
        ...

    async def delete_plan(self, package_code: str) -> bool: ...

    # Accounts.

    async def accounts(self) -> list[Account]: ...

    async def add_account(self, account: Account) -> int:
        """Returns its id. Raises InvalidRequest when the access code is taken."""
        ...

    async def change_account(self, change: AccountChange) -> None:
        """Write only the fields that are given. Raises InvalidRequest for an unknown account."""
