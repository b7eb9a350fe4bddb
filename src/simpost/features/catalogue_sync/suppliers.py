"""The suppliers by the type of their source, and the headers of their requests."""

from __future__ import annotations

from simpost.config.sources import EsimAccessSourceSettings, EsimGoSourceSettings, SourceSettings
from simpost.features.catalogue_sync.esim_access import EsimAccessSupplier, esim_access_headers
from simpost.features.catalogue_sync.esim_go import EsimGoSupplier, esim_go_headers
from simpost.features.catalogue_sync.esimfly import EsimflySupplier, esimfly_headers
from simpost.features.catalogue_sync.supplier import Sleep, Supplier
from simpost.net.resolver import NameResolver


def open_supplier(settings: SourceSettings, names: NameResolver, sleep: Sleep) -> Supplier:
    """The supplier of a source. It must be closed."""
    if isinstance(settings, EsimAccessSourceSettings):
        return EsimAccessSupplier(settings, names, sleep)
    if isinstance(settings, EsimGoSourceSettings):
        return EsimGoSupplier(settings, names, sleep)
    return EsimflySupplier(settings, names, sleep)


def supplier_headers(
    settings: SourceSettings, body: bytes, request_id: str | None = None
) -> dict[str, str]:
    """Headers with the credentials of a source, for a request with this body."""
    if isinstance(settings, EsimAccessSourceSettings):
        return esim_access_headers(settings, body, request_id)
    if isinstance(settings, EsimGoSourceSettings):
        return esim_go_headers(settings)
    return esimfly_headers(settings, body, request_id)
