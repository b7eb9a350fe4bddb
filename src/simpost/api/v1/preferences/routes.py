"""Preferences of an eSIM and the defaults of the account: show, change, history."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from simpost.api.shared.auth import Caller, ServicesDep
from simpost.api.shared.paging import PageQuery, cut_page
from simpost.api.shared.services import Services
from simpost.api.v1.messages.send_schema import Identifier
from simpost.api.v1.preferences.schemas import (
    DefaultPreferencesPatch,
    PreferenceHistory,
    PreferencesOut,
    PreferencesPatch,
    show_change,
    show_preferences,
)
from simpost.domain.accounts import Account
from simpost.domain.messages import Category
from simpost.domain.policy.preference_changes import DEFAULTS

router = APIRouter(prefix="/v1", tags=["preferences"])


@router.get("/esims/{esimTranNo}/preferences", summary="Show what the traveller wants to be sent")
async def show_esim_preferences(
    esimTranNo: Identifier,  # noqa: N803  as it stands in the path
    account: Caller,
    services: ServicesDep,
) -> PreferencesOut:
    """What is in effect for the eSIM, and what decided it."""
    return await current_preferences(services, account, esimTranNo)


@router.patch("/esims/{esimTranNo}/preferences", summary="Change what the traveller is sent")
async def change_esim_preferences(
    esimTranNo: Identifier,  # noqa: N803
    changes: PreferencesPatch,
    account: Caller,
    services: ServicesDep,
) -> PreferencesOut:
    """Takes effect with the next decision. Codes cannot be refused."""
    return await change_preferences(services, account, esimTranNo, changes, account.access_code)


@router.get(
    "/esims/{esimTranNo}/preferences/history",
    summary="Show how the preferences of an eSIM changed, newest first",
)
async def show_esim_preference_history(
    esimTranNo: Identifier,  # noqa: N803
    query: Annotated[PageQuery, Query()],
    account: Caller,
    services: ServicesDep,
) -> PreferenceHistory:
    """The last 200 changes: what, who, when, by which way, with the traveller's words."""
    return await preference_history(services, account, esimTranNo, query)


@router.get("/preferences", summary="Show the defaults of the account")
async def show_default_preferences(account: Caller, services: ServicesDep) -> PreferencesOut:
    """They count for every eSIM without a choice of its own."""
    return await current_preferences(services, account, DEFAULTS)


@router.patch("/preferences", summary="Change the defaults of the account")
async def change_default_preferences(
    changes: DefaultPreferencesPatch, account: Caller, services: ServicesDep
) -> PreferencesOut:
    """A choice of the traveller always goes before a default."""
    return await change_preferences(services, account, DEFAULTS, changes, account.access_code)


@router.get(
    "/preferences/history", summary="Show how the defaults of the account changed, newest first"
)
async def show_default_preference_history(
    query: Annotated[PageQuery, Query()], account: Caller, services: ServicesDep
) -> PreferenceHistory:
    """The last 200 changes."""
    return await preference_history(services, account, DEFAULTS, query)


async def current_preferences(
    services: Services, account: Account, esim_tran_no: str
) -> PreferencesOut:
    """The preferences of an eSIM of the account, or its defaults."""
    found = await services.preferences.find(account, esim_tran_no)
    url = None
    if esim_tran_no != DEFAULTS:
        url = services.opt_out_links.url_for(account.id, esim_tran_no, Category.PROMOTION)
    return show_preferences(found, esim_tran_no or None, url)


async def change_preferences(
    services: Services,
    account: Account,
    esim_tran_no: str,
    changes: DefaultPreferencesPatch,
    actor: str,
) -> PreferencesOut:
    """Change preferences; the new ones."""
    await services.preferences.change(account, esim_tran_no, changes.wanted(actor))
    return await current_preferences(services, account, esim_tran_no)


async def preference_history(
    services: Services, account: Account, esim_tran_no: str, query: PageQuery
) -> PreferenceHistory:
    """One page of changes."""
    await services.preferences.check_esim(account, esim_tran_no)
    found = await services.store.recipients.list_changes(
        account.id, esim_tran_no, before=query.before, limit=query.look_ahead
    )
    rows, cursor = cut_page(found, query)
    return PreferenceHistory(changes=[show_change(row) for row in rows], next=cursor)
