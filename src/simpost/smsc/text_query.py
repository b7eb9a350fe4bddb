"""Which texts a test asks for, and waiting for them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

from simpost.smsc.handsets import Handset
from simpost.smsc.reassembly import HandsetMessage
from simpost.smsc.views import text_shown

MAX_WAIT_S: Final = 60.0
MAX_WAITING: Final = 200
MAX_MATCH: Final = 200
CONDITIONS: Final = ("match", "from", "systemId", "tag", "after", "before")
_WAIT: Final = re.compile(r"(\d{1,5})(ms|s)?")
_ID: Final = re.compile(r"\d{1,12}")


class QueryError(ValueError):
    """A condition that cannot be read; the message says which one and why."""


class FoundText(NamedTuple):
    """A text and the number of its handset."""

    number: str
    message: HandsetMessage


@dataclass(frozen=True, slots=True)
class TextQuery:
    """Conditions that a text must all meet; None: any.

    Attributes:
        number: of the handset, without `+`.
        match: a part of the text; case is ignored.
        source: the whole sender, as received.
        system_id: of the ESME that sent it.
        tag: of its test run.
        after, before: its id is greater, or less.
    """

    number: str | None = None
    match: str | None = None
    source: str | None = None
    system_id: str | None = None
    tag: str | None = None
    after: int | None = None
    before: int | None = None

    def on(self, handset: Handset, *, packed: bool) -> Iterator[FoundText]:
        """The texts of a handset that meet it, oldest first."""
        for message in handset.texts:
            if self.meets(handset.number, message, packed=packed):
                yield FoundText(handset.number, message)

    def meets(self, number: str, message: HandsetMessage, *, packed: bool) -> bool:
        """Whether a text of a handset meets every condition."""
        return (
            (self.number is None or self.number == number)
            and (self.source is None or self.source == message.source)
            and (self.system_id is None or self.system_id == message.system_id)
            and (self.tag is None or self.tag == message.tag)
            and (self.after is None or message.serial > self.after)
            and (self.before is None or message.serial < self.before)
            and (
                self.match is None
                or self.match.casefold() in text_shown(message, packed=packed).casefold()
            )
        )


def parse_query(parameters: Mapping[str, str], number: str | None = None) -> TextQuery:
    """The conditions in the parameters of a request. Raises QueryError."""
    match = parameters.get("match")
    if match is not None and not 1 <= len(match) <= MAX_MATCH:
        raise QueryError(f"match must have 1 to {MAX_MATCH} characters.")
    return TextQuery(
        number=number,
        match=match,
        source=parameters.get("from"),
        system_id=parameters.get("systemId"),
        tag=parameters.get("tag"),
        after=_id_of(parameters, "after"),
        before=_id_of(parameters, "before"),
    )


def parse_wait(text: str) -> float:
    """Seconds of `10s`, `500ms` or `10`, at most `MAX_WAIT_S`. Raises QueryError."""
    found = _WAIT.fullmatch(text)
    seconds = int(found[1]) / (1000 if found[2] == "ms" else 1) if found else None
    if seconds is None or seconds > MAX_WAIT_S:
        raise QueryError(f"wait must be a time such as 10s or 500ms, at most {MAX_WAIT_S:g}s.")
    return seconds


def _id_of(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not _ID.fullmatch(text):
        raise QueryError(f"{name} must be the id of a text.")
    return int(text)


class TextWaiters:
    """Requests that wait for a text."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[bool], Callable[[FoundText], bool]] = {}
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether as many requests wait as allowed."""
        return len(self._waiting) >= MAX_WAITING

    def on_message(self, number: str, message: HandsetMessage) -> None:
        """Wake up the requests that wait for this text."""
        for future, is_wanted in self._waiting.items():
            if not future.done() and is_wanted(FoundText(number, message)):
                future.set_result(True)

    @contextmanager
    def waiting(self, is_wanted: Callable[[FoundText], bool]) -> Iterator[asyncio.Future[bool]]:
        """A future that is True once a wanted text comes, and False once this is closed."""
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[future] = is_wanted
        if self._is_closed:
            future.set_result(False)
        try:
            yield future
        finally:
            del self._waiting[future]

    def close(self) -> None:
        """End every wait."""
        self._is_closed = True
        for future in self._waiting:
            if not future.done():
                future.set_result(False)
