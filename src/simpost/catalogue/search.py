"""Finding eSIMs of all accounts."""

from __future__ import annotations

from simpost.errors import UnknownEsim
from simpost.ports.store import CatalogueStore, EsimRow, EsimSearch


async def find_esim_of_any_account(store: CatalogueStore, esim_tran_no: str) -> tuple[int, EsimRow]:
    """The eSIM with the id of its account, retired or not. Raises UnknownEsim."""
    for account_id, esim in await store.search_esims(EsimSearch(number=esim_tran_no)):
        if esim.esim_tran_no == esim_tran_no:
            return account_id, esim
    raise UnknownEsim("There is no eSIM with this esimTranNo.")
