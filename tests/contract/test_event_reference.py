"""Every type of event really comes from a store, with the fields that docs/events.md names.

Those of webhook endpoints are in `tests/integration/webhooks/`.
"""

from simpost.domain.accounts import Account
from simpost.domain.event_types import EVENT_TYPES
from simpost.domain.lifecycle import EventKind
from simpost.domain.messages import Category
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from tests.contract import test_store_conversations as conversations
from tests.contract import test_store_erasures as erasures
from tests.contract import test_store_lifecycle as lifecycle
from tests.contract import test_store_quotas as quotas
from tests.contract import test_store_recipients as recipients
from tests.contract import test_store_smpp_parts as smpp_parts
from tests.contract.store_facts import DAY_MS, NOW_MS, held, leased, refused, settlement
from tests.event_reference import check

HELD_BY = {State.SCHEDULED: "scheduled", State.HELD: "quiet_hours"}
OF_ENDPOINTS = {each for each in EVENT_TYPES if each.startswith("webhook.")}


async def messages(store):
    for state in State:
        if state in (State.SCHEDULED, State.HELD):
            await store.held.hold(held(state=state, reason=Reason(HELD_BY[state])))
        else:
            one = leased()
            await store.queue.accept(one)
            await store.queue.record([settlement(one, state=state)])


async def esims(store):
    await recipients.saved_esim(store)
    kinds = [
        *(EventKind.ORDER_READY, EventKind.PROFILE_DOWNLOADED, EventKind.INSTALLED),
        *(EventKind.DISABLED, EventKind.ENABLED, EventKind.ATTACHED_FIRST),
        *(EventKind.COUNTRY_CHANGED, EventKind.USAGE_STARTED, EventKind.SMS_LOST),
    ]
    for place, kind in enumerate(kinds):
        country = "TH" if kind in (EventKind.ATTACHED_FIRST, EventKind.COUNTRY_CHANGED) else ""
        await report(store, kind, place, country=country)
    for place, used in enumerate((50, 80, 100)):
        await report(store, EventKind.USAGE_THRESHOLD, 20 + place, used_percent=used)
    await report(store, EventKind.PLAN_EXPIRING, 30, expires_ms=NOW_MS + DAY_MS)
    await report(store, EventKind.PLAN_EXPIRED, 31)
    await report(store, EventKind.DELETED, 32)


async def report(store, kind, seconds, **fields):
    one = lifecycle.event(
        kind, NOW_MS + 1_000 * seconds, iccid="", esim_tran_no=recipients.TRAN_NO, **fields
    )
    await lifecycle.record(store, one, now_ms=NOW_MS + 1_000 * seconds)


async def talk(store):
    await conversations.receive(store)
    await conversations.receive(store, "More", at_ms=NOW_MS + 1)
    of = await conversations.current(store)
    await conversations.change(store, of, assignee="Ana")
    await store.conversations.return_overdue(now_ms=NOW_MS + DAY_MS)
    one = await conversations.reply(store, of)
    await store.queue.record([refused(one)])
    await store.conversations.reopen_failed(rules=conversations.RULES, now_ms=NOW_MS + DAY_MS)
    await conversations.close(store, of)


async def preferences(store):
    wanted = {Category.PROMOTION: False}
    await store.recipients.change_preferences(recipients.change(choices=wanted, language="fr"))
    await store.inbound.save(recipients.flagged())


async def limits(store):
    await store.queue.accept(quotas.limited(quotas.budget(limit=2)))
    await smpp_parts.add(store, smpp_parts.part(1), smpp_parts.part(2))
    await smpp_parts.expire(store)


async def events(store):
    await store.events.assign_sequence(limit=1_000)
    return (await store.events.events_after(1, None, limit=1_000)).events


async def forget(store):
    done = await erasures.forget(store)
    await store.erasures.end(done, now_ms=erasures.LATER_MS)


async def test_every_event_has_the_fields_of_the_reference(store):
    await store.accounts.add_account(Account(0, "shop", "secret-of-shop", events=True))
    await messages(store)
    await esims(store)
    await talk(store)
    await preferences(store)
    await limits(store)
    found = await events(store)
    await forget(store)  # it erases countries in the events that are there
    assert check([*found, *(await events(store))[len(found) :]]) == set(EVENT_TYPES) - OF_ENDPOINTS
