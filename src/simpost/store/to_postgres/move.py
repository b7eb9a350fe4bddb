"""The move as a whole: copy, compare, settle, and only then let the database be served.

Each step is recorded on disk when it is complete. An interrupted move continues after the last
recorded step. Until the end neither the file nor the database can be served.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from simpost.domain.repeats import RepeatPolicy
from simpost.errors import StoreError
from simpost.store.postgres.failures import translating
from simpost.store.records.columns import STATE
from simpost.store.secret_box import SecretBox
from simpost.store.sqlite.move_marker import MoveMarker
from simpost.store.to_postgres.source import Source
from simpost.store.to_postgres.tables import TABLES
from simpost.store.to_postgres.target import MoveState, Step, Target

ROWS: Final = 5_000
"""Rows in one batch, at most."""


class Progress(NamedTuple):
    """`rows` of the `total` rows of a table are copied."""

    table: str
    rows: int
    total: int


OnProgress: TypeAlias = Callable[[Progress], None]


class Count(NamedTuple):
    """A table or a state of parts, and the number of its rows on each side."""

    name: str
    embedded: int
    database: int


class Moved(NamedTuple):
    """The end of a move.

    Attributes:
        to: the URL of the database, without user and password.
        counts: by table, and of parts by state; empty if the move was complete before.
        in_doubt: parts without a response of their carrier when the service stopped.
    """

    to: str
    counts: list[Count]
    in_doubt: int

    @property
    def is_whole(self) -> bool:
        return all(each.embedded == each.database for each in self.counts)


async def move(
    path: Path,
    url: str,
    *,
    seal_key: str,
    repeats: RepeatPolicy,
    now_ms: int,
    on_progress: OnProgress,
    rows: int = ROWS,
) -> Moved:
    """Move the embedded store to the database, or continue an interrupted move.

    `repeats` selects the parts in doubt that are sent again. If the counts differ, the move is not
    finished: the caller checks `Moved.is_whole`. After a StoreError the same call continues after
    the last reported progress.
    """
    seal = SecretBox(seal_key)
    with Source.opened(path, seal) as source:
        async with Target.opened(url, now_ms) as target:
            state = await _begin(source, target, seal)
            if state.finished_ms is not None:
                return Moved(target.shown, [], 0)
            for table in TABLES:
                await target.check_shape(source.shape(table))
            await _copy(source, target, rows, on_progress)
            here = _named(source.rows(), source.part_states())
            # Compared only once: the steps below change rows of the database.
            there = here
            if state.compared_ms is None:
                there = _named(await target.rows(), await target.part_states())
            moved = Moved(target.shown, _side_by_side(here, there), source.in_hand())
            if not moved.is_whole:
                return moved
            await target.note_compared(state.id)
            await target.end_leases(repeats)
            await target.settle_in()
            if source.is_copy():
                await target.mark_copy()
            source.set_marker(MoveMarker(state.id.hex(), target.shown, is_over=True))
            await target.finish(state.id)
            return moved


def cancel_move(path: Path, *, seal_key: str) -> str:
    """Allow the file to be served again; returns the database that has the copied rows.

    Raises StoreError when no move was started, or when it is complete.
    """
    with Source.opened(path, SecretBox(seal_key)) as source:
        marker = source.marker()
        if marker is None:
            raise StoreError(f"{path} is not being moved")
        if marker.is_over:
            raise StoreError(f"{path} was moved to {marker.to}, which may have sent from it since")
        source.delete_marker()
        return marker.to


async def _begin(source: Source, target: Target, seal: SecretBox) -> MoveState:
    """Raises StoreError unless the database is empty or has the first rows of the same move."""
    marker = source.marker()
    await target.prepare()
    state = await target.find_move()
    if state is not None:
        if marker is None or marker.id != state.id.hex():
            raise StoreError(f"{target.shown} holds other data, of another move")
        await target.check_seal(seal)
        return state
    if marker is not None and marker.is_over:
        raise StoreError(f"{source.path} was moved to {marker.to} before")
    await target.refuse_unless_free()
    await target.check_seal(seal)
    move_id = secrets.token_bytes(16)
    source.set_marker(MoveMarker(move_id.hex(), target.shown))
    await target.begin(move_id)
    return MoveState(move_id, None, None)


async def _copy(source: Source, target: Target, rows: int, on_progress: OnProgress) -> None:
    """Raises StoreError, saying that the same command goes on."""
    try:
        with translating():
            totals = source.rows()
            steps = await target.steps()
            for table in TABLES:
                await _copy_table(
                    source, target, table, steps.get(table, Step()), rows, totals, on_progress
                )
    except StoreError as error:
        raise type(error)(
            f"{error}; what was moved stays moved: run the same command again and it goes on"
        ) from error


async def _copy_table(
    source: Source,
    target: Target,
    table: str,
    step: Step,
    rows: int,
    totals: Mapping[str, int],
    on_progress: OnProgress,
) -> None:
    shape = source.shape(table)
    writing = await target.writing(shape)
    on_progress(Progress(table, step.rows, totals[table]))
    while not step.is_done:
        step = await target.put(writing, source.batch(shape, step.after, rows), step)
        on_progress(Progress(table, step.rows, totals[table]))


def _named(rows: dict[str, int], part_states: dict[int, int]) -> dict[str, int]:
    """Counts of tables, each with those of its states behind it."""
    named: dict[str, int] = {}
    for table, count in rows.items():
        named[table] = count
        if table == "parts":
            for code in sorted(part_states):
                state = STATE.get(code)
                named[f"  {state.value if state else code}"] = part_states[code]
    return named


def _side_by_side(here: dict[str, int], there: dict[str, int]) -> list[Count]:
    names = [*here, *(name for name in there if name not in here)]
    return [Count(name, here.get(name, 0), there.get(name, 0)) for name in names]
