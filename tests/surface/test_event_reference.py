"""docs/events.md has every type of events, in the words of the code."""

from simpost.domain.event_types import EVENT_TYPES, EVENTS
from tests.event_reference import COMMAND, PAGE, with_reference

TEXT = PAGE.read_text("utf-8")


def test_the_page_is_as_the_code_has_it():
    assert with_reference(TEXT) == TEXT, f"generate it again: {COMMAND}"


def test_every_type_has_one_row():
    rows = [line.split("`")[1] for line in TEXT.splitlines() if line.startswith("| `")]
    assert [each for each in rows if each in EVENT_TYPES] == list(EVENT_TYPES)
    assert len(set(EVENT_TYPES)) == len(EVENT_TYPES)


def test_every_object_has_an_example():
    assert TEXT.count("```json") == len(EVENTS)
