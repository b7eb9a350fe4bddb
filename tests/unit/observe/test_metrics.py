"""Metrics are written in the Prometheus format."""

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from simpost.observe import metrics
from simpost.observe.histogram import CARRIER_SECONDS, SECONDS, SIZES, Histogram
from simpost.observe.metrics import METRICS, Sample, render

UNITS = ("_seconds", "_seconds_total", "_parts", "_jobs", "_per_second", "_total", "_info")


def families(samples, accept=""):
    _, body = render(samples, accept)
    return {each.name: each for each in text_string_to_metric_families(body.decode())}


def test_every_metric_is_there_before_anything_happened():
    found = families([])
    for metric in METRICS:
        assert metric.name.removesuffix("_total") in found
        assert found[metric.name.removesuffix("_total")].type == metric.kind


def test_the_process_metrics_are_there():
    assert {"process_cpu_seconds", "process_resident_memory_bytes"} <= families([]).keys()


def test_a_counter_comes_out_with_its_labels():
    found = families([Sample(metrics.ACCEPTED, ("one", "notice"), 7)])
    sample = found["simpost_messages_accepted"].samples[0]
    assert (sample.labels, sample.value) == ({"carrier": "one", "category": "notice"}, 7)


def test_a_histogram_has_cumulative_buckets():
    histogram = Histogram((1.0, 5.0))
    for value in (0.5, 1.0, 3.0, 99.0):
        histogram.add(value)
    found = families([Sample(metrics.COMMIT_SIZE, (), histogram)])["simpost_store_commit_jobs"]
    values = {(s.name.rpartition("_")[2], s.labels.get("le")): s.value for s in found.samples}
    assert values == {
        ("bucket", "1"): 2,
        ("bucket", "5"): 3,
        ("bucket", "+Inf"): 4,
        ("count", None): 4,
        ("sum", None): 103.5,
    }


def test_openmetrics_is_served_on_request():
    asked = "application/openmetrics-text; version=1.0.0"
    content_type, body = render([], asked)
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")


def test_a_label_is_written_so_that_it_cannot_break_the_page():
    found = families([Sample(metrics.REFUSED, ('a"\n}',), 1)])
    assert found["simpost_messages_refused"].samples[0].labels == {"reason": 'a"\n}'}


def test_a_sample_with_other_labels_than_its_metric_is_an_error():
    with pytest.raises(AssertionError, match="simpost_messages_refused_total"):
        render([Sample(metrics.REFUSED, (), 1)])


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric):
    assert re.fullmatch(r"simpost(_[a-z]+)+", metric.name)
    assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert "milli" not in metric.name
    if metric.kind == "histogram":
        assert metric.name.endswith(UNITS)
    assert metric.sentence.endswith(".")


def test_labels_have_a_bounded_number_of_values():
    bounded = {
        "carrier",
        "to",
        "connection",
        "kind",
        "category",
        "outcome",
        "state",
        "disposition",
        "source",
    }
    bounded |= {"reason", "cause", "api", "status", "code", "version", "percent"}
    bounded |= {"command"}  # those of the standard, and one for all others
    bounded |= {"country", "prefix", "verdict"}  # the first MOST_PREFIXES prefixes
    assert {label for metric in METRICS for label in metric.labels} == bounded


def test_the_list_names_every_metric():
    made = [each for each in vars(metrics).values() if isinstance(each, metrics.Metric)]
    assert sorted(made) == sorted(METRICS)


@pytest.mark.parametrize("bounds", [SECONDS, CARRIER_SECONDS, SIZES])
def test_histogram_bounds_ascend(bounds):
    assert list(bounds) == sorted(set(bounds))
