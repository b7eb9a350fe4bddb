"""Texts of travellers, received as a carrier delivers them."""

from __future__ import annotations

import itertools

from simpost.api import Services
from simpost.config import PreferenceSettings
from simpost.domain.inbound import InboundPart, OwnNumbers, PartPosition
from simpost.features.preferences.handset import HandsetPreferences
from simpost.messaging.inbound import InboundService
from simpost.messaging.inbound_routing import InboundRouter
from tests.contract.store_facts import new_id
from tests.integration.api.conftest import GOOD

NUMBER = "12345"
_count = itertools.count()


async def text_from(services: Services, said: str, number: str = GOOD, account_id: int = 1) -> None:
    """A text from the handset of an eSIM to our number."""
    store, clock_ms = services.store, services.clock_ms
    desk = InboundService(
        store.inbound,
        InboundRouter(store.inbound, services.accounts, OwnNumbers({NUMBER: ""}, [])),
        services.intake,
        new_id=lambda: new_id(clock_ms()),
        clock_ms=clock_ms,
        read_reply=HandsetPreferences(PreferenceSettings()).read,
        conversations=store.conversations,
    )
    esim = await store.catalogue.find_esim(account_id, esim_tran_no=number, iccid=None)
    assert esim
    place = PartPosition("alone", next(_count))
    at_ms = clock_ms()
    part = InboundPart("down", esim.msisdn, NUMBER, said.encode(), "latin1", place, at_ms)
    assert await desk.receive(part) is None
