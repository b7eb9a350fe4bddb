"""`python -m bench.templates`: microseconds to render a template, and to check one.

Processor time, the best of several rounds, one thread. `rendered` is what a message costs besides
the look-up in the store: choosing the language, checking the values, rendering.
"""

from __future__ import annotations

import time
import timeit
from functools import partial
from typing import TYPE_CHECKING

from simpost.features.templates.definition import (
    Template,
    Variable,
    VariableType,
    check,
    decode,
    encode,
)
from simpost.features.templates.message_format import parse
from simpost.features.templates.preview import explain_longest
from simpost.features.templates.renderer import Value
from simpost.features.templates.service import RenderedText, TemplateVersion, render_version

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 7
_SECONDS_A_ROUND = 0.1

_TEXTS = {
    "en": "Hi {name}, {country}: {days, plural, one {# day} other {# days}} left.",
    "pt-PT": "{name}, {country}: {days, plural, one {# dia} other {# dias}}.",
    "pl": "{name}, {country}: {days, plural, one {# dzień} few {# dni} other {# dnia}}.",
    "ar": "{name} {country} {days, plural, zero {#} one {#} two {#} few {#} many {#} other {#}}",
}
_TEMPLATE = Template(
    default_language="en",
    variables={
        "name": Variable(VariableType.TEXT, "Maximiliana"),
        "country": Variable(VariableType.TEXT, "Bosnia and Herzegovina"),
        "days": Variable(VariableType.NUMBER, 365),
    },
    texts=_TEXTS,
)
_VALUES: dict[str, Value] = {"name": "Ana", "country": "Japan", "days": 3}


def main() -> None:
    """Print the figures."""
    version = TemplateVersion("bench", 1, 0, _TEMPLATE)
    for wanted in ("en", "pt-BR", "pl", "ar", "ja"):
        rendered = render_version(version, _VALUES, wanted)
        assert isinstance(rendered, RenderedText)
        cost = microseconds(partial(render_version, version, _VALUES, wanted))
        show(f"rendered, {wanted} in {rendered.source.language}", cost)
    content = encode(_TEMPLATE)
    show("read from its row", microseconds(lambda: decode(content)))
    show("one text parsed", microseconds(lambda: parse.__wrapped__(_TEXTS["en"])))
    show("checked, longest texts counted", microseconds(_check))


def _check() -> None:
    """What the API does with a template before it saves it."""
    check(_TEMPLATE)
    for tag in _TEMPLATE.texts:
        explain_longest(_TEMPLATE, tag)


def microseconds(work: Callable[[], object]) -> float:
    """The time of one call."""
    timer = timeit.Timer(work, timer=time.thread_time)
    work()
    turns = max(1, int(_SECONDS_A_ROUND / timer.timeit(1)))
    return min(timer.repeat(_ROUNDS, turns)) / turns * 1e6


def show(name: str, cost: float) -> None:
    print(f"{name:>32}{cost:>10.1f} us")


if __name__ == "__main__":
    main()
