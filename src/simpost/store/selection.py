"""The store that the settings select: the embedded one, or one on PostgreSQL."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from simpost.config import StoreSettings
from simpost.ports.cluster import ClusterStore
from simpost.ports.store import Store
from simpost.store.sqlite import SqliteStore


class OpenStore(NamedTuple):
    """A store that is open.

    Attributes:
        nodes: of the nodes that share the store; `None` for the embedded store.
        on_notification: sets the callback for notifications of other nodes.
    """

    store: Store
    nodes: ClusterStore | None
    on_notification: Callable[[Callable[[str], None]], None]


@contextlib.asynccontextmanager
async def open_store(settings: StoreSettings, node: str) -> AsyncIterator[OpenStore]:
    """Open the store under the name of this node, and close it at the end. Raises StoreError."""
    key = settings.secrets_key.get_secret_value()
    if settings.is_embedded:
        embedded = await SqliteStore.open(settings.path, seal_key=key, text_keys=settings.text_keys)
        try:
            yield OpenStore(embedded, None, lambda _notify: None)
        finally:
            await embedded.close()
        return
    from simpost.store.postgres import PostgresStore  # only here: it takes time to import
    from simpost.store.postgres.nodes import PostgresNodes

    url = settings.database_url
    store = await PostgresStore.open(
        url,
        seal_key=key,
        node=node,
        listen_url=settings.listen_url,
        text_keys=settings.text_keys,
        instance_file=settings.instance_path,
    )
    nodes = PostgresNodes(url, node=node)
    try:
        yield OpenStore(store, nodes, store.on_waiting)
    finally:
        await nodes.close()
        await store.close()
