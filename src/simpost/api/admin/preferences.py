"""Preferences of the eSIMs and the defaults of any account, by the administrator."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.paging import PageQuery
from simpost.api.v1.messages.send_schema import Identifier
from simpost.api.v1.preferences.batches import (
    PreferenceImport,
    PreferenceImportResults,
    apply_import,
)
from simpost.api.v1.preferences.flags import delete_flag, flag_page
from simpost.api.v1.preferences.routes import (
    change_preferences,
    current_preferences,
    preference_history,
)
from simpost.api.v1.preferences.schemas import (
    ClosedFlag,
    DefaultPreferencesPatch,
    FlagPage,
    PreferenceHistory,
    PreferencesOut,
    PreferencesPatch,
)
from simpost.domain.policy.preference_changes import DEFAULTS

router = APIRouter(
    prefix="/v1/admin/accounts/{accessCode}", tags=["admin"], dependencies=[Depends(admit_admin)]
)

_ACTOR: Final = "admin"
"""Who changed it, where the request names nobody."""
_ESIM: Final = "/esims/{esimTranNo}/preferences"


@router.get(_ESIM, summary="Show what a traveller of an account wants to be sent")
async def show_esim_preferences(
    accessCode: str,  # noqa: N803  as it stands in the path
    esimTranNo: Identifier,  # noqa: N803
    services: ServicesDep,
) -> PreferencesOut:
    """What is in effect for the eSIM, and what decided it."""
    account = await services.accounts.find_stored(accessCode)
    return await current_preferences(services, account, esimTranNo)


@router.patch(_ESIM, summary="Change what a traveller of an account is sent")
async def change_esim_preferences(
    accessCode: str,  # noqa: N803
    esimTranNo: Identifier,  # noqa: N803
    changes: PreferencesPatch,
    services: ServicesDep,
) -> PreferencesOut:
    """Takes effect with the next decision. The history names `changedBy`, or else `admin`."""
    account = await services.accounts.find_stored(accessCode)
    return await change_preferences(services, account, esimTranNo, changes, _ACTOR)


@router.get(f"{_ESIM}/history", summary="Show how the preferences of an eSIM of an account changed")
async def show_esim_history(
    accessCode: str,  # noqa: N803
    esimTranNo: Identifier,  # noqa: N803
    query: Annotated[PageQuery, Query()],
    services: ServicesDep,
) -> PreferenceHistory:
    """The last 200 changes, newest first."""
    account = await services.accounts.find_stored(accessCode)
    return await preference_history(services, account, esimTranNo, query)


@router.get("/preferences", summary="Show the default preferences of an account")
async def show_default_preferences(
    accessCode: str,  # noqa: N803
    services: ServicesDep,
) -> PreferencesOut:
    """They count for every eSIM without a choice of its own."""
    account = await services.accounts.find_stored(accessCode)
    return await current_preferences(services, account, DEFAULTS)


@router.patch("/preferences", summary="Change the default preferences of an account")
async def change_default_preferences(
    accessCode: str,  # noqa: N803
    changes: DefaultPreferencesPatch,
    services: ServicesDep,
) -> PreferencesOut:
    """A choice of the traveller always goes before a default."""
    account = await services.accounts.find_stored(accessCode)
    return await change_preferences(services, account, DEFAULTS, changes, _ACTOR)


@router.get("/preferences/history", summary="Show how the defaults of an account changed")
async def show_default_history(
    accessCode: str,  # noqa: N803
    query: Annotated[PageQuery, Query()],
    services: ServicesDep,
) -> PreferenceHistory:
    """The last 200 changes, newest first."""
    account = await services.accounts.find_stored(accessCode)
    return await preference_history(services, account, DEFAULTS, query)


@router.post("/preferences/import", summary="Import the preferences of many eSIMs of an account")
async def import_preferences(
    accessCode: str,  # noqa: N803
    batch: PreferenceImport,
    services: ServicesDep,
) -> PreferenceImportResults:
    """One row never loses the others. What a traveller chose by a text or a link stays."""
    account = await services.accounts.find_stored(accessCode)
    return await apply_import(services, account, batch, _ACTOR)


@router.get("/preferences/flags", summary='List texts to an account that may mean "stop"')
async def list_flags(
    accessCode: str,  # noqa: N803
    query: Annotated[PageQuery, Query()],
    services: ServicesDep,
) -> FlagPage:
    """Newest first."""
    return await flag_page(services, await services.accounts.find_stored(accessCode), query)


@router.delete("/preferences/flags/{id}", summary="Close a flag of an account")
async def close_flag(
    accessCode: str,  # noqa: N803
    id: str,  # noqa: A002
    services: ServicesDep,
) -> ClosedFlag:
    """The inbound message stays in the log."""
    return await delete_flag(services, await services.accounts.find_stored(accessCode), id)
