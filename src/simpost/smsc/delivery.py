"""What becomes of a text that was taken: a handset shows it, now or later, and receipts tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeAlias

from simpost.smpp import MessageState, SubmitSm, parse_time
from simpost.smsc.accepted_submits import AcceptedSubmit, AcceptedSubmits, accepted_submit
from simpost.smsc.behaviour import PLAIN_RECEIPT, SubmitScript
from simpost.smsc.content import Content, Submit
from simpost.smsc.deliver_queue import DeliverQueue
from simpost.smsc.handsets import Handsets
from simpost.smsc.offline_handsets import OfflineHandsets, PendingText
from simpost.smsc.reassembly import HandsetMessage
from simpost.smsc.scheduler import Scheduler

Shown: TypeAlias = Callable[[str, HandsetMessage], None]

ABSENT: Final = 27  # absent subscriber (TS 29.002 17.6.6)


class Delivery:
    """The way from the message centre to the handsets, and back to the sender."""

    def __init__(
        self,
        handsets: Handsets,
        offline: OfflineHandsets,
        ledger: AcceptedSubmits,
        deliver_queue: DeliverQueue,
        scheduler: Scheduler,
        *,
        id_base: int,
        clock: Callable[[], float],
        on_shown: Shown,
        on_switched: Callable[[str], None],
        on_lost: Callable[[str, AcceptedSubmit], None],
    ) -> None:
        self._handsets = handsets
        self._offline = offline
        self._ledger = ledger
        self._deliver_queue = deliver_queue
        self._scheduler = scheduler
        self._id_base = id_base
        self._clock = clock
        self._on_shown = on_shown
        self._on_switched = on_switched
        self._on_lost = on_lost

    def take(
        self, request: Submit, content: Content, script: SubmitScript, message_id: str
    ) -> None:
        """The text is the centre's now."""
        taken = accepted_submit(request, content, script, message_id, self._clock(), self._id_base)
        self._ledger.add(taken)
        number = request.destination_addr.removeprefix("+")
        if script.off_s:
            self.switch_off(number, script.off_s)
        if script.receipt.notice and (taken.wants_notice or script.receipt.notice_always):
            self._tell_on_its_way(taken, 0)
        if script.state is MessageState.DELIVERED:
            if number in self._offline.off:
                self._wait(number, request, PendingText(taken, content, script.receipt_delay_s))
                return
            self._show(number, taken, content)
        else:
            self._on_lost(number, taken)
        if taken.wants_receipt:
            self._tell(taken, script.receipt_delay_s)

    def switch_off(self, number: str, for_s: float | None = None) -> bool:
        """Texts wait from now on; False when too many handsets are off."""
        if for_s is None:
            if not self._offline.begin(number):
                return False
        elif number not in self._offline:
            until = self._clock() + for_s
            if self._offline.begin(number, until):
                self._scheduler.after(for_s, partial(self._come_back, number, until))
        self._handsets.touch(number)
        self._on_switched(number)
        return True

    def switch_on(self, number: str) -> None:
        """The handset shows what waited, and receipts tell that it did."""
        if number not in self._offline:
            return
        now = self._clock()
        for taken, content, delay_s in self._offline.end(number):
            taken.state, taken.done_at = MessageState.DELIVERED, now + delay_s
            self._show(number, taken, content)
            if taken.wants_receipt:
                self._tell(taken, delay_s)
        self._on_switched(number)

    def _come_back(self, number: str, until: float) -> None:
        if self._offline.is_over(number, until):
            self.switch_on(number)

    def _wait(self, number: str, request: Submit, waiting: PendingText) -> None:
        taken = waiting.taken
        key = self._offline.wait(number, waiting)
        if key is None:
            self._expire(taken)
            return
        taken.state = MessageState.ENROUTE
        if taken.wants_notice and not taken.style.notice:
            self._tell_on_its_way(taken, ABSENT)
        self._on_switched(number)
        if isinstance(request, SubmitSm) and request.validity_period:
            now = self._clock()
            until = parse_time(request.validity_period, datetime.fromtimestamp(now, UTC))
            assert until is not None  # it was checked before
            give_up = partial(self._give_up, number, key)
            self._scheduler.after(max(0.0, until.timestamp() - now), give_up)

    def _give_up(self, number: str, key: int) -> None:
        waiting = self._offline.give_up(number, key)
        if waiting is not None:
            self._expire(waiting.taken)
            self._on_lost(number, waiting.taken)
            self._on_switched(number)

    def _expire(self, taken: AcceptedSubmit) -> None:
        taken.state, taken.error, taken.done_at = MessageState.EXPIRED, ABSENT, self._clock()
        if taken.wants_receipt:
            self._tell(taken, 0.0)

    def _show(self, number: str, taken: AcceptedSubmit, content: Content) -> None:
        shown = self._handsets.take(number, taken.source[2], content, taken.message_id)
        self._on_shown(number, shown)

    def _tell(self, taken: AcceptedSubmit, delay_s: float) -> None:
        style = taken.style
        if style is PLAIN_RECEIPT:
            self._deliver_queue.post(taken, delay_s)
        elif not style.lost:
            for copy in range(style.copies):
                self._deliver_queue.post(replace(taken), delay_s + copy * style.copy_delay_s)

    def _tell_on_its_way(self, taken: AcceptedSubmit, error: int) -> None:
        notice = replace(taken, state=MessageState.ENROUTE, error=error, is_notice=True)
        self._deliver_queue.post(notice)
