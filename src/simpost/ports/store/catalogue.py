"""eSIMs, plans and the accounts' prices of plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from simpost.domain.esims import Esim


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
    tag: str | None = None
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

    `given` names the columns that a partial row sets; `None` means a whole row.
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

    `given` names the columns that a partial row sets; `None` means a whole row. `tags` are those
    that the row gives; `EsimTagStore` keeps them.
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
    tags: tuple[str, ...] | None = None


class CatalogueStore(Protocol):
    """Imports and finds eSIMs, plans and prices."""

    async def find_esim(
        self, account_id: int, *, esim_tran_no: str | None, iccid: str | None
    ) -> Esim | None:
        """By transaction number, or the newest eSIM with that ICCID; by both only if they agree."""
        ...

    async def esims_of_number(self, account_id: int, msisdn: str) -> list[str]:
        """Transaction numbers of the eSIMs with that number, two at most; none for an empty one.

        A retired eSIM only if no other has it, and then the newest.
        """
        ...

    async def query_esims(self, account_id: int, which: EsimFilter) -> tuple[list[EsimRow], int]:
        """One page and the count of all; `sms_status` is the effective one."""
        ...

    async def list_plans(self, which: PlanFilter) -> list[PlanRow]:
        """Plans on sale, without retired ones."""
        ...

    async def plans_version(self) -> tuple[int, int]:
        """Another one after each change of any plan, by any process."""
        ...

    async def find_plan(self, code_or_slug: str) -> PlanRow | None:
        """By package code, else by slug; retired plans too."""
        ...

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

    async def compare_plans(self, plans: Sequence[PlanRow]) -> Saved:
        """What `merge_plans` would do; nothing is written."""
        ...

    async def compare_esims(self, account_id: int, esims: Sequence[EsimRow]) -> Saved:
        """What `merge_esims` would do; nothing is written."""
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

    async def delete_plan(self, package_code: str) -> bool:
        """Whether it existed."""
        ...
