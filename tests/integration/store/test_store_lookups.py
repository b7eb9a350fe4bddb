"""Look-ups of the embedded store: one snapshot for a turn of the loop, and never an old one."""

import asyncio
import contextlib

import pytest
from cryptography.fernet import Fernet

from simpost.domain.esims import Esim
from simpost.ports.store import EsimRow
from simpost.store import SqliteStore
from simpost.store.sqlite.connection import open_reader
from simpost.store.sqlite.queries import SQL

SHOP = 1


def esim(tran_no: str, **changes: object) -> EsimRow:
    facts = {
        "esim_tran_no": tran_no,
        "iccid": f"89{tran_no}",
        "msisdn": "66812345678",
        "imsi": "520",
        "order_no": "",
        "package_code": "",
        "sms_status": 1,
        "smdp_status": "ENABLED",
        "esim_status": "IN_USE",
        "created_ms": 1,
        "document": {},
    }
    return EsimRow(**{**facts, **changes})


@pytest.fixture
async def path(tmp_path):
    return tmp_path / "s.db"


@pytest.fixture
async def store(path):
    opened = await SqliteStore.open(path, seal_key=Fernet.generate_key().decode())
    yield opened
    await opened.close()


async def test_the_columns_of_the_lookup_are_the_fields_of_an_esim(store, path):
    await store.catalogue.save_esims(SHOP, [esim("101")])
    with contextlib.closing(open_reader(path)) as connection:
        cursor = connection.execute(SQL["find_esim"], ("101", SHOP, None))
        names = [column for column, _ in cursor.get_description()]
    assert names == list(Esim.__struct_fields__)


async def find(store, tran_no):
    return await store.catalogue.find_esim(SHOP, esim_tran_no=tran_no, iccid=None)


async def test_a_lookup_after_a_save_finds_what_was_saved_in_the_same_turn(store):
    await store.catalogue.save_esims(SHOP, [esim("101"), esim("102")])
    for status in ("DISABLED", "ENABLED") * 20:
        saving = asyncio.ensure_future(
            store.catalogue.save_esims(SHOP, [esim("101", smdp_status=status)])
        )
        while not saving.done():  # a snapshot is open in every turn of the loop
            await find(store, "102")
            await asyncio.sleep(0)
        assert (await find(store, "101")).smdp_status == status


async def test_a_number_is_found_as_soon_as_its_esim_is_saved(store):
    for index in range(20):
        number = f"6680000{index:04}"
        await find(store, "101")
        await store.catalogue.save_esims(SHOP, [esim("101", msisdn=number)])
        assert (await store.inbound.find_number(number)).esim.msisdn == number


async def test_a_snapshot_ends_with_its_turn_of_the_loop(store):
    """One that stayed open would keep the journal from being emptied."""
    database = store.catalogue._look_up.__self__
    await store.catalogue.save_esims(SHOP, [esim("101")])
    await find(store, "101")
    assert database.lookup.in_transaction
    await asyncio.sleep(0)
    assert not database.lookup.in_transaction
