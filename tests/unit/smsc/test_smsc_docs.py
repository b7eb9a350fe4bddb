"""What the simulator offers is documented in docs/smsc.md."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from simpost.cli.smsc import smsc
from simpost.domain import one_time_codes
from simpost.smsc import (
    SimulatorOptions,
    accepted_submits,
    deliver_queue,
    fixture,
    handsets,
    reassembly,
    run_tags,
    text_query,
    text_routes,
    validation,
)
from simpost.smsc.behaviour import SPECIAL_NUMBERS
from simpost.smsc.views import (
    DeliverCountsView,
    HandsetView,
    MessageView,
    PartView,
    StatsView,
    UndeliveredView,
)

DOCUMENT = (Path(__file__).parents[3] / "docs" / "smsc.md").read_text("utf-8")
PLAIN = " ".join(DOCUMENT.split())


def rows(first_cell: str) -> list[str]:
    return re.findall(rf"^\| `{re.escape(first_cell)}`.*$", DOCUMENT, re.MULTILINE)


@pytest.mark.parametrize("parameter", sorted(smsc.__annotations__.keys() - {"return"}))
def test_every_option_has_a_row(parameter: str) -> None:
    assert len(rows(f"--{parameter.replace('_', '-')}")) == 1


@pytest.mark.parametrize(
    "view", [HandsetView, MessageView, PartView, StatsView, DeliverCountsView, UndeliveredView]
)
def test_every_field_of_the_json_is_named(view: type[msgspec.Struct]) -> None:
    missing = [
        field.encode_name
        for field in msgspec.structs.fields(view)
        if f"`{field.encode_name}`" not in DOCUMENT
    ]
    assert missing == []


@pytest.mark.parametrize("ending", SPECIAL_NUMBERS)
def test_every_special_number_has_a_row_with_its_state_and_error(ending: str) -> None:
    state, error = SPECIAL_NUMBERS[ending]
    [row] = rows(ending)
    assert state.name in row
    assert f"| {error}" in row or not error


@pytest.mark.parametrize(
    "name", re.findall(r"ESME_\w+", Path(validation.__file__).read_text("utf-8"))
)
def test_every_refusal_of_a_submit_is_documented(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize(
    "sentence",
    [
        f"at most {handsets.MAX_HANDSETS:,} handsets with their last {handsets.MAX_TEXTS} texts",
        f"about {handsets.MAX_OCTETS // 1024 // 1024} MiB",
        f"within {reassembly.EXPIRY_S:g} seconds",
        f"they wait ({deliver_queue.MAX_PENDING:,} at most",
        f"sent again every {SimulatorOptions().retry_s:g} seconds",
        f"{deliver_queue.MAX_ATTEMPTS} times in all",
        f"a part of the text, {text_query.MAX_MATCH} characters at most",
        f"such as `10s` or `500ms`, {text_query.MAX_WAIT_S:g} seconds at most",
        f"{text_query.MAX_WAITING} requests can wait",
        f"{handsets.MAX_TEXTS} unless asked otherwise, {text_routes.MAX_FOUND:,} at most",
        f"newest first, {text_routes.MAX_UNDELIVERED} at most",
        f"the latest {SimulatorOptions().keep_submits:,} submits",
        f"longer than {one_time_codes.MAX_CHARACTERS} characters",
        f"at most; {run_tags.MAX_TAGGED:,} can have one",
        f"A file has at most {fixture.MAX_OCTETS // 1024 // 1024} MiB",
        f"the latest {accepted_submits.MAX_ACCEPTED:,} messages",
    ],
)
def test_the_bounds_are_those_of_the_code(sentence: str) -> None:
    assert sentence in PLAIN
