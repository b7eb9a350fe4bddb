"""The metrics: every name there is, and how readings of them are written for Prometheus.

Labels take values from bounded lists only: carriers and binds of the configuration, states,
reasons and codes of the documentation. Never an account, a number, an id or a text.
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

from simpost.observe.counts import Spread


class Metric(NamedTuple):
    """One name, as docs/observing.md lists it.

    `kind` is counter, gauge or histogram. A counter's name ends in `_total`.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    sentence: str


class Reading(NamedTuple):
    """What a metric stands at, for one set of label values; of a histogram, its spread."""

    metric: Metric
    labels: tuple[str, ...]
    value: float | Spread


ACCEPTED = Metric(
    "simpost_messages_accepted_total",
    "counter",
    ("carrier", "category"),
    "Messages committed, texts of phones that are carried on to eSIMs among them.",
)
REFUSED = Metric(
    "simpost_messages_refused_total",
    "counter",
    ("reason",),
    "Messages refused when they were asked for, by a reason of reasons.md.",
)
REROUTED = Metric(
    "simpost_messages_rerouted_total",
    "counter",
    ("carrier", "to"),
    "Messages that waited for a lost carrier and go by another one now.",
)
ATTEMPTS = Metric(
    "simpost_attempts_total",
    "counter",
    ("carrier", "outcome", "reason"),
    "Tries of parts by what they said: accepted, throttled, refused, unreachable, in_doubt.",
)
REPEATED = Metric(
    "simpost_attempts_repeated_total",
    "counter",
    ("carrier",),
    "Tries of parts that were in doubt: the handset may show those twice.",
)
ANSWER_TIME = Metric(
    "simpost_carrier_answer_seconds",
    "histogram",
    ("carrier",),
    "From a part's last try to what was said of it.",
)
ENDED = Metric(
    "simpost_parts_ended_total",
    "counter",
    ("carrier", "state", "reason"),
    "Parts that came to their end: delivered, failed, expired, rejected or cancelled.",
)
RECEIPTS = Metric(
    "simpost_receipts_total",
    "counter",
    ("carrier", "state"),
    "Receipts committed and acknowledged, those that say nothing new among them.",
)
KEPT = Metric(
    "simpost_receipts_kept_total",
    "counter",
    ("carrier", "disposition"),
    "Receipts not obeyed at once: parked, matched (obeyed later), late, duplicate or ambiguous.",
)
PARKED = Metric(
    "simpost_receipts_parked",
    "gauge",
    (),
    "Receipts that wait for the part they speak of.",
)
INBOUND = Metric(
    "simpost_inbound_total",
    "counter",
    ("carrier", "state", "reason"),
    "Messages that came in: received, carried or refused.",
)
LAPSED = Metric(
    "simpost_leases_lapsed_total",
    "counter",
    ("cause",),
    "Parts put in doubt since who held them stopped (restart), is gone (node_lost) or is too slow "
    "(ran_out).",
)
WAITING = Metric(
    "simpost_parts_waiting",
    "gauge",
    ("carrier",),
    "Parts that wait in the store for their turn, a retry or the end of their doubt.",
)
OLDEST = Metric(
    "simpost_oldest_waiting_part_age_seconds",
    "gauge",
    ("carrier",),
    "Since when the oldest of them was accepted; 0 when none waits.",
)
HELD = Metric(
    "simpost_parts_held",
    "gauge",
    ("carrier",),
    "Parts leased to the carrier's lane and not settled: after a crash so many may be in doubt.",
)
TAKES = Metric(
    "simpost_carrier_takes_messages",
    "gauge",
    ("carrier",),
    "1 when a message would go by it now, where its route names others.",
)
PAUSED = Metric(
    "simpost_carrier_paused",
    "gauge",
    ("carrier",),
    "1 when the administrator paused the carrier, else 0.",
)
LINK = Metric(
    "simpost_bind_link",
    "gauge",
    ("carrier", "bind", "kind", "link"),
    "1 for the state the link is in, 0 for the others: "
    "starting, binding, bound, throttled, unbinding, lost.",
)
WINDOW = Metric(
    "simpost_bind_window_parts",
    "gauge",
    ("carrier", "bind", "kind"),
    "Most parts that may wait for their answer.",
)
WINDOW_USED = Metric(
    "simpost_bind_window_used_parts",
    "gauge",
    ("carrier", "bind", "kind"),
    "Parts that wait for their answer.",
)
ALLOWED = Metric(
    "simpost_bind_allowed_parts_per_second",
    "gauge",
    ("carrier", "bind", "kind"),
    "Parts a second that may be sent now; 0 without a limit.",
)
LAST_PDU = Metric(
    "simpost_bind_last_pdu_timestamp_seconds",
    "gauge",
    ("carrier", "bind", "kind"),
    "When the carrier was last heard, since 1970; absent before the first time.",
)
COMMIT_TIME = Metric(
    "simpost_store_commit_seconds",
    "histogram",
    (),
    "How long a commit took, the flush to disk in it.",
)
COMMIT_SIZE = Metric(
    "simpost_store_commit_jobs",
    "histogram",
    (),
    "Jobs that shared a commit; a job is one accepted message or a batch of outcomes or receipts.",
)
COMMITS_REFUSED = Metric(
    "simpost_store_commits_refused_total",
    "counter",
    (),
    "Jobs the store did not commit: full, read-only, gone or too busy.",
)
JOBS_WAITING = Metric(
    "simpost_store_jobs_waiting",
    "gauge",
    (),
    "Jobs that wait for the commit that runs.",
)
ANSWERS = Metric(
    "simpost_http_answers_total",
    "counter",
    ("door", "status", "code"),
    "Answers by door (open, native), HTTP status, and the open door's errorCode; 0 is success.",
)
CREDENTIALS_WRONG = Metric(
    "simpost_credentials_wrong_total",
    "counter",
    ("door",),
    "Requests with wrong credentials, by door: open, native, admin, metrics.",
)
HTTP_TIME = Metric(
    "simpost_http_answer_seconds",
    "histogram",
    ("door",),
    "From the head of a request to the end of its answer.",
)
LOOP_LAG = Metric(
    "simpost_event_loop_lag_seconds",
    "histogram",
    (),
    "How late the event loop came to what was due, looked at twice a second.",
)
LEADS = Metric(
    "simpost_node_leads",
    "gauge",
    (),
    "1 in the one process that does what only one may: expiry, lost leases, failover.",
)
BUILD = Metric("simpost_build_info", "gauge", ("version",), "Always 1.")

METRICS = (
    *(ACCEPTED, REFUSED, REROUTED, ATTEMPTS, REPEATED, ANSWER_TIME),
    *(ENDED, RECEIPTS, KEPT, PARKED, INBOUND, LAPSED),
    *(WAITING, OLDEST, HELD, TAKES, PAUSED),
    *(LINK, WINDOW, WINDOW_USED, ALLOWED, LAST_PDU),
    *(COMMIT_TIME, COMMIT_SIZE, COMMITS_REFUSED, JOBS_WAITING),
    *(ANSWERS, CREDENTIALS_WRONG, HTTP_TIME, LOOP_LAG, LEADS, BUILD),
)


def render(readings: Iterable[Reading], accept: str = "") -> tuple[str, bytes]:
    """Content type and body, in the format that `Accept` asks for, the process's own figures added.

    A metric without readings is there with its help all the same.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Readings(readings))
    ProcessCollector(registry=registry)
    encode, content_type = choose_encoder(accept)
    body: bytes = encode(registry)
    return content_type, body


class _Readings(Collector):
    def __init__(self, readings: Iterable[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Family]:
        families = {metric: _family(metric) for metric in METRICS}
        for metric, labels, value in self._readings:
            assert len(labels) == len(metric.labels), metric.name
            family = families[metric]
            if isinstance(family, HistogramMetricFamily):
                assert isinstance(value, Spread), metric.name
                family.add_metric(labels, _buckets(value), value.total)
            else:
                assert not isinstance(value, Spread), metric.name
                family.add_metric(labels, value)
        yield from families.values()


def _family(metric: Metric) -> CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily:
    name, sentence = metric.name, metric.sentence
    if metric.kind == "counter":
        return CounterMetricFamily(name, sentence, labels=metric.labels)
    if metric.kind == "gauge":
        return GaugeMetricFamily(name, sentence, labels=metric.labels)
    return HistogramMetricFamily(name, sentence, labels=metric.labels)


def _buckets(spread: Spread) -> list[tuple[str, float]]:
    bounds = [*(f"{bound:g}" for bound in spread.bounds), "+Inf"]
    return list(zip(bounds, accumulate(spread.counts), strict=True))
