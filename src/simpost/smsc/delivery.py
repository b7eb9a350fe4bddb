"""Delivery of accepted texts: a handset shows them, now or later, and receipts are sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeAlias

from simpost.smpp import MessageState, SubmitSm, parse_time
from simpost.smsc.accepted_submits import AcceptedSubmit, AcceptedSubmits, Report
from simpost.smsc.behaviour import PLAIN_RECEIPT, SubmitScript
from simpost.smsc.content import Content, Submit
from simpost.smsc.deliver_queue import DeliverQueue
from simpost.smsc.handsets import Handsets
from simpost.smsc.offline_handsets import Condition, OfflineHandsets, PendingText
from simpost.smsc.reassembly import HandsetMessage
from simpost.smsc.scheduler import Scheduler

MessageHandler: TypeAlias = Callable[[str, HandsetMessage], None]

ABSENT: Final = 27  # absent subscriber (TS 29.002 17.6.6)
DELIVERY_FAILURE: Final = 32
"""SM delivery failure (TS 29.002 17.6.6), whose first cause is memoryCapacityExceeded (7.6.1.4)."""


class Delivery:
    """Delivers accepted texts to handsets, and sends receipts to their senders."""

    def __init__(
        self,
        handsets: Handsets,
        offline: OfflineHandsets,
        accepted_submits: AcceptedSubmits,
        deliver_queue: DeliverQueue,
        scheduler: Scheduler,
        *,
        id_base: int,
        clock: Callable[[], float],
        on_message: MessageHandler,
        on_handset_changed: Callable[[str], None],
        on_undelivered: Callable[[str, AcceptedSubmit], None],
    ) -> None:
        self._handsets = handsets
        self._offline = offline
        self._accepted_submits = accepted_submits
        self._deliver_queue = deliver_queue
        self._scheduler = scheduler
        self._id_base = id_base
        self._clock = clock
        self._on_message = on_message
        self._on_handset_changed = on_handset_changed
        self._on_undelivered = on_undelivered

    def deliver(
        self,
        request: Submit,
        content: Content,
        script: SubmitScript,
        message_id: str,
        report: Report | None = None,
        *,
        system_id: str = "",
    ) -> AcceptedSubmit:
        """Deliver an accepted text by its script: now, or when its handset is on.

        `report` is called instead of sending its receipts by SMPP; `system_id` is of the sender.
        """
        submit = AcceptedSubmit.from_submit(
            request, content, script, message_id, self._clock(), self._id_base
        )
        submit.report, submit.system_id = report, system_id
        self._accepted_submits.add(submit)
        number = request.destination_addr.removeprefix("+")
        if script.handset_off_s:
            self.switch_off(number, script.handset_off_s)
        if script.receipt.notice and (submit.wants_notice or script.receipt.notice_always):
            self._send_notice(submit, 0)
        if script.state is MessageState.DELIVERED:
            if number in self._offline.off:
                self._keep_pending(
                    number, request, PendingText(submit, content, script.receipt_delay_s)
                )
                return submit
            self._show(number, submit, content)
        else:
            self._on_undelivered(number, submit)
        if submit.wants_receipt:
            self._send_receipt(submit, script.receipt_delay_s)
        return submit

    def script_of(self, request: Submit, script: SubmitScript) -> SubmitScript:
        """The script of a submit to its handset: undeliverable if its memory is full."""
        if script.state is not MessageState.DELIVERED:
            return script
        if request.destination_addr.removeprefix("+") not in self._offline.full:
            return script
        return script._replace(state=MessageState.UNDELIVERABLE, error=DELIVERY_FAILURE)

    def fill(self, number: str) -> bool:
        """Refuse texts to the number from now on, and pending ones; False when there is no room."""
        pending = self._offline.fill(number)
        if pending is None:
            return False
        now = self._clock()
        for submit, _, delay_s in pending:
            submit.state, submit.error = MessageState.UNDELIVERABLE, DELIVERY_FAILURE
            submit.done_at = now + delay_s
            self._on_undelivered(number, submit)
            if submit.wants_receipt:
                self._send_receipt(submit, delay_s)
        self._touch(number)
        return True

    def delay(self, number: str, delay_s: float) -> bool:
        """Show texts to the number later from now on; False when there is no room."""
        if not self._offline.delay(number, delay_s):
            return False
        self._touch(number)
        return True

    def switch_off(self, number: str, for_s: float | None = None) -> bool:
        """Keep texts to the number from now on; False when too many handsets are off."""
        if for_s is None:
            if not self._offline.switch_off(number):
                return False
        elif number not in self._offline:
            until = self._clock() + for_s
            if self._offline.switch_off(number, until):
                self._scheduler.after(for_s, partial(self._end_absence, number, until))
        self._touch(number)
        return True

    def _touch(self, number: str) -> None:
        self._handsets.touch(number)
        self._on_handset_changed(number)

    def switch_on(self, number: str) -> None:
        """Show the pending texts and send their receipts."""
        if self._offline.condition_of(number) is Condition.ON:
            return
        for pending in self._offline.switch_on(number):
            self._show_pending(number, pending)
        self._on_handset_changed(number)

    def _show_pending(self, number: str, pending: PendingText) -> None:
        submit, content, delay_s = pending
        submit.state, submit.done_at = MessageState.DELIVERED, self._clock() + delay_s
        self._show(number, submit, content)
        if submit.wants_receipt:
            self._send_receipt(submit, delay_s)

    def _show_late(self, number: str, key: int) -> None:
        pending = self._offline.remove(number, key)
        if pending is not None:
            self._show_pending(number, pending)
            self._on_handset_changed(number)

    def _end_absence(self, number: str, until: float) -> None:
        if self._offline.is_off_until(number, until):
            self.switch_on(number)

    def _keep_pending(self, number: str, request: Submit, pending: PendingText) -> None:
        submit = pending.submit
        key = self._offline.add(number, pending)
        if key is None:
            self._expire(submit)
            return
        submit.state = MessageState.ENROUTE
        delay_s = self._offline.delay_of(number)
        if delay_s is not None:
            show = partial(self._show_late, number, key)
            if not self._scheduler.after(delay_s, show):
                show()
        elif submit.wants_notice and not submit.style.notice:
            self._send_notice(submit, ABSENT)
        self._on_handset_changed(number)
        if isinstance(request, SubmitSm) and request.validity_period:
            now = self._clock()
            until = parse_time(request.validity_period, datetime.fromtimestamp(now, UTC))
            assert until is not None  # checked by validation_status
            expire = partial(self._expire_pending, number, key)
            self._scheduler.after(max(0.0, until.timestamp() - now), expire)

    def _expire_pending(self, number: str, key: int) -> None:
        pending = self._offline.remove(number, key)
        if pending is not None:
            self._expire(pending.submit)
            self._on_undelivered(number, pending.submit)
            self._on_handset_changed(number)

    def _expire(self, submit: AcceptedSubmit) -> None:
        submit.state, submit.error, submit.done_at = MessageState.EXPIRED, ABSENT, self._clock()
        if submit.wants_receipt:
            self._send_receipt(submit, 0.0)

    def _show(self, number: str, submit: AcceptedSubmit, content: Content) -> None:
        shown = self._handsets.receive(number, submit.source[2], content, submit.message_id)
        shown.system_id = submit.system_id
        self._on_message(number, shown)

    def _send_receipt(self, submit: AcceptedSubmit, delay_s: float) -> None:
        style = submit.style
        add = submit.report or self._deliver_queue.add
        if style is PLAIN_RECEIPT:
            add(submit, delay_s)
        elif not style.lost:
            for copy in range(style.copies):
                add(replace(submit), delay_s + copy * style.copy_delay_s)

    def _send_notice(self, submit: AcceptedSubmit, error: int) -> None:
        notice = replace(submit, state=MessageState.ENROUTE, error=error, is_notice=True)
        (submit.report or self._deliver_queue.add)(notice, 0.0)
