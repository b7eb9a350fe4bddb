"""The rows of `make bench`: each is one comparison, run side by side, that gives its figures."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from bench import export as exports
from bench.checks import generator_per_s, sink_per_s
from bench.crash import kill_and_count
from bench.database import Database
from bench.gateways import Contestant, Simpost, SimpostBatches, Terms
from bench.memory import passing, waiting
from bench.peers import kannel
from bench.peers.kannel import Kannel
from bench.runner import Course, Stretch, figures

Figures: TypeAlias = dict[str, Any]
"""By contestant or check: figures by name."""

_WARM_UP = 2000
_HISTORY = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much to measure.

    Attributes:
        messages: of one stretch.
        rounds: number of stretches of each contestant; they alternate.
    """

    folder: Path
    messages: int
    rounds: int
    terms: Terms


def receipts(wanted: Wanted) -> Figures:
    """One part, reported on: committed, sent, answered, receipt committed and acknowledged."""
    return _against_kannel(wanted, wanted.terms)


def plain(wanted: Wanted) -> Figures:
    """One part, and no receipt ever comes."""
    return _against_kannel(wanted, replace(wanted.terms, receipts=False))


def untold(wanted: Wanted) -> Figures:
    """As `receipts`, but Kannel tells nobody (no dlr-url): what came is then known nowhere."""
    return _against_kannel(wanted, wanted.terms, tells=False)


def parts(wanted: Wanted) -> Figures:
    """Three parts, by CPU seconds for 1,000 parts. Kannel asks for one receipt a message."""
    terms = replace(wanted.terms, parts=3)
    return _against_kannel(replace(wanted, messages=wanted.messages // 3), terms)


def history(wanted: Wanted) -> Figures:
    """An empty store, and one with 1,000,000 messages in it."""
    return _with_history(wanted, lambda: None)


def batches(wanted: Wanted) -> Figures:
    """One part, with receipts: single requests, and batches of 100 of the native API."""
    single = Simpost(_place(wanted, "single"), wanted.terms, name="single")
    batched = SimpostBatches(_place(wanted, "batches"), wanted.terms, name="batches of 100")
    with _stopped(single, batched):
        return _side_by_side(wanted, wanted.terms, [single, batched])


def postgres(wanted: Wanted) -> Figures:
    """The embedded store, and PostgreSQL with its CPU counted; one part, with receipts."""
    embedded = Simpost(_place(wanted, "embedded"), wanted.terms, name="embedded")
    on_postgres = Simpost(
        _place(wanted, "postgres"), wanted.terms, name="postgres", database=Database()
    )
    with _stopped(embedded, on_postgres):
        return _side_by_side(wanted, wanted.terms, [embedded, on_postgres])


def postgres_history(wanted: Wanted) -> Figures:
    """An empty database, and one with 1,000,000 messages in it."""
    return _with_history(wanted, Database)


def nodes(wanted: Wanted) -> Figures:
    """One node on PostgreSQL, and four, the load spread over their ports."""
    one = Simpost(_place(wanted, "one"), wanted.terms, name="one node", database=Database())
    four = Simpost(
        _place(wanted, "four"), wanted.terms, name="four nodes", database=Database(), nodes=4
    )
    with _stopped(one, four):
        found = _side_by_side(wanted, wanted.terms, [one, four])
        for node in (one, four):
            found[node.name]["sent_by_each"] = node.sink.stats()["links"]
        return found


def latency(wanted: Wanted) -> Figures:
    """How long an answer takes at half the pace of saturation."""
    simpost = Simpost(_place(wanted, "half"), wanted.terms)
    with _stopped(simpost):
        course = Course(simpost, wanted.terms)
        course.run(_WARM_UP)
        full = course.run(wanted.messages)
        half = course.run(wanted.messages, rate_per_s=full.accepted_per_s / 2)
        return {"saturated": figures([full]), "half the pace": figures([half])}


def memory(wanted: Wanted) -> Figures:
    """Resident memory: 1,000,000 messages pass; 100,000 wait for an SMSC that is away."""
    found: Figures = {}
    for name, watch in (("passing", passing), ("waiting", waiting)):
        simpost = Simpost(_place(wanted, name), wanted.terms)
        with _stopped(simpost):
            found[name] = watch(simpost, wanted.terms)
    return found


def export(wanted: Wanted) -> Figures:
    """1,000,000 messages exported, on each store: rows per second, and memory that it takes."""
    return export_each(wanted, _HISTORY)


def export_each(wanted: Wanted, rows: int) -> Figures:
    """An export of a log of `rows` messages, on each store and in each format."""
    found: Figures = {}
    for name, make in (("embedded", lambda: None), ("postgres", Database)):
        simpost = Simpost(_place(wanted, name), wanted.terms, database=make())
        with _stopped(simpost):
            simpost.fill_history(rows, int(time.time() * 1000))
            for format_ in exports.FORMATS:
                found[f"{name} {format_}"] = exports.measure(simpost, rows, format_)
    return found


def kill(wanted: Wanted) -> Figures:
    """Kill -9 of the whole gateway in the middle of the load, then a restart."""
    found: Figures = {}
    for make in _contestants():
        contestant = make(_place(wanted, "killed"), wanted.terms)
        with _stopped(contestant):
            found[contestant.name] = kill_and_count(contestant, wanted.terms, wanted.messages)
    return found


def kill_nodes(wanted: Wanted) -> Figures:
    """The same with four nodes on PostgreSQL: all of them at once."""
    four = Simpost(
        _place(wanted, "killed"), wanted.terms, name="four nodes", database=Database(), nodes=4
    )
    with _stopped(four):
        return {four.name: kill_and_count(four, wanted.terms, wanted.messages)}


def check(wanted: Wanted) -> Figures:
    """The pace of the generator and of the sink by themselves, with no gateway between."""
    folder = _place(wanted, "check")
    folder.mkdir()
    terms, messages = wanted.terms, 5 * wanted.messages
    paces = {
        "generator": generator_per_s(folder, messages, terms.connections),
        "sink": sink_per_s(folder, messages, terms.window, receipts=False),
        "sink with receipts": sink_per_s(folder, messages, terms.window, receipts=True),
    }
    return {name: {"done_per_s": round(pace)} for name, pace in paces.items()}


ROWS: dict[str, Callable[[Wanted], Figures]] = {
    "check": check,
    "receipts": receipts,
    "plain": plain,
    "parts": parts,
    "batches": batches,
    "latency": latency,
    "kill": kill,
    "untold": untold,
    "history": history,
    "postgres": postgres,
    "postgres-history": postgres_history,
    "nodes": nodes,
    "kill-nodes": kill_nodes,
    "memory": memory,
    "export": export,
}
USUAL = ("check", "receipts", "plain", "parts", "latency", "kill")
"""The rows of `make bench`: a few minutes."""


def _with_history(wanted: Wanted, database: Callable[[], Database | None]) -> Figures:
    empty, full = (
        Simpost(_place(wanted, "store"), wanted.terms, name=name, database=database())
        for name in ("empty", "1,000,000 messages")
    )
    with _stopped(empty, full):
        full.fill_history(_HISTORY, int(time.time() * 1000))
        return _side_by_side(wanted, wanted.terms, [empty, full])


def _against_kannel(wanted: Wanted, terms: Terms, *, tells: bool = True) -> Figures:
    contestants: list[Contestant] = [Simpost(_place(wanted, "simpost"), terms)]
    if kannel.missing() is None:
        contestants.append(Kannel(_place(wanted, "kannel"), terms, tells=tells))
    with _stopped(*contestants):
        return _side_by_side(wanted, terms, contestants)


def _contestants() -> list[Callable[[Path, Terms], Contestant]]:
    return [Simpost, *([] if kannel.missing() else [Kannel])]


def _side_by_side(wanted: Wanted, terms: Terms, contestants: Sequence[Contestant]) -> Figures:
    """Alternate, so that other work on the machine affects all of them.

    `ratio` is the median of the rounds: CPU of a contestant against the first one's.
    """
    courses = [Course(contestant, terms) for contestant in contestants]
    for course in courses:
        course.run(_WARM_UP)
    rounds = [[course.run(wanted.messages) for course in courses] for _ in range(wanted.rounds)]
    return {
        course.contestant.name: {
            **figures([stretches[place] for stretches in rounds]),
            "ratio": round(statistics.median(_ratios(rounds, place)), 2),
            "peak_mib": round(course.contestant.peak_mib),
        }
        for place, course in enumerate(courses)
    }


def _ratios(rounds: Sequence[Sequence[Stretch]], place: int) -> Iterator[float]:
    return (stretches[place].cpu_s_per_1000 / stretches[0].cpu_s_per_1000 for stretches in rounds)


def _place(wanted: Wanted, name: str) -> Path:
    """A folder that is not there yet."""
    taken = sum(1 for _ in wanted.folder.iterdir())
    return wanted.folder / f"{taken}-{name}"


@contextlib.contextmanager
def _stopped(*contestants: Contestant) -> Iterator[None]:
    try:
        yield
    finally:
        for contestant in contestants:
            contestant.stop()
