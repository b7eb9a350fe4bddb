"""Automations, and what became of each for every transition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from simpost.domain.automations import Automation, Run, RunState

AUTOMATION_STEP: Final = 200
"""Most rows that one call of `start_runs`, `list_due` or `delete_old` looks at."""

DUE_SHARE: Final = 50
"""Most runs of one account that `list_due` takes before those of other accounts."""


class AutomationStore(Protocol):
    """Keeps automations and their runs. A run is unique by automation, eSIM and occurrence."""

    async def save(self, automation: Automation) -> bool:
        """Add or replace an automation; false if the account has as many as it may have."""
        ...

    async def find(self, account_id: int, name: str) -> Automation | None:
        """One of the account's automations."""
        ...

    async def list_automations(self, account_id: int) -> list[Automation]:
        """All of an account, by name."""
        ...

    async def delete(self, account_id: int, name: str) -> bool:
        """Delete an automation; its runs stay. False if the account has none with this name."""
        ...

    async def count_runs(self, account_id: int, name: str) -> Mapping[RunState, int]:
        """How many runs of an automation are in each state."""
        ...

    async def list_runs(
        self, account_id: int, name: str, *, before: bytes | None, limit: int
    ) -> list[Run]:
        """The runs of an automation, newest first."""
        ...

    async def has_new_transitions(self) -> bool:
        """Whether `start_runs` would find a transition. Writes nothing."""
        ...

    async def start_runs(self, *, new_id: Callable[[], bytes], now_ms: int) -> int:
        """Begin a run for each enabled automation of transitions that nobody handled.

        Transitions are marked as handled in the same transaction. Returns how many there were.
        """
        ...

    async def list_due(self, *, now_ms: int, after_account: int) -> tuple[list[Run], int]:
        """Runs that wait and are due, the longest due first, and the next `after_account`.

        If there are more than a step, accounts have shares, beginning with the account after that
        one: no account waits for all of another one.
        """
        ...

    async def end_runs(self, runs: Sequence[Run]) -> None:
        """Save the state, message and reason of runs that waited."""
        ...

    async def delete_old(self, *, before_ms: int) -> int:
        """Delete runs that ended before a time; how many."""
        ...
