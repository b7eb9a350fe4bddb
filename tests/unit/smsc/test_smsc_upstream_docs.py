"""What the simulated upstream APIs do is documented in docs/upstreams.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from simpost.smsc import faults as f
from simpost.smsc.deliver_queue import MAX_ATTEMPTS
from simpost.smsc.fault_file import FAULT_NAMES, parse_faults
from simpost.smsc.upstreams import (
    api,
    callbacks,
    catalogue,
    emnify,
    esim_access,
    esim_go,
    esimfly,
    messages,
    once,
    responses,
    shape,
    twilio,
)

PAGE = (Path(__file__).parents[3] / "docs" / "upstreams.md").read_text("utf-8")
PLAIN = " ".join(PAGE.split())


@pytest.mark.parametrize(
    "sentence",
    [
        f"at most {shape.MAX_DIGITS} digits",
        f"A body has at most {api.MAX_OCTETS:,} octets",
        f"closed after {responses.SILENT_S:g} s",
        f"has more than {esim_access.MAX_CHARACTERS} characters",
        f"1 to {esim_go.MAX_CHARACTERS} characters",
        f"more than {twilio.MAX_CHARACTERS:,} characters",
        f"newest {emnify.MAX_LISTED} messages",
        f"{MAX_ATTEMPTS} times in all; at most {callbacks.MAX_CALLS} at a time",
        f"a time and {callbacks.MAX_PENDING:,} pending",
        f"It has {catalogue.MAX_ROWS:,} plans and as many eSIMs at most",
        f"For {messages.MAX_MESSAGES:,} messages",
    ],
)
def test_the_bounds_are_those_of_the_code(sentence: str) -> None:
    assert sentence in PLAIN


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_the_effect_of_every_fault_by_http_is_documented(name: str) -> None:
    assert f"`{name}`" in PLAIN


def test_every_shape_can_be_a_condition() -> None:
    shapes = (
        esim_access.SimulatedEsimAccess,
        esim_go.SimulatedEsimGo,
        esimfly.SimulatedEsimfly,
        twilio.SimulatedTwilio,
        emnify.SimulatedEmnify,
        once.SimulatedOnce,
    )
    assert set(get_args(f.UpstreamName)) == {each.name for each in shapes}


@pytest.mark.parametrize("code", esim_go.FORBIDDEN)
def test_the_meanings_of_403_are_documented(code: str) -> None:
    assert f"`{code}`" in PLAIN


def test_the_example_of_faults_can_be_parsed() -> None:
    [text] = [each for each in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if "rules" in each]
    assert len(parse_faults(text.encode()).rules) == 4


@pytest.mark.parametrize("call", f.CALLS)
def test_every_call_is_documented(call: str) -> None:
    assert f"| `{call}` |" in PAGE


def test_every_fault_of_a_call_is_documented() -> None:
    said = PLAIN.partition("These requests have the faults ")[2].partition(";")[0]
    names = re.findall(r"`(\w+)`", said)
    assert names == [f.fault_name(kind) for kind in f.CALL_FAULTS]  # type: ignore[arg-type]
