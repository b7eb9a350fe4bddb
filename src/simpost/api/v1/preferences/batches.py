"""POST /v1/preferences/import: the preferences of many eSIMs at once."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import Field

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.schemas import Schema
from simpost.api.shared.services import Services
from simpost.api.v1.messages.send_schema import Identifier
from simpost.api.v1.preferences.schemas import CategoryChoices, Language, OpenHours, Words
from simpost.domain.accounts import Account
from simpost.domain.policy.preference_changes import Way
from simpost.errors import UnknownEsim
from simpost.features.preferences.service import WantedChange

router = APIRouter(prefix="/v1/preferences", tags=["preferences"])

MAX_ROWS: Final = 1_000
_AT_ONCE: Final = 100


class ImportedPreferences(Schema):
    """The preferences of one eSIM; null removes a value, absent fields stay as they are."""

    esim_tran_no: Identifier
    categories: CategoryChoices | None = None
    language: Language | None = None
    open_hours: OpenHours | None = None
    words: Words | None = None

    def wanted(self, actor: str) -> WantedChange:
        """The change by import."""
        given = self.model_fields_set
        return WantedChange(
            way=Way.IMPORT,
            choices=self.categories.given if self.categories else {},
            language=(self.language or "") if "language" in given else None,
            open_hours=(self.open_hours or "") if "open_hours" in given else None,
            actor=actor,
            words=self.words or "",
        )


class PreferenceImport(Schema):
    """Rows are applied in their order."""

    rows: Annotated[list[ImportedPreferences], Field(min_length=1, max_length=MAX_ROWS)]


class PreferenceImportOutcome(StrEnum):
    """What became of a row."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ESIM_UNKNOWN = "esim_unknown"


class PreferenceImportResult(Schema):
    """The outcome of one row."""

    esim_tran_no: str
    outcome: PreferenceImportOutcome


class PreferenceImportResults(Schema):
    """One result for each row, in their order."""

    results: list[PreferenceImportResult]


@router.post("/import", summary="Import the preferences of many eSIMs")
async def import_preferences(
    batch: PreferenceImport, account: Caller, services: ServicesDep
) -> PreferenceImportResults:
    """One row never loses the others. What a traveller chose by a text or a link stays."""
    return await apply_import(services, account, batch, account.access_code)


async def apply_import(
    services: Services, account: Account, batch: PreferenceImport, actor: str
) -> PreferenceImportResults:
    """Apply the rows for an account; the history names `actor`."""
    outcomes: dict[int, PreferenceImportOutcome] = {}

    async def apply(numbers: list[int]) -> None:
        for number in numbers:
            outcomes[number] = await _apply(services, account, batch.rows[number], actor)

    by_esim: dict[str, list[int]] = {}
    for number, row in enumerate(batch.rows):
        by_esim.setdefault(row.esim_tran_no, []).append(number)
    waiting = list(by_esim.values())
    for start in range(0, len(waiting), _AT_ONCE):
        await asyncio.gather(*map(apply, waiting[start : start + _AT_ONCE]))
    return PreferenceImportResults(
        results=[
            PreferenceImportResult(esim_tran_no=row.esim_tran_no, outcome=outcomes[number])
            for number, row in enumerate(batch.rows)
        ]
    )


async def _apply(
    services: Services, account: Account, row: ImportedPreferences, actor: str
) -> PreferenceImportOutcome:
    try:
        differences = await services.preferences.change(
            account, row.esim_tran_no, row.wanted(actor)
        )
    except UnknownEsim:
        return PreferenceImportOutcome.ESIM_UNKNOWN
    return PreferenceImportOutcome.CHANGED if differences else PreferenceImportOutcome.UNCHANGED
