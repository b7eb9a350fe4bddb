"""Sample automations and their templates, which an account can install and edit.

Every text has at most 134 UTF-16 units with the longest values, so that it takes two parts at most
even if a value, such as the name of a country, is not in the GSM 7 bit default alphabet. Dutch,
English, French, German, Italian, Portuguese and Spanish texts use only that alphabet: they are one
part if the values do, too. Two of them are two parts of UCS-2, because names of menus keep their
accents: "Datos móviles", "Conexões". So do Polish and Turkish texts.

Arabic texts begin with an Arabic word: one that begins with a name in Latin letters is shown from
left to right, with its parts in the wrong order.

A country stands without a preposition, because languages inflect it after one. Texts say "within 24
hours" and not "tomorrow", because quiet hours may hold them until the next day. None offers a plan:
that would make it a promotion. Some ask for a reply: the sender must be able to receive one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from simpost.domain.lifecycle import Transition
from simpost.domain.messages import Category

_NAMES: Final = (
    "welcome",
    "activation-ios",
    "activation-android",
    "country-changed",
    "data-nearly-used",
    "data-used",
    "plan-expires",
)


class AutomationSample(msgspec.Struct, frozen=True):
    """An automation to start from.

    Attributes:
        delay_s: seconds from the transition to the message.
        template: the body of `POST /v1/templates`; its name is that of the sample.
    """

    name: str
    trigger: Transition
    category: Category
    delay_s: int
    template: dict[str, Any]


class _LazySamples(Mapping[str, AutomationSample]):
    """Samples by name, each read when it is first used."""

    def __getitem__(self, name: str) -> AutomationSample:
        if name not in _NAMES:
            raise KeyError(name)
        return _read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)


SAMPLES: Final[Mapping[str, AutomationSample]] = _LazySamples()


@cache
def _read(name: str) -> AutomationSample:
    file = files("simpost.features.automations").joinpath("samples", f"{name}.toml")
    document = tomllib.loads(file.read_text("utf-8"))
    return msgspec.convert({"name": name, **document}, AutomationSample)
