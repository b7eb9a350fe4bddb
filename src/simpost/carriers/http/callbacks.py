"""What upstream APIs report by calling simpost."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.ports.carrier_callbacks import Callback, CallbackAnswer

MOST_REPORTS: Final = 1_000
"""Reports in one request."""
_MOST_PARTS: Final = 255
_MAX_DIGITS: Final = 9
"""Of a reference that is kept as it is."""


class StateReport(NamedTuple):
    """A state of a part; `numbers` are those of its destination, if the report names them."""

    message_id: str
    state: State
    reason: Reason | None = None
    code: str = ""
    numbers: tuple[str, ...] = ()


class TextReport(NamedTuple):
    """A text from a handset. `part_of`: reference, total and number of one of several parts."""

    message_id: str
    source: str
    destination: str
    text: str
    part_of: tuple[int, int, int] | None = None


class NotUnderstoodCallback(Exception):
    """The request is not as the API documents it. The message has nothing of its content.

    `others` are its reports that are as documented.
    """

    def __init__(self, problem: str, others: Sequence[StateReport | TextReport] = ()) -> None:
        super().__init__(problem)
        self.others = others


def place_of_part(reference: str, total: str, number: str) -> tuple[int, int, int] | None:
    """Reference, total and number of one of several parts; `None` for a text of one part.

    A reference that is no small number is replaced by a digest.
    """
    counts = [int(each) if _is_decimal(each, 3) else 0 for each in (total, number)]
    if not reference or not 1 < counts[0] <= _MOST_PARTS or not 1 <= counts[1] <= counts[0]:
        return None
    if _is_decimal(reference, _MAX_DIGITS):
        return int(reference), counts[0], counts[1]
    digest = hashlib.blake2b(reference.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True), counts[0], counts[1]


def _is_decimal(text: str, most_digits: int) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= most_digits


def read_each(
    entries: Sequence[Any], read: Callable[[Any], StateReport | TextReport | None]
) -> list[StateReport | TextReport]:
    """The reports of a list. One that is not understood does not lose the others.

    Raises NotUnderstoodCallback, with the others.
    """
    if len(entries) > MOST_REPORTS:
        raise NotUnderstoodCallback(f"there are more than {MOST_REPORTS} reports")
    found: list[StateReport | TextReport] = []
    problem = ""
    for entry in entries:
        try:
            report = read(entry)
        except NotUnderstoodCallback as error:
            problem = str(error)
        else:
            found += [report] if report else []
    if problem:
        raise NotUnderstoodCallback(problem, found)
    return found


class CallbackReader(Protocol):
    """How the calls of an API are read. Pure."""

    @property
    def methods(self) -> frozenset[str]: ...

    @property
    def answer(self) -> CallbackAnswer: ...

    def read(self, callback: Callback, now_ms: int) -> list[StateReport | TextReport]:
        """What a request that came now reports; nothing if it has no news.

        Raises WrongCallbackSignature and NotUnderstoodCallback.
        """
        ...
