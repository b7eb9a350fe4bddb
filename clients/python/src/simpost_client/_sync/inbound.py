"""Inbound messages of the native API."""

from __future__ import annotations

from collections.abc import Iterator

from simpost_client._sync.resource import Resource
from simpost_client.models import Inbound, InboundDetail, InboundPage
from simpost_client.requests import path_of


class InboundMessages(Resource):
    """Texts from handsets and phones."""

    def get(self, inbound_id: str) -> InboundDetail:
        """One inbound message, with the octets of its parts."""
        return self._get(InboundDetail, path_of("/v1/inbound/{}", inbound_id))

    def search(self, *, esim_tran_no: str | None = None, page_size: int = 50) -> Iterator[Inbound]:
        """Inbound messages, newest first."""
        return self._pages(
            InboundPage,
            "/v1/inbound",
            lambda page: page.inbound,
            esim_tran_no=esim_tran_no,
            limit=page_size,
        )
