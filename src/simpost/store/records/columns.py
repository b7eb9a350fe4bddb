"""Values as the store writes them: states as numbers whose tens are the rank, options as JSON."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from simpost.domain.options import DEFAULT_OPTIONS, Options
from simpost.domain.reasons import Reason
from simpost.domain.states import State

CODE: dict[State, int] = {
    State.SCHEDULED: 1,
    State.HELD: 2,
    State.ACCEPTED: 10,
    State.SENDING: 30,
    State.IN_DOUBT: 40,
    State.SENT: 50,
    State.DELIVERED: 100,
    State.FAILED: 101,
    State.EXPIRED: 102,
    State.REJECTED: 103,
    State.CANCELLED: 104,
}
STATE: dict[int, State] = {code: state for state, code in CODE.items()}

FINAL = 100
"""The lowest code of a final state."""


_decode_options = msgspec.json.Decoder(Options).decode


def reason_of(text: str | None) -> Reason | None:
    return None if text is None else Reason(text)


@lru_cache(maxsize=256)
def options_text(options: Options) -> str | None:
    """JSON of the options that differ from the defaults; `None` if none does."""
    return None if options == DEFAULT_OPTIONS else msgspec.json.encode(options).decode()


@lru_cache(maxsize=256)
def options_of(text: str | None) -> Options:
    return DEFAULT_OPTIONS if text is None else _decode_options(text)
