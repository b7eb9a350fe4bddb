"""The state of the writer: its connection, and caches."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import apsw

from simpost.domain.outcomes import Receipt
from simpost.domain.receipt_ids import MAX_OCTETS
from simpost.ports.store.health import PendingCounts
from simpost.store.records.ids import CLOCK_SLACK_MS, time_of
from simpost.store.records.payloads import PartKey
from simpost.store.secret_box import SecretBox
from simpost.store.sqlite.queries import SQL, chunks, rows_of, with_rows
from simpost.store.sqlite.receipt_id_formats import SqliteIdFormats
from simpost.store.text_seal import TextSeal

_MOST_RECENT = 10_000


class SqliteSession:
    """Belongs to the writer.

    Attributes:
        node: owner of the leases of parts that a lane takes straight from memory.
        parked: number of parked receipts; with 0 none is searched.
        forms: formats in which carriers write ids in receipts.
        pending: counts of the open transaction, added to the metrics at its commit.
    """

    def __init__(
        self, connection: apsw.Connection, *, seal: SecretBox, texts: TextSeal, node: str
    ) -> None:
        self.connection = connection
        self.execute: Callable[..., Any] = connection.execute
        self.seal = seal
        self.texts = texts
        self.node = node
        self.parked = 0
        self.pending = PendingCounts()
        self.forms = SqliteIdFormats()
        self._parked_ms: dict[str, dict[int, int]] = {}
        self._ended: OrderedDict[tuple[str, str], tuple[PartKey, int]] = OrderedDict()
        self.reload_caches()

    def execute_many_rows(self, name: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a statement over many rows at once; returns how many it changed."""
        changed = 0
        for chunk in chunks(rows):
            self.execute(with_rows(name, len(chunk)), list(chain.from_iterable(chunk)))
            changed += self.connection.changes()
        return changed

    def reload_caches(self) -> None:
        """Read the caches again: the transaction that changed them was rolled back."""
        self.pending.clear()
        self._ended.clear()  # else a receipt whose end was rolled back counts as its own duplicate
        self.parked = self.execute(SQL["count_parked"]).get
        self.forms.load(self.execute)
        self._parked_ms.clear()
        for row in rows_of(self.connection, "parked_lengths"):
            self._parked_ms.setdefault(row["carrier"], {})[row["width"]] = row["last_ms"]

    def note_parked(self, receipt: Receipt) -> None:
        """Note when an id of such a length was last parked."""
        width = len(receipt.carrier_message_id)
        if width <= MAX_OCTETS:
            self._parked_ms.setdefault(receipt.carrier, {})[width] = receipt.received_ms

    def parked_id_lengths_since(self, carrier: str, message_id: bytes) -> list[int]:
        """Lengths of the ids of receipts parked since this message was accepted.

        Usually empty, so that a receipt that stays parked costs later messages nothing.
        """
        parked_ms = self._parked_ms.get(carrier)
        if not parked_ms:
            return []
        made_ms = time_of(message_id) - CLOCK_SLACK_MS
        return [width for width, last_ms in parked_ms.items() if last_ms >= made_ms]

    def note_ended(self, carrier: str, carrier_message_id: str, key: PartKey, code: int) -> None:
        """Note which part a final receipt ended, to tell a duplicate from an unknown one.

        Bounded cache used only to label duplicates. On a miss the receipt is parked, not applied.
        """
        self._ended[carrier, carrier_message_id] = (key, code)
        if len(self._ended) > _MOST_RECENT:
            self._ended.popitem(last=False)

    def find_ended(self, carrier: str, carrier_message_id: str) -> tuple[PartKey, int] | None:
        return self._ended.get((carrier, carrier_message_id))
