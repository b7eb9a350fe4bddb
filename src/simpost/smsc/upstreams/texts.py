"""Texts that came by HTTP: they become the parts that an ESME would submit."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from simpost.smpp import SubmitSm, Ton, format_absolute
from simpost.smsc.behaviour import SubmitScript
from simpost.smsc.content import UDHI, Content
from simpost.smsc.delivery import Delivery
from simpost.smsc.faults import CallName
from simpost.smsc.mobile_originated import parts_of
from simpost.smsc.options import SimulatorOptions
from simpost.smsc.record import ReceivedSubmit
from simpost.smsc.submit_handler import SubmitHandler
from simpost.smsc.upstreams.callbacks import Callbacks
from simpost.smsc.upstreams.messages import UpstreamMessages
from simpost.smsc.upstreams.shape import UpstreamMessage, UpstreamShape, UpstreamText
from simpost.text import (
    CARRIAGE_RETURN,
    GSM7,
    UCS2,
    encode,
    fill_bits_after,
    pack_septets,
    parse_header,
)

_RECEIPT: Final = 1
_UCS2: Final = 8
_MAX_VALIDITY_S: Final = 365 * 86_400
"""SMPP writes years with two digits."""


class DecidedText(NamedTuple):
    """A text whose script is decided."""

    shape: UpstreamShape
    message: UpstreamMessage
    parts: list[tuple[Content, ReceivedSubmit]]
    script: SubmitScript


class UpstreamTexts:
    """Decides and delivers texts. The script of a text is that of its first part."""

    def __init__(
        self,
        submit_handler: SubmitHandler,
        delivery: Delivery,
        messages: UpstreamMessages,
        callbacks: Callbacks,
        options: SimulatorOptions,
    ) -> None:
        self._submit_handler = submit_handler
        self._delivery = delivery
        self._messages = messages
        self._callbacks = callbacks
        self._options = options

    def decide(self, shape: UpstreamShape, text: UpstreamText, peer: str) -> DecidedText:
        """What becomes of a text. Raises TextError if it is none."""
        number = self._submit_handler.next_number()
        first, *others = self._submits_of(text, number)
        decided = [self._submit_handler.decide(first, shape.name, peer)]
        script = decided[0][1].script
        decided += [self._submit_handler.decide_alike(each, script, peer) for each in others]
        message = UpstreamMessage(shape.message_id(number), text, len(decided), time.time())
        return DecidedText(shape, message, decided, script)

    def script_of_call(self, shape: UpstreamShape, call: CallName, iccid: str) -> SubmitScript:
        """What becomes of a request that is no text."""
        return self._submit_handler.decide_call(call, shape.name, iccid)

    def deliver(self, decided: DecidedText) -> None:
        """Show an accepted text on its handset, now or later, and report its state."""
        shape, message, parts, script = decided
        report = partial(self._callbacks.report, shape, message)
        if shape.keeps_messages:
            self._messages.add(shape.name, message)
        self._callbacks.report_sent(shape, message)
        for content, received in parts:
            received.message_id = message.id
            message.submit = self._delivery.deliver(
                received.request, content, script, message.id, report
            )

    def _submits_of(self, text: UpstreamText, number: int) -> list[SubmitSm]:
        contents = self._contents_of(text, number)
        is_number = text.sender.removeprefix("+").isdecimal()
        last = len(contents)
        return [
            SubmitSm(
                source_addr_ton=Ton.INTERNATIONAL if is_number else Ton.ALPHANUMERIC,
                source_addr=text.sender,
                destination_addr=text.destination,
                esm_class=UDHI if each.header else 0,
                registered_delivery=_RECEIPT if part == last else 0,
                validity_period=_validity_of(text),
                data_coding=each.data_coding,
                short_message=each.octets,
            )
            for part, each in enumerate(contents, 1)
        ]

    def _contents_of(self, text: UpstreamText, number: int) -> list[Content]:
        packed = self._options.gsm7_packed
        if text.coding is None:
            default = self._options.default_alphabet
            return parts_of(text.text, reference=number & 0xFF, packed=packed, default=default)
        octets = encode(text.text, UCS2 if text.coding == _UCS2 else GSM7)
        if packed and text.coding != _UCS2:
            fill_bits = fill_bits_after(len(text.header))
            octets = pack_septets(octets, fill_bits, padding=CARRIAGE_RETURN)
        header = parse_header(text.header) if text.header else None
        return [Content(text.header + octets, text.coding, header)]


def _validity_of(text: UpstreamText) -> str:
    if text.validity_s is None:
        return ""
    return format_absolute(
        datetime.now(UTC) + timedelta(seconds=min(text.validity_s, _MAX_VALIDITY_S))
    )
