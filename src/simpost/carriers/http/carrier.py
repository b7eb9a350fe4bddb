"""The HTTP driver: one request per part, to the API that the settings name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import urlsplit

from simpost.carriers.http.callback_endpoint import CallbackEndpoint
from simpost.carriers.http.exchange import Exchange
from simpost.carriers.http.exchanges import (
    HttpExchanges,
    KeptResponse,
    kept_response,
    show_exchange,
)
from simpost.carriers.http.outcome import NO_RESPONSE, NO_SUCH_ADDRESS, NOT_SENT, TOO_LONG
from simpost.carriers.http.reach import MAX_PAUSE_S, Reach
from simpost.carriers.http.receipt_polls import ReceiptPolls
from simpost.carriers.http.tokens import NoToken, Token
from simpost.carriers.http.upstream import NoPathSegment
from simpost.carriers.http.upstreams import upstream_of
from simpost.carriers.rate_control import AdaptiveRate
from simpost.carriers.recent_exchanges import RecentExchanges
from simpost.carriers.throttle_state import ThrottleState
from simpost.config import CarrierSettings
from simpost.config.http_upstream import HttpUpstreamSettings as Settings
from simpost.config.part_prices import part_prices
from simpost.domain.exchanges import CarrierExchange
from simpost.domain.messages import Attempt
from simpost.domain.outcomes import Outcome, OutcomeKind, Receipt
from simpost.domain.reasons import Reason
from simpost.net.address_guard import RefusedUrl, TooLongUrl
from simpost.net.http_client import HttpClient, NoResponse, NotSent
from simpost.net.resolver import NameResolver
from simpost.observe import RateLimitedLog, get_logger
from simpost.ports.carrier import (
    AddressType,
    CarrierCapabilities,
    CarrierEvents,
    ConnectionState,
    ConnectionStatus,
    OutboundPart,
)
from simpost.ports.carrier_callbacks import Callback, CallbackAnswer
from simpost.ports.connection_ownership import ConnectionOwnership

_NUMBER: Final = 1
"""There is one connection: the rate limit of the API applies to all nodes together."""
_DEPTH_FACTOR: Final = 4
_MIN_DEPTH: Final = 64
_CLOSE_GRACE_S: Final = 5.0

log = get_logger(__name__)


class HttpCarrier:
    """One upstream API. Its capacity is 0 during a Retry-After and a pause after a failure.

    `owned` are the numbers of the connections that this node may use; `None` for all. `clock_ms`
    returns the time since the epoch. `names` looks up the host of the URL.
    """

    def __init__(
        self,
        settings: Settings,
        owned: Collection[int] | None = None,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        names: NameResolver | None = None,
    ) -> None:
        self.is_paused = False
        self._clock_ms = clock_ms
        self._names = names or NameResolver()
        self._is_owner = owned is None or _NUMBER in owned
        self._events: CarrierEvents | None = None
        self._exchange: Exchange | None = None
        self._is_drained = False
        self._changing = asyncio.Lock()
        self._requests: set[asyncio.Task[None]] = set()
        self._recent: HttpExchanges = RecentExchanges()
        self._last_heard_ms: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._polls = ReceiptPolls(self._report_receipt, clock_ms)
        self._callbacks = CallbackEndpoint(clock_ms)
        self._apply_settings(settings)

    def _apply_settings(self, settings: Settings) -> None:
        self._settings = settings
        self._upstream = upstream_of(settings)
        log_in = self._upstream.log_in
        self._token = Token(log_in, time.monotonic, self._clock_ms) if log_in else None
        parts = urlsplit(settings.called_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        self._peer = f"{parts.hostname}:{port}"
        self._callbacks.use(settings, self._upstream)
        self._rate = AdaptiveRate(settings.rate_per_s, time.monotonic())
        self._throttle = ThrottleState(self._rate, self._report_capacity)
        self._limited_log = RateLimitedLog(log, settings.name)
        self._reach = Reach(settings.name)
        self._polls.use(settings.name, self._upstream.reader, self._upstream.id_reader)
        self.capabilities = CarrierCapabilities(
            name=settings.name,
            address=AddressType(settings.address),
            concatenation=self._upstream.concatenation,
            call_limit=self._upstream.call_limit,
            max_parts=settings.max_parts,
            sender=settings.default_sender,
            senders=settings.other_senders,
            receipts=self._upstream.receipts,
            prices=part_prices(settings.price_per_part, settings.prices),
        )

    # State.

    @property
    def state(self) -> ConnectionState:
        if self._exchange is None:
            is_closed = self._is_drained or self._events is not None
            return ConnectionState.CLOSING if is_closed else ConnectionState.STARTING
        if self._reach.failing_since_s is not None:
            return ConnectionState.LOST
        if self._rate.is_slowed or time.monotonic() < self._reach.not_before_s:
            return ConnectionState.THROTTLED
        return ConnectionState.READY

    @property
    def is_open(self) -> bool:
        """True also while the host cannot be reached: only a request can show that it is back.

        False after a refused log-in, for as long as no other one is tried.
        """
        return self._exchange is not None and not self.is_paused and not self._reach.is_closed

    @property
    def problem(self) -> str:
        """A sentence that says why the API cannot be reached; empty if it can."""
        return self._reach.problem

    @property
    def capacity(self) -> int:
        if not self.is_open:
            return 0
        now_s = time.monotonic()
        free = self._free_places
        if free <= 0:
            return 0
        wait_s = self._reach.not_before_s - now_s
        if wait_s <= 0 and self._rate.is_limited:
            wait_s = self._rate.wait_s(now_s)
        if wait_s > 0:
            self._report_capacity_in(wait_s)
            return 0
        return free

    @property
    def _free_places(self) -> int:
        """How many more requests may be unanswered; one at a time while the host is unreachable."""
        failing = self._reach.failing_since_s is not None
        return (1 if failing else self._settings.max_unanswered) - len(self._requests)

    @property
    def depth(self) -> int:
        depth = max(_MIN_DEPTH, _DEPTH_FACTOR * self._settings.max_unanswered)
        if rate := self._settings.rate_per_s:
            depth = max(self._settings.max_unanswered, min(depth, int(10 * rate)))
        return depth

    def connections(self) -> list[ConnectionStatus]:
        if not self._is_owner:
            return []
        return [
            ConnectionStatus(
                number=_NUMBER,
                kind="http",
                state=self.state,
                peer=self._peer if self._exchange else "",
                problem=self.problem,
                max_unanswered=self._settings.max_unanswered,
                unanswered=len(self._requests),
                allowed_per_s=self._rate.allowed_per_s,
                rate_per_s=self._rate.measured_per_s(time.monotonic()),
                last_heard_ms=self._last_heard_ms,
            )
        ]

    # Ownership.

    @property
    def ownership(self) -> ConnectionOwnership:
        return self

    @property
    def connection_numbers(self) -> tuple[int, ...]:
        return (_NUMBER,)

    @property
    def open_connections(self) -> frozenset[int]:
        return frozenset((_NUMBER,) if self._exchange or self._requests else ())

    @property
    def unreachable_for_s(self) -> float:
        return self._reach.failing_for_s if self._exchange else 0.0

    async def set_owned_connections(self, numbers: Collection[int], within_s: float) -> None:
        self._is_owner = _NUMBER in numbers
        async with self._changing:
            if self._is_owner:
                self._open()
            else:
                await self._disconnect(within_s / 2)

    # Start, pause and stop.

    async def start(self, events: CarrierEvents) -> None:
        self._events = events
        self._is_drained = False
        self._open()

    def pause(self) -> None:
        self.is_paused = True
        self._report_capacity()

    async def drain(self) -> None:
        self._is_drained = True
        self.pause()
        async with self._changing:
            await self._disconnect(None)
            self._open()

    def resume(self) -> None:
        self.is_paused = False
        self._is_drained = False
        if not self._changing.locked():  # otherwise the task with the lock opens it
            self._open()
        self._report_capacity()

    async def reconfigure(self, settings: CarrierSettings) -> None:
        assert isinstance(settings, Settings), "a carrier keeps its type"
        async with self._changing:
            await self._disconnect(None)
            self._apply_settings(settings)
            self._open()

    async def close(self) -> None:
        self._is_drained = True
        async with self._changing:
            await self._disconnect(min(_CLOSE_GRACE_S, self._settings.response_timeout_s))

    def _open(self) -> None:
        if self._exchange or not self._is_owner or self._is_drained or self._events is None:
            return
        settings = self._settings
        client = HttpClient(
            f"carrier {settings.name}",
            self._names,
            allow_private=settings.allow_private,
            connect_timeout_s=settings.connect_timeout_s,
            response_timeout_s=settings.response_timeout_s,
        )
        self._exchange = Exchange(client, self._token)
        self._polls.start(self._exchange, self._events.list_open)
        self._report_capacity()

    async def _disconnect(self, grace_s: float | None) -> None:
        """Take no more parts, wait up to `grace_s` for responses, then cancel the other requests.

        With `None` the timeouts of the requests end the wait.
        """
        exchange, self._exchange = self._exchange, None
        self._report_capacity()
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._requests:
            await asyncio.wait(self._requests, timeout=grace_s)
        for request in self._requests:
            request.cancel()
        if self._requests:
            await asyncio.wait(self._requests)
        await self._polls.stop()
        if exchange:
            await exchange.close()

    # Sending.

    def send(self, part: OutboundPart, now_ms: int) -> Outcome | None:
        exchange = self._exchange
        if exchange is None or not self.is_open or self._free_places <= 0:
            return NOT_SENT
        self._rate.take(time.monotonic())
        request = asyncio.create_task(self._request(exchange, part, now_ms))
        self._requests.add(request)
        return None

    async def _request(self, exchange: Exchange, part: OutboundPart, now_ms: int) -> None:
        outcome = NOT_SENT

        def note_sent() -> None:
            nonlocal outcome
            outcome = NO_RESPONSE

        try:
            outcome = await self._attempt(exchange, part, note_sent)
        except asyncio.CancelledError:
            pass  # by `_disconnect`: a request that left may have been received
        except Exception:
            log.exception("request_failed", carrier=self._settings.name)
            self._reach.fail("A request failed here: the log has the error.")
        task = asyncio.current_task()
        assert task
        self._requests.discard(task)
        if outcome.kind is OutcomeKind.IN_DOUBT:
            self._callbacks.note_in_doubt(part, self._clock_ms())
        self._note_outcome(outcome)
        if self._events:
            self._events.on_outcome(part, now_ms, outcome)
        self._report_capacity()

    async def _attempt(
        self, exchange: Exchange, part: OutboundPart, on_sent: Callable[[], None]
    ) -> Outcome:
        upstream = self._upstream
        started_ms = self._clock_ms()
        try:
            response = await exchange.send(upstream.request(part, started_ms), on_sent)
        except NoToken as error:
            self._reach.fail(str(error))
            if error.wait_s > MAX_PAUSE_S:
                self._close_for(error.wait_s)
            return NOT_SENT
        except TooLongUrl:
            return TOO_LONG
        except NoPathSegment:
            return NO_SUCH_ADDRESS
        except (NotSent, RefusedUrl) as error:
            self._reach.fail(str(error))
            return NOT_SENT
        except NoResponse as error:
            self._limited_log.warning("no_response", problem=str(error))
            self._note_exchange(part, None)
            return NO_RESPONSE
        self._last_heard_ms = self._clock_ms()
        outcome = upstream.outcome(response, self._last_heard_ms)
        self._note_exchange(part, kept_response(response, outcome, part))
        if outcome.reason is Reason.CARRIER_UNREACHABLE:
            self._reach.fail(
                f"The carrier refused the credentials ({outcome.carrier_code}): check its settings."
            )
        else:
            self._reach.succeed()
        if outcome.kind is OutcomeKind.ACCEPTED and part.options.receipt:
            outcome = await self._polls.watch(exchange, part, outcome, started_ms)
        if outcome.kind is OutcomeKind.ACCEPTED:
            outcome = self._callbacks.note_accepted(part, outcome, started_ms)
        return outcome

    def _note_exchange(self, part: OutboundPart, response: KeptResponse | None) -> None:
        key = part.message_id, part.number, part.attempt
        self._recent.note((*key, 0, None, self._settings, response))

    def show_exchange(
        self, part: OutboundPart, attempt: Attempt, *, has_text: bool
    ) -> CarrierExchange:
        """What an attempt sent and got; see `ports.exchanges.ExchangeCarrier`."""
        return show_exchange(self._recent, self._settings, part, attempt, has_text=has_text)

    # What the API reports by calling.

    @property
    def callback_methods(self) -> frozenset[str]:
        """Methods that the API uses; none if it makes no calls."""
        return self._callbacks.methods

    def is_callback_token(self, token: str) -> bool:
        """Whether this is the token of the carrier. It is compared in constant time."""
        return self._callbacks.is_token(token)

    async def receive_callback(self, callback: Callback) -> CallbackAnswer:
        """Have what a request reports committed, whether or not this node may send.

        Raises WrongCallbackSignature and CallbacksBusy.
        """
        answer = await self._callbacks.receive(callback, self._events)
        self._last_heard_ms = self._clock_ms()
        return answer

    def _report_receipt(self, receipt: Receipt) -> None:
        self._last_heard_ms = receipt.received_ms
        if self._events:
            self._events.on_receipt(receipt, lambda: None)

    # The state of the carrier after a response.

    def _note_outcome(self, outcome: Outcome) -> None:
        now_s = time.monotonic()
        throttled = outcome.kind is OutcomeKind.THROTTLED
        self._rate.on_response(now_s, throttled=throttled)
        if throttled:
            self._throttle.note(now_s)
        if outcome.retry_after_s and outcome.reason in (Reason.THROTTLED, Reason.CARRIER_BUSY):
            self._reach.wait(outcome.retry_after_s)

    def _close_for(self, wait_s: float) -> None:
        """Let no part wait here for this long."""
        self._reach.close(wait_s)
        if self._timer:
            self._timer.cancel()
            self._timer = None
        self._report_capacity_in(wait_s)

    def _report_capacity_in(self, wait_s: float) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(wait_s, self._report_capacity_now)

    def _report_capacity_now(self) -> None:
        self._timer = None
        self._report_capacity()

    def _report_capacity(self) -> None:
        if self._events:
            self._events.on_capacity()
