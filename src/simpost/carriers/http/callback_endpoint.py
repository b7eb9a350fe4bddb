"""The URL that an upstream API calls: its token, and the commit of what the calls report."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from simpost.carriers.http.callbacks import (
    CallbackReader,
    NotUnderstoodCallback,
    StateReport,
    TextReport,
)
from simpost.carriers.http.parts_without_ids import PartsWithoutIds
from simpost.carriers.http.upstream import Upstream, request_id_of
from simpost.config.http_upstream import CallbackUpstreamSettings, HttpUpstreamSettings
from simpost.domain.inbound import InboundPart, PartPosition, plain_number
from simpost.domain.outcomes import Outcome, Receipt
from simpost.domain.reasons import Reason
from simpost.errors import StoreError
from simpost.observe import RateLimitedLog, get_logger
from simpost.ports.carrier import CarrierEvents, OutboundPart
from simpost.ports.carrier_callbacks import Callback, CallbackAnswer, CallbacksBusy

log = get_logger(__name__)

MOST_PENDING: Final = 1_000
"""Reports that are not committed yet; more are refused, so that the API sends them again."""
_COMMIT_S: Final = 10.0
_REMEMBERED_MS: Final = 86_400_000
_MOST_REMEMBERED: Final = 50_000
"""For how long, and how many ids of texts are remembered: some APIs repeat them for a day."""


class CallbackEndpoint:
    """Receives the calls of one carrier's API, and waits for the commit of what they report."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._reader: CallbackReader | None = None
        self._digest = b""
        self._without_ids: PartsWithoutIds | None = None
        self._pending = 0
        self._texts: OrderedDict[bytes, int] = OrderedDict()

    def use(self, settings: HttpUpstreamSettings, upstream: Upstream) -> None:
        """Receive what these settings say."""
        self._carrier = settings.name
        self._limited_log = RateLimitedLog(log, settings.name)
        self._reader = upstream.callbacks
        token = ""
        if isinstance(settings, CallbackUpstreamSettings):
            token = settings.callback_token.get_secret_value()
        self._digest = _sha256(token) if token else b""
        if upstream.has_ids or self._reader is None:
            self._without_ids = None
        else:
            self._without_ids = self._without_ids or PartsWithoutIds()

    @property
    def methods(self) -> frozenset[str]:
        """Methods that the API uses; none if it makes no calls."""
        return self._reader.methods if self._reader else frozenset()

    def is_token(self, token: str) -> bool:
        """Whether this is the token of the carrier."""
        return bool(self._digest) and hmac.compare_digest(_sha256(token), self._digest)

    def note_accepted(self, part: OutboundPart, outcome: Outcome, now_ms: int) -> Outcome:
        """The outcome of a part that was accepted, with an id of ours if the API gives none."""
        if self._without_ids is None:
            return outcome
        own_id = request_id_of(part)
        self._without_ids.add(part.destination, own_id, now_ms, is_in_doubt=False)
        return msgspec.structs.replace(outcome, carrier_message_id=own_id)

    def note_in_doubt(self, part: OutboundPart, now_ms: int) -> None:
        """Remember a part that may have been accepted: a failure may be its own."""
        if self._without_ids is not None:
            own_id = request_id_of(part)
            self._without_ids.add(part.destination, own_id, now_ms, is_in_doubt=True)

    async def receive(self, callback: Callback, events: CarrierEvents | None) -> CallbackAnswer:
        """Have what a request reports committed.

        Raises WrongCallbackSignature and CallbacksBusy.
        """
        reader = self._reader
        if reader is None or events is None:
            raise CallbacksBusy
        try:
            now_ms = self._clock_ms()
            read: Sequence[StateReport | TextReport] = reader.read(callback, now_ms)
        except NotUnderstoodCallback as error:
            self._limited_log.warning("callback_not_understood", problem=str(error))
            read = error.others
        try:
            async with asyncio.timeout(_COMMIT_S):
                reports = [await self._with_id(each, events) for each in read]
        except (TimeoutError, StoreError):
            raise CallbacksBusy from None
        await self._commit(reports, events)
        return reader.answer

    async def _with_id(
        self, report: StateReport | TextReport, events: CarrierEvents
    ) -> StateReport | TextReport:
        """The report of a part; one without an id is of the only part that it fits.

        Raises StoreError.
        """
        if isinstance(report, TextReport) or report.message_id or self._without_ids is None:
            return report
        stored = [part for each in report.numbers for part in await events.list_sent_to(each)]
        own_id = self._without_ids.find(report.numbers, stored, self._clock_ms())
        return report._replace(message_id=own_id)

    async def _commit(
        self, reports: Sequence[StateReport | TextReport], events: CarrierEvents
    ) -> None:
        """Return once all are committed. What is not stays pending after a failure."""
        if self._pending + len(reports) > MOST_PENDING:
            raise CallbacksBusy
        waits = [
            self._pass_state(report, events)
            if isinstance(report, StateReport)
            else self._pass_text(report, events)
            for report in reports
        ]
        try:
            async with asyncio.timeout(_COMMIT_S):
                for wait in waits:
                    await asyncio.shield(wait)
                await asyncio.sleep(0)  # until texts are remembered
        except (TimeoutError, StoreError):
            raise CallbacksBusy from None

    def _pass_state(self, report: StateReport, events: CarrierEvents) -> asyncio.Future[None]:
        """Pass a receipt on; the future is done after its commit."""
        committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pending += 1

        def note_commit() -> None:
            self._pending -= 1
            committed.set_result(None)

        receipt = Receipt(
            self._carrier,
            report.message_id,
            report.state,
            report.reason,
            report.code or None,
            self._clock_ms(),
            report.numbers,
        )
        events.on_receipt(receipt, note_commit)
        return committed

    def _pass_text(
        self, report: TextReport, events: CarrierEvents
    ) -> asyncio.Future[Reason | None]:
        """Pass a text on, unless it is a repetition; the future is done after its commit."""
        now_ms = self._clock_ms()
        key = _digest(report.message_id, report.source, report.destination, report.text)
        if self._texts.get(key, 0) > now_ms - _REMEMBERED_MS:
            known: asyncio.Future[Reason | None] = asyncio.get_running_loop().create_future()
            known.set_result(None)
            return known
        future = events.on_inbound(_inbound(self._carrier, report, key, now_ms))
        self._pending += 1
        future.add_done_callback(lambda done: self._remember(key, now_ms, done))
        return future

    def _remember(self, key: bytes, now_ms: int, done: asyncio.Future[Reason | None]) -> None:
        self._pending -= 1
        if done.cancelled() or done.exception():
            return
        self._texts[key] = now_ms
        self._texts.move_to_end(key)
        if len(self._texts) > _MOST_REMEMBERED:
            self._texts.popitem(last=False)


def _inbound(carrier: str, report: TextReport, key: bytes, now_ms: int) -> InboundPart:
    if report.part_of:
        place = PartPosition("udh16", *report.part_of)
    else:  # its id tells an equal text from a repetition
        place = PartPosition("alone", int.from_bytes(key[:8], "big", signed=True))
    return InboundPart(
        carrier=carrier,
        source=plain_number(report.source),
        destination=plain_number(report.destination),
        octets=report.text.encode("utf-16-be", "surrogatepass"),
        encoding="ucs2",
        place=place,
        received_ms=now_ms,
    )


def _digest(*texts: str) -> bytes:
    joined = "\0".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(joined, digest_size=16).digest()


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
