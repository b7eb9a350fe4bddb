"""Replaces the keys of texts at a reload."""

from __future__ import annotations

from simpost.config import Settings
from simpost.ports.store import Store
from simpost.runtime.component import Component


class TextKeys(Component):
    """The keys of `store.text_key`, which a reload replaces in the store of this node."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def reconfigure(self, settings: Settings) -> None:
        self._store.use_text_keys(settings.store.text_keys)
