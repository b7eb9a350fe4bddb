"""docs/shapes.md has every shape, code and reason of the tables in the code, and no other."""

import re
from pathlib import Path

from simpost.api.shapes import esim_go, esimfly
from simpost.api.shapes.app import SHAPES
from simpost.api.shapes.twilio import codes
from simpost.config.settings import ServerSettings
from simpost.domain.states import State
from simpost.features.webhooks import callbacks

PAGE = (Path(__file__).parents[2] / "docs" / "shapes.md").read_text("utf-8")

CREATE = Path("src/simpost/api/shapes/twilio/create.py").read_text("utf-8")


def section(title):
    return PAGE.split(f"\n## {title}\n")[1].partition("\n## ")[0]


def rows(title):
    """The cells of the rows of tables in a section, below their headings."""
    lines = re.findall(r"^\| (.*) \|$", section(title), re.MULTILINE)
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [each for each in cells if "---" not in each[0] and each[0] not in ("status", "code")]


def reasons(text):
    return set(re.findall(r"`([a-z_]+)`", text))


def test_the_setting_offers_every_shape_and_the_page_lists_it():
    server = ServerSettings(admin_token="a-token-of-16-or-more", shapes=tuple(SHAPES))
    assert set(server.shapes) == set(SHAPES)
    assert set(re.findall(r"^\| \[`([a-z_]+)`\]", PAGE, re.MULTILINE)) == set(SHAPES)


def test_every_status_of_esim_go_is_documented_with_its_reasons():
    table = {int(status): reasons(when) for status, when in rows("eSIM Go")}
    assert table.keys() == set(esim_go.STATUSES.values())
    for status, listed in table.items():
        assert listed == {each for each, other in esim_go.REASONS.items() if other == status}


def test_every_code_of_esimfly_is_documented_with_its_status_and_reasons():
    table = {code.strip("`"): (int(status), when) for code, status, when in rows("eSIMfly")}
    pairs = {*esimfly.CODES.values(), *esimfly.REASONS.values()}
    named = {(status, code) for code, (status, _) in table.items()}
    assert {code for _, code in pairs} <= table.keys()
    assert pairs - named == {(404, "VALIDATION_FAILED")}
    for code, (_, when) in table.items():
        assert reasons(when) == {
            each for each, (_, other) in esimfly.REASONS.items() if other == code
        }


def table(title, heading):
    """The cells of the table with this heading in a section."""
    below = section(title).split(f"{heading}\n")[1].partition("\n\n")[0].rstrip()
    return [
        [cell.strip() for cell in line.strip("| ").split(" | ")] for line in below.split("\n")[1:]
    ]


def test_every_state_has_its_documented_word_of_twilio():
    shown = {
        state.strip("`"): word.strip("`") for state, word in table("Twilio", "| state | `status` |")
    }
    assert shown == dict(callbacks.STATUS_WORDS)
    assert callbacks.STATUS_WORDS.keys() == set(State)


def test_every_code_of_twilio_is_documented_with_its_status_and_reasons():
    shown = table("Twilio", "| code | HTTP status | when |")
    statuses = {int(code): set(map(int, status.split(", "))) for code, status, _ in shown}
    for status, code in (*codes.FAILURES.values(), *codes.REASONS.values()):
        assert status in statuses[code]
    given = set(re.findall(r'code="(\d{5})"|, "(\d{5})"\)', CREATE))
    assert {int(one or other) for one, other in given} <= statuses.keys()
    for code, _, when in shown:
        assert reasons(when) == {
            each for each, (_, other) in codes.REASONS.items() if other == int(code)
        }


def test_every_error_code_of_a_message_is_documented_with_its_reasons():
    shown = {int(code): reasons(why) for code, why in table("Twilio", "| error_code | reason |")}
    assert shown.keys() == {*callbacks.ENDED.values(), callbacks.UNKNOWN_ERROR}
    for code, listed in shown.items():
        assert listed == {each for each, other in callbacks.ENDED.items() if other == code}
