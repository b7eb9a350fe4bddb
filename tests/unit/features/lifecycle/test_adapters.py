"""Adapters on the documented bodies of their sources."""

import json
from pathlib import Path

import pytest

from simpost.features.lifecycle.adapters.report import SourceDelivery
from simpost.features.lifecycle.document import NotUnderstood, UnknownEvent, parse_json
from simpost.features.lifecycle.registry import ADAPTERS, SourceKind

VECTORS = Path(__file__).parents[3] / "vectors" / "lifecycle"
NOW_MS = 1_767_225_600_000
CASES = [
    pytest.param(path.stem, case, id=f"{path.stem}-{number}")
    for path in sorted(VECTORS.glob("*.json"))
    for number, case in enumerate(json.loads(path.read_text("utf-8"))["cases"])
]


def read(kind, text, headers=()):
    found = []
    for document in parse_json(text.encode()):
        found += ADAPTERS[kind].read(SourceDelivery(kind, document, dict(headers), NOW_MS))
    return found


def test_every_source_has_documented_bodies():
    assert {path.stem for path in VECTORS.glob("*.json")} == set(SourceKind) - {"mapping"}


@pytest.mark.parametrize(("kind", "case"), CASES)
def test_a_documented_body_is_read(kind, case):
    found = read(kind, case["text"], case["headers"].items())
    assert len(found) == len(case["events"])
    for event, expected in zip(found, case["events"], strict=True):
        assert event.source == kind
        assert {name: getattr(event, name) for name in expected} == expected


@pytest.mark.parametrize("kind", ADAPTERS)
def test_a_body_without_meaning_is_no_crash(kind):
    for text in ("{}", '{"data":1,"content":[],"event_type":"x"}', '{"event":{},"alertType":1}'):
        try:
            assert read(kind, text) == []
        except (NotUnderstood, UnknownEvent) as error:
            assert str(error)  # noqa: PT017


@pytest.mark.parametrize(("kind", "case"), CASES)
def test_fields_of_another_type_are_no_crash(kind, case):
    """Every field replaced by something else: an event, or a documented error."""
    document = json.loads(case["text"])
    document = document[0] if isinstance(document, list) else document
    for name in document:
        for other in (None, 1, -1.5, "x", [], [1], {}, {"iccid": [1]}, "\u0000", "9" * 300):
            text = json.dumps(document | {name: other})
            try:
                read(kind, text, case["headers"].items())
            except (NotUnderstood, UnknownEvent) as error:
                assert str(error)  # noqa: PT017
