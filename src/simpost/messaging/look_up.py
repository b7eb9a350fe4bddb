"""The look-up box: what a number, an id or an order stands for, without saying which it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from simpost.domain.identifiers import iccid_forms
from simpost.domain.messages import Message, parse_id
from simpost.messaging.accounts import Accounts
from simpost.ports.store import EsimRow, EsimSearch, MessageFilter, Store

MAX_CHARACTERS: Final = 200
"""Characters of a text that is looked up; a longer one stands for nothing."""
MOST: Final = 20
"""Most eSIMs, and most messages, that a look-up finds."""
MOST_ACCOUNTS: Final = 500
"""Accounts whose references and parts a look-up in all accounts searches."""
MOST_STEPS: Final = 10
"""Steps of a search for the id of a carrier, each through 200,000 parts of an account at most."""
_SPACING: Final = re.compile(r"[\s.()\u00a0-]+")


class LookUpResult(msgspec.Struct, frozen=True):
    """What was found: eSIMs with the id of their account, and messages.

    `is_cut`: there are older parts whose ids of carriers were not looked at.
    """

    esims: list[tuple[int, EsimRow]]
    messages: list[Message]
    is_cut: bool = False


async def look_up(
    store: Store,
    accounts: Accounts,
    carriers: Sequence[str],
    text: str,
    *,
    account_id: int | None,
) -> LookUpResult:
    """The eSIMs and messages that a text names, of one account, or of all with `None`.

    It may be an ICCID in any form, an esimTranNo, order, MSISDN, IMSI, message id, carrier id of a
    part, or the reference of a caller.
    """
    text = text.strip()
    if not text or len(text) > MAX_CHARACTERS or not text.isprintable():
        return LookUpResult([], [])
    if message_id := parse_id(text.lower()):
        found = await _find_messages(store, await _owned(store, message_id), account_id)
        if found:
            return LookUpResult([], found)
    esims: dict[str, tuple[int, EsimRow]] = {}
    for form in identifier_forms(text):
        which = EsimSearch(account_id=account_id, number=form, limit=MOST)
        for owner, esim in await store.catalogue.search_esims(which):
            esims.setdefault(esim.esim_tran_no, (owner, esim))
    if esims:
        return LookUpResult(list(esims.values())[:MOST], [])
    ids = await store.console.find_by_carrier_id(carriers, text)
    messages = await _find_messages(store, ids, account_id)
    if not messages:
        messages = await _by_reference(store, accounts, text, account_id)
    if messages:
        return LookUpResult([], messages[:MOST])
    messages, is_cut = await _by_carrier_id(store, accounts, text, account_id)
    return LookUpResult([], messages[:MOST], is_cut)


def identifier_forms(text: str) -> list[str]:
    """The ways in which the catalogue may write an identifier, the given one first.

    Without spaces and hyphens; a number without `+` or `00`; an ICCID with and without its check
    digit (ITU-T E.118), without its filler F, and from the swapped digits of EF-ICCID (ETSI TS
    102 221 13.2).
    """
    forms = [text]
    plain = _SPACING.sub("", text)
    digits = plain.removeprefix("+").rstrip("Ff")
    forms += [plain, digits]
    if digits.isascii() and digits.isdigit():
        if digits.startswith("00"):
            forms.append(digits[2:])
        if 18 <= len(digits) <= 20:
            forms += iccid_forms(digits)
    if re.fullmatch(r"98[0-9]{16,18}|98[0-9]{16}[fF][0-9]", plain):
        pairs = [plain[at : at + 2] for at in range(0, len(plain), 2)]
        swapped = "".join(pair[::-1] for pair in pairs).rstrip("Ff")
        forms += [swapped, *iccid_forms(swapped)]
    return list(dict.fromkeys(forms))


async def _owned(store: Store, message_id: bytes) -> list[tuple[int, bytes]]:
    owner = await store.log.find_owner(message_id)
    return [] if owner is None else [(owner, message_id)]


async def _find_messages(
    store: Store, ids: Sequence[tuple[int, bytes]], account_id: int | None
) -> list[Message]:
    found = [
        await store.log.find_message(owner, message_id)
        for owner, message_id in ids
        if account_id in (None, owner)
    ]
    return [message for message in found if message]


async def _by_reference(
    store: Store, accounts: Accounts, text: str, account_id: int | None
) -> list[Message]:
    which = MessageFilter(reference=text, limit=MOST)
    found: list[Message] = []
    for owner in _owners(accounts, account_id):
        found += await store.log.list_messages(owner, which)
    return found


async def _by_carrier_id(
    store: Store, accounts: Accounts, text: str, account_id: int | None
) -> tuple[list[Message], bool]:
    """The newest messages with a part of this id, which may have its receipt; whether it was cut.

    The ids have no index, which every message would pay for: a walk, newest first, through the
    accounts by turns.
    """
    left: dict[int, bytes | None] = dict.fromkeys(_owners(accounts, account_id))
    steps = 0
    while left:
        for owner, before in list(left.items()):
            if steps >= MOST_STEPS and before is not None:
                return [], True
            steps += 1
            which = MessageFilter(carrier_message_id=text, before=before, limit=MOST)
            found = await store.log.search_messages(owner, which)
            if found.messages:
                return found.messages, False
            if found.examined_to is None:
                del left[owner]
            else:
                left[owner] = found.examined_to
    return [], False


def _owners(accounts: Accounts, account_id: int | None) -> list[int]:
    if account_id is not None:
        return [account_id]
    return [account.id for account in accounts.all()][:MOST_ACCOUNTS]
