"""docs/events.md: what it says of each event, and the comparison with events that tests produced.

`python -m tests.event_reference` writes the page. Its examples are in `tests/vectors/events.json`;
`RECORD_EVENTS=1` before pytest records those that a test produces now.
"""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from simpost.domain.event_types import EVENTS, EventObject

PAGE: Final = Path(__file__).parents[1] / "docs" / "events.md"
EXAMPLES: Final = Path(__file__).parent / "vectors" / "events.json"
COMMAND: Final = "python -m tests.event_reference"
BEGIN: Final = "<!-- reference: begin -->"
END: Final = "<!-- reference: end -->"
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SHOWN_ID: Final = "019a4c7e-6f1f-7c2a-9d53-0c8f2f9a7b11"
_WIDTH: Final = 96


def about(type_: str) -> EventObject:
    """The object of a type. Fails if the type is not documented."""
    [found] = [each for each in EVENTS if type_ in {one.name for one in each.types}]
    return found


def check(events: Iterable[Any]) -> set[str]:
    """Compare events of a store with the reference; returns their types.

    Each has the fields that are always there and no other field than those of the reference. An
    optional field that no event has is stale.
    """
    seen: dict[str, set[str]] = {}
    produced: dict[str, list[Any]] = {}
    for event in events:
        documented = about(event.type)
        names = {each.name for each in documented.fields}
        always = {each.name for each in documented.fields if each.is_always}
        assert always <= set(event.data) <= names, (event.type, event.data)
        seen.setdefault(documented.title, set()).update(event.data)
        produced.setdefault(event.type, []).append(_plain(event))
    for each in EVENTS:
        if each.title in seen and {one.name for one in each.types} <= set(produced):
            assert seen[each.title] == {one.name for one in each.fields}, each.title
    for type_ in _shown() & set(produced):
        compare_example(type_, produced[type_])
    return set(produced)


def _plain(event: Any) -> Any:
    said = {"subject": event.subject, "data": dict(event.data)}
    return json.loads(_ID.sub(_SHOWN_ID, json.dumps(said)))


def compare_example(type_: str, produced: list[Any]) -> None:
    """One of the events looks like the example; `RECORD_EVENTS` stores the fullest of them."""
    examples = json.loads(EXAMPLES.read_text("utf-8")) if EXAMPLES.exists() else {}
    if os.environ.get("RECORD_EVENTS"):
        fullest = max(produced, key=lambda each: sum(map(bool, each["data"].values())))
        stored = json.dumps(examples | {type_: fullest}, indent=1, sort_keys=True)
        EXAMPLES.write_text(f"{stored}\n", "utf-8")
    else:
        kinds = [_kinds(each) for each in produced]
        assert _kinds(examples[type_]) in kinds, f"{type_}: {produced}"


def _kinds(value: Any) -> Any:
    """What a value is, without what differs from run to run."""
    if isinstance(value, dict):
        return {key: _kinds(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_kinds(each) for each in value[:1]]
    return type(value).__name__


def _shown() -> set[str]:
    """The types with an example: one of each object, the one that says most."""
    preferred = {"message.delivered", "esim.attached", "conversation.opened"}
    shown = set()
    for each in EVENTS:
        names = [one.name for one in each.types]
        shown.add(next((name for name in names if name in preferred), names[0]))
    return shown


def with_reference(text: str) -> str:
    """The text with its reference generated again."""
    before, _, rest = text.partition(BEGIN)
    lines = "\n".join(_reference())
    return f"{before}{BEGIN}\n\n{lines}\n{END}{rest.partition(END)[2]}"


def _reference() -> Iterator[str]:
    examples = json.loads(EXAMPLES.read_text("utf-8"))
    for each in EVENTS:
        yield from (f"## {each.title}", "")
        about_it = f"`subject` is {each.subject}. More: [{_name(each.page)}]({each.page})."
        yield from (*textwrap.wrap(about_it, 100, break_on_hyphens=False), "")
        yield from ("| type | when |", "| --- | --- |")
        yield from (f"| `{one.name}` | {one.when} |" for one in each.types)
        yield ""
        if each.fields:
            yield from ("| field of `data` | meaning | |", "| --- | --- | --- |")
            for field in each.fields:
                yield f"| `{field.name}` | {field.meaning} | {_presence(field.is_always)} |"
            yield ""
        else:
            yield from ("`data` is empty.", "")
        for one in each.types:
            if one.name in examples:
                yield from ("```json", *_lines(one.name, examples[one.name]), "```", "")


def _name(page: str) -> str:
    return page.partition(".md")[0].replace("-", " ")


def _presence(is_always: bool) -> str:
    return "always" if is_always else "where it applies"


def _lines(type_: str, example: dict[str, Any]) -> Iterator[str]:
    """An event as `GET /v1/events` has it, in lines."""
    head = {
        "id": "evt_5f3c1d0b9a7e42680000000000000007",
        "sequence": 7,
        "type": type_,
        "subject": example["subject"],
        "occurredAt": "2026-11-29T10:00:00.000Z",
    }
    first, second = list(head.items())[:3], list(head.items())[3:]
    yield "{" + json.dumps(dict(first))[1:-1] + ","
    yield " " + json.dumps(dict(second))[1:-1] + ","
    line = ' "data": {'
    for place, (key, value) in enumerate(example["data"].items()):
        word = f"{json.dumps(key)}: {json.dumps(value)}"
        word += "," if place < len(example["data"]) - 1 else ""
        if len(line) + len(word) > _WIDTH:
            yield line.rstrip()
            line = "  "
        line += word + " "
    yield line.rstrip() + "}}"


if __name__ == "__main__":
    PAGE.write_text(with_reference(PAGE.read_text("utf-8")), "utf-8")
