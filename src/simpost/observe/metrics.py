"""All metrics, and their samples in the format of Prometheus.

Labels take values from bounded lists only: carriers and binds of the configuration, states,
reasons and codes of the documentation, and a bounded number of prefixes. Never an account, a
number, an id or a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from simpost.observe.histogram import Histogram


class Metric(NamedTuple):
    """One name, as docs/observing.md lists it.

    `kind` is counter, gauge or histogram. A counter's name ends in `_total`.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    sentence: str


class Sample(NamedTuple):
    """The value of a metric, or its histogram, for one set of label values."""

    metric: Metric
    labels: tuple[str, ...]
    value: float | Histogram


ACCEPTED = Metric(
    "simpost_messages_accepted_total",
    "counter",
    (
        "carrier",
        "category",
    ),
    "Messages committed, including texts from phones that are sent on to eSIMs.",
)
REFUSED = Metric(
    "simpost_messages_refused_total",
    "counter",
    ("reason",),
    "Messages refused on request, by reason (see reasons.md).",
)
HELD = Metric(
    "simpost_messages_held_total",
    "counter",
    ("reason",),
    "Messages committed to be sent later, by reason (see reasons.md).",
)
STOPS = Metric(
    "simpost_stops",
    "gauge",
    (),
    "Stops of the administrator that are in force, as this process knows them.",
)
SOURCE_AGE = Metric(
    "simpost_source_age_seconds",
    "gauge",
    ("source",),
    "Seconds since the last pull of a supplier's catalogue that succeeded.",
)
COPY_HELD = Metric(
    "simpost_copy_held",
    "gauge",
    (),
    "1 while nothing is sent because the store is a copy that nobody confirmed, else 0.",
)
BUDGET_ALARMS = Metric(
    "simpost_budget_alarms_total",
    "counter",
    ("percent",),
    "Budgets of accounts that reached 50, 80 or 100 percent, once in each day or month.",
)
LIFECYCLE_EVENTS = Metric(
    "simpost_lifecycle_events_total",
    "counter",
    ("kind", "outcome"),
    "Events of eSIMs, by kind of source and outcome (see lifecycle.md).",
)
VERIFICATIONS = Metric(
    "simpost_verifications_total",
    "counter",
    ("country", "prefix", "outcome"),
    "Verifications by prefix of the number: started, sent (codes), wrong_code (checks), refused, "
    "monitored, verified, expired, too_many_checks.",
)
VERIFICATION_CHECKS = Metric(
    "simpost_verification_checks_total",
    "counter",
    ("verdict",),
    "Checks of one-time codes, by verdict (see verifications.md).",
)
REROUTED = Metric(
    "simpost_messages_rerouted_total",
    "counter",
    (
        "carrier",
        "to",
    ),
    "Messages moved by failover from one carrier to another.",
)
ATTEMPTS = Metric(
    "simpost_attempts_total",
    "counter",
    (
        "carrier",
        "outcome",
        "reason",
    ),
    "Attempts by outcome: accepted, throttled, refused, unreachable, in_doubt.",
)
REPEATED = Metric(
    "simpost_attempts_repeated_total",
    "counter",
    ("carrier",),
    "Attempts that repeat a part in doubt: the handset may show the part twice.",
)
RESPONSE_TIME = Metric(
    "simpost_carrier_response_seconds",
    "histogram",
    ("carrier",),
    "Seconds from the start of an attempt to its outcome.",
)
FINAL = Metric(
    "simpost_parts_final_total",
    "counter",
    (
        "carrier",
        "state",
        "reason",
    ),
    "Parts that reached a final state: delivered, failed, expired, rejected or cancelled.",
)
RECEIPTS = Metric(
    "simpost_receipts_total",
    "counter",
    (
        "carrier",
        "state",
    ),
    "Delivery receipts committed and acknowledged, including duplicates.",
)
UNAPPLIED = Metric(
    "simpost_receipts_unapplied_total",
    "counter",
    (
        "carrier",
        "disposition",
    ),
    "Receipts not applied at once: parked, matched (applied later), late, duplicate or ambiguous.",
)
PARKED = Metric(
    "simpost_receipts_parked",
    "gauge",
    (),
    "Receipts stored without a matching part.",
)
INBOUND = Metric(
    "simpost_inbound_total",
    "counter",
    (
        "carrier",
        "state",
        "reason",
    ),
    "Inbound messages by state: received, forwarded or refused.",
)
LEASES_EXPIRED = Metric(
    "simpost_leases_expired_total",
    "counter",
    ("cause",),
    "Parts put in doubt by an expired lease, by cause: restart, node_lost, timeout.",
)
QUEUED = Metric(
    "simpost_parts_queued",
    "gauge",
    ("carrier",),
    "Parts queued in the store: for a free window, a retry or the end of their doubt.",
)
OLDEST_QUEUED = Metric(
    "simpost_oldest_queued_part_age_seconds",
    "gauge",
    ("carrier",),
    "Age in seconds of the oldest queued part; 0 when the queue is empty.",
)
LEASED = Metric(
    "simpost_parts_leased",
    "gauge",
    ("carrier",),
    "Parts leased to the carrier's lane without an outcome: after a crash these may be in doubt.",
)
AVAILABLE = Metric(
    "simpost_carrier_available",
    "gauge",
    ("carrier",),
    "1 when routing would use the carrier now, else 0.",
)
PAUSED = Metric(
    "simpost_carrier_paused",
    "gauge",
    ("carrier",),
    "1 when the administrator paused the carrier, else 0.",
)
CONNECTION_STATE = Metric(
    "simpost_connection_state",
    "gauge",
    ("carrier", "connection", "kind", "state"),
    "1 for the state of the connection, 0 for the others: starting, connecting, ready, "
    "throttled, closing, lost.",
)
MAX_UNANSWERED = Metric(
    "simpost_connection_max_unanswered_parts",
    "gauge",
    ("carrier", "connection", "kind"),
    "Largest number of unanswered parts allowed.",
)
UNANSWERED = Metric(
    "simpost_connection_unanswered_parts",
    "gauge",
    ("carrier", "connection", "kind"),
    "Parts submitted that have no response yet.",
)
RATE_LIMIT = Metric(
    "simpost_connection_rate_limit_parts_per_second",
    "gauge",
    ("carrier", "connection", "kind"),
    "Parts per second that the rate limit allows now; 0 without a limit.",
)
LAST_HEARD = Metric(
    "simpost_connection_last_heard_timestamp_seconds",
    "gauge",
    ("carrier", "connection", "kind"),
    "Unix time the carrier was last heard; absent before the first one.",
)
WEBHOOK_REQUESTS = Metric(
    "simpost_webhook_requests_total",
    "counter",
    ("outcome",),
    "Requests to webhook endpoints by outcome: accepted, failed, throttled, gone.",
)
WEBHOOK_EXHAUSTED = Metric(
    "simpost_webhook_deliveries_exhausted_total",
    "counter",
    (),
    "Events that a webhook endpoint did not accept in any attempt; they can be replayed.",
)
WEBHOOK_SKIPPED = Metric(
    "simpost_webhook_events_skipped_total",
    "counter",
    (),
    "Events deleted by retention before a webhook endpoint accepted them.",
)
WEBHOOK_DELAY = Metric(
    "simpost_webhook_delay_seconds",
    "histogram",
    (),
    "Seconds from an event to its acceptance by a webhook endpoint.",
)
COMMIT_TIME = Metric(
    "simpost_store_commit_seconds",
    "histogram",
    (),
    "Seconds per commit, including the flush to disk.",
)
COMMIT_SIZE = Metric(
    "simpost_store_commit_jobs",
    "histogram",
    (),
    "Jobs per commit; a job is one accepted message or a batch of outcomes or receipts.",
)
COMMIT_FAILURES = Metric(
    "simpost_store_commit_failures_total",
    "counter",
    (),
    "Jobs the store failed to commit: disk full, read-only, unreachable or too busy.",
)
JOBS_QUEUED = Metric(
    "simpost_store_jobs_queued",
    "gauge",
    (),
    "Jobs waiting for the running commit to end.",
)
RESPONSES = Metric(
    "simpost_http_responses_total",
    "counter",
    (
        "api",
        "status",
        "code",
    ),
    "HTTP responses by API (open, native, shapes), status, and errorCode of the compatible API; "
    "0 is success.",
)
AUTHENTICATION_FAILURES = Metric(
    "simpost_authentication_failures_total",
    "counter",
    ("api",),
    "Requests with wrong credentials, by API: open, native, shapes, smpp, admin, metrics, console.",
)
SMPP_BINDS = Metric(
    "simpost_smpp_server_binds",
    "gauge",
    (),
    "Clients that are bound to the SMPP port of this node.",
)
SMPP_RESPONSES = Metric(
    "simpost_smpp_server_responses_total",
    "counter",
    ("command", "status"),
    "Responses to clients of the SMPP port, by command and command_status.",
)
SMPP_RECEIPTS = Metric(
    "simpost_smpp_server_receipts_total",
    "counter",
    ("outcome",),
    "deliver_sm to clients of the SMPP port, by outcome: acknowledged, refused, again.",
)
HTTP_TIME = Metric(
    "simpost_http_response_seconds",
    "histogram",
    ("api",),
    "Seconds from the head of a request to the end of its response.",
)
LOOP_LAG = Metric(
    "simpost_event_loop_lag_seconds",
    "histogram",
    (),
    "Seconds that the event loop ran a timer late, sampled twice a second.",
)
LEADER = Metric(
    "simpost_node_leader",
    "gauge",
    (),
    "1 in the process that runs cluster-wide jobs (expiry, lost leases, failover), else 0.",
)
BUILD = Metric(
    "simpost_build_info",
    "gauge",
    ("version",),
    "Constant 1, with the version as a label.",
)

METRICS = (
    *(ACCEPTED, REFUSED, HELD, SOURCE_AGE, STOPS, COPY_HELD, BUDGET_ALARMS, LIFECYCLE_EVENTS),
    *(VERIFICATIONS, VERIFICATION_CHECKS),
    *(REROUTED, ATTEMPTS, REPEATED, RESPONSE_TIME),
    *(FINAL, RECEIPTS, UNAPPLIED, PARKED, INBOUND, LEASES_EXPIRED),
    *(QUEUED, OLDEST_QUEUED, LEASED, AVAILABLE, PAUSED),
    *(CONNECTION_STATE, MAX_UNANSWERED, UNANSWERED, RATE_LIMIT, LAST_HEARD),
    *(WEBHOOK_REQUESTS, WEBHOOK_EXHAUSTED, WEBHOOK_SKIPPED, WEBHOOK_DELAY),
    *(COMMIT_TIME, COMMIT_SIZE, COMMIT_FAILURES, JOBS_QUEUED),
    *(SMPP_BINDS, SMPP_RESPONSES, SMPP_RECEIPTS),
    *(RESPONSES, AUTHENTICATION_FAILURES, HTTP_TIME, LOOP_LAG, LEADER, BUILD),
)


def render(samples: Iterable[Sample], accept: str = "") -> tuple[str, bytes]:
    """Content type and body, in the format that `Accept` asks for, the process's own figures added.

    A metric without samples is there with its help all the same.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Samples(samples))
    ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(accept)
    body: bytes = encode(registry)
    return content_type, body


class _Samples(Collector):
    def __init__(self, samples: Iterable[Sample]) -> None:
        self._readings = samples

    def collect(self) -> Iterator[Family]:
        families = {metric: _family(metric) for metric in METRICS}
        for metric, labels, value in self._readings:
            assert len(labels) == len(metric.labels), metric.name
            family = families[metric]
            if isinstance(family, HistogramMetricFamily):
                assert isinstance(value, Histogram), metric.name
                family.add_metric(labels, _buckets(value), value.total)
            else:
                assert not isinstance(value, Histogram), metric.name
                family.add_metric(labels, value)
        yield from families.values()


def _family(metric: Metric) -> CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily:
    name, sentence = metric.name, metric.sentence
    if metric.kind == "counter":
        return CounterMetricFamily(name, sentence, labels=metric.labels)
    if metric.kind == "gauge":
        return GaugeMetricFamily(name, sentence, labels=metric.labels)
    return HistogramMetricFamily(name, sentence, labels=metric.labels)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    bounds = [*(f"{bound:g}" for bound in histogram.bounds), "+Inf"]
    return list(zip(bounds, accumulate(histogram.counts), strict=True))
