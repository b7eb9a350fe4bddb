"""The dashboard and the alert rules use existing metrics and labels only."""

from __future__ import annotations

import json
import re
from pathlib import Path

import promql_parser as promql
import pytest
import yaml

from simpost.observe.metrics import METRICS
from tests.reference_tables import COMMAND, metric_rows

ROOT = Path(__file__).parents[2]
OPS = ROOT / "ops"
PAGE = (ROOT / "docs" / "observing.md").read_text("utf-8")
BOARD = json.loads((OPS / "grafana" / "simpost.json").read_text("utf-8"))
RULES = [
    rule
    for group in yaml.safe_load((OPS / "prometheus" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
SHOWN = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
TARGETS = [(panel["title"], target["expr"]) for panel in SHOWN for target in panel["targets"]]
ALERTS = [(rule["alert"], rule["expr"]) for rule in RULES]
SCRAPED = {"instance", "job"}
FOREIGN = {"up", "process_cpu_seconds_total", "process_resident_memory_bytes"}


def known():
    """Every name that a scrape shows, with its labels."""
    names = dict.fromkeys(FOREIGN, SCRAPED)
    for metric in METRICS:
        labels = SCRAPED | set(metric.labels)
        if metric.kind == "histogram":
            names[f"{metric.name}_bucket"] = labels | {"le"}
            names |= dict.fromkeys((f"{metric.name}_sum", f"{metric.name}_count"), labels)
        else:
            names[metric.name] = labels
    return names


KNOWN = known()


def selectors(expression):
    found = []

    def visit(node):
        if isinstance(node, promql.VectorSelector):
            found.append(node)
        elif isinstance(node, promql.MatrixSelector):
            found.append(node.vector_selector)

    walk(promql.parse(expression.replace("$__rate_interval", "5m")), visit)
    return found


def walk(node, visit):
    visit(node)
    for name in ("lhs", "rhs", "expr", "param"):
        child = getattr(node, name, None)
        if child is not None and type(child).__module__.startswith(type(node).__module__):
            walk(child, visit)
    for child in getattr(node, "args", None) or ():
        walk(child, visit)


def grouped_by(expression):
    return {
        label.strip() for group in re.findall(r"by \(([^)]*)\)", expression)
        for label in group.split(",")
    }  # fmt: skip


@pytest.mark.parametrize(("title", "expression"), [*TARGETS, *ALERTS])
def test_an_expression_parses_and_uses_existing_metrics(title, expression):
    found = selectors(expression)
    assert found
    labels = set()
    for selector in found:
        assert selector.name in KNOWN, selector.name
        asked = {matcher.name for matcher in selector.matchers.matchers}
        assert asked <= KNOWN[selector.name], (selector.name, asked)
        labels |= KNOWN[selector.name]
    assert grouped_by(expression) <= labels


def test_a_counter_is_used_with_a_rate_only():
    counters = "|".join(metric.name for metric in METRICS if metric.kind == "counter")
    for title, expression in [*TARGETS, *ALERTS]:
        for name in re.findall(rf"(\w*)\((?:{counters})\b", expression):
            assert name in {"rate", "increase"}, title
        bare = re.sub(rf"(?:rate|increase)\((?:{counters})\b", "", expression)
        assert not re.search(rf"\b(?:{counters})\b", bare), title


@pytest.mark.parametrize("title", ["title", "legendFormat"])
def test_every_legend_names_existing_labels(title):
    for panel in SHOWN:
        for target in panel["targets"]:
            named = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            kept = grouped_by(target["expr"]) or {"instance", "version"}
            assert named <= kept, panel["title"]


def test_a_panel_has_a_place_of_its_own():
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in BOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in BOARD["panels"])


def test_the_variables_of_the_dashboard_use_existing_labels():
    for variable in BOARD["templating"]["list"]:
        if variable["type"] == "query":
            name, label = re.fullmatch(
                r"label_values\((\w+), (\w+)\)", variable["definition"]
            ).groups()
            assert label in KNOWN[name]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_is_complete_and_explained(rule):
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"Simpost[A-Z]\w+", rule["alert"])
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"]["summary"].endswith(".")
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
    assert f"| `{rule['alert']}` |" in PAGE
    kept = grouped_by(rule["expr"]) or SCRAPED
    assert set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"])) <= kept


def test_every_metric_is_documented_in_its_own_words():
    rows = [line for line in PAGE.splitlines() if line.startswith("| `simpost_")]
    assert rows == metric_rows(), f"generate them again: {COMMAND}"


def test_the_dashboard_shows_every_metric():
    shown = " ".join(expression for _, expression in TARGETS)
    missing = [metric.name for metric in METRICS if metric.name not in shown]
    assert missing == []
