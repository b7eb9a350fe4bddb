from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog

from simpost.observe import MASK, configure_logging, get_logger, mask_secrets


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


class Full(io.StringIO):
    """A file on a disk without room."""

    tried = 0

    def write(self, _text: str) -> int:
        self.tried += 1
        raise OSError(28, "No space left on device")

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_line_that_cannot_be_written_raises_nothing(form: Literal["console", "json"]) -> None:
    file = Full()
    configure_logging("info", form, file)
    get_logger("simpost.test").info("lost")
    tried = file.tried
    assert tried
    logging.getLogger("library").warning("lost")
    assert file.tried > tried


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "RT-SecretKey",
        "secret",
        "admin_token",
        "Authorization",
        "text",
        "body",
        "short_message",
        "webhook_secret",
        "RT-Signature",
        "ac",
        "pin",
        "secrets_key",
        "Set-Cookie",
    ],
)
def test_a_field_named_like_a_secret_or_a_text_is_masked(name: str) -> None:
    assert mask_secrets(None, "info", {name: "hush", "event": "sent"}) == {
        name: MASK,
        "event": "sent",
    }


def test_secrets_are_masked_however_deep_they_lie() -> None:
    event = {"request": {"headers": [{"RT-SecretKey": "hush"}], "path": "/v1"}}
    assert "hush" not in str(mask_secrets(None, "info", event))
    assert "/v1" in str(event)


def test_other_fields_are_left_as_they_are() -> None:
    event = {"message_id": "1", "encoding": "ucs2", "context": 3, "state": "sent"}
    assert mask_secrets(None, "info", dict(event)) == event


def test_json_lines_carry_event_level_time_and_module() -> None:
    written = io.StringIO()
    configure_logging("info", "json", written)
    get_logger("simpost.lane").warning("throttled", carrier="one", password="hush")
    (line,) = lines(written)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "throttled",
        "level": "warning",
        "module": "simpost.lane",
        "carrier": "one",
        "password": MASK,
    }


def test_lines_below_the_level_are_not_written() -> None:
    written = io.StringIO()
    configure_logging("warning", "json", written)
    get_logger("simpost").info("bound")
    logging.getLogger("other.library").info("chatter")
    assert written.getvalue() == ""


def test_lines_of_libraries_have_the_same_form() -> None:
    written = io.StringIO()
    configure_logging("info", "json", written)
    logging.getLogger("uvicorn.error").warning("listening on %s", 80)
    (line,) = lines(written)
    assert (line["event"], line["module"]) == ("listening on 80", "uvicorn.error")


@pytest.mark.parametrize("form", ["console", "json"])
def test_tracebacks_never_show_the_values_of_variables(form: Literal["console", "json"]) -> None:
    written = io.StringIO()
    configure_logging("info", form, written)

    def fail(code: str) -> None:
        raise KeyError(len(code))

    try:
        fail(str(815_815_814 + 1))
    except KeyError:
        get_logger("simpost").exception("lane_stopped")
        logging.getLogger("other.library").exception("failed")
    assert written.getvalue().count("KeyError: 9") == 2
    assert "815815815" not in written.getvalue()


def test_console_lines_have_no_colours_outside_a_terminal() -> None:
    written = io.StringIO()
    configure_logging("info", "console", written)
    get_logger("simpost").info("bound", carrier="one")
    assert "\x1b" not in written.getvalue()
    assert "carrier=one" in written.getvalue()


def test_control_characters_of_a_peer_are_escaped() -> None:
    written = io.StringIO()
    configure_logging("info", "console", written)
    said = "\x1b[2J\x9b5m\u202e\rforged"
    get_logger("simpost.test").warning("peer_said", message_id=said, words=f"{said} x", all=[said])
    logging.getLogger("library").warning("it said %s", said)
    try:
        int(f"{said} ")
    except ValueError as error:
        error.add_note(said)
        get_logger("simpost.test").exception("failed")
    shown = written.getvalue()
    assert not set(shown) & set("\x1b\x9b\u202e\r")
    assert shown.count("forged") >= 5
    assert "\nTraceback (most recent call last):\n" in shown
