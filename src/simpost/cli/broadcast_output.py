"""What `simpost broadcast` shows: a broadcast, a preview, a line of a list, a line of progress."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from simpost.domain.plurals import counted

_WIDTH: Final = 40


def progress_bar(found: dict[str, Any]) -> str:
    """Who was decided, without those that are held."""
    counts = found["counts"]
    total = counts["total"]
    done = total - counts["remaining"] - counts["held"]
    filled = _WIDTH * done // total if total else 0
    return f"[{'#' * filled}{' ' * (_WIDTH - filled)}] {done:,} of {total:,}  {found['status']}"


def list_row(found: dict[str, Any]) -> tuple[str, ...]:
    """Id, name, status, decided, eSIMs."""
    counts = found["counts"]
    decided = counts["total"] - counts["remaining"]
    return found["id"], found["name"], found["status"], str(decided), str(counts["total"])


def recipient_row(found: dict[str, Any]) -> tuple[str, ...]:
    """ESIM, state, message, and why, or until when, or how it ended."""
    reason = found["reason"]["code"] if found["reason"] else ""
    why = f"{reason} until {found['heldUntil']}" if found["heldUntil"] else reason
    return found["esimTranNo"], found["state"], found["messageId"] or "", found["outcome"] or why


def broadcast_lines(found: dict[str, Any]) -> Iterator[str]:
    """What it does, why, and its counts."""
    counts = found["counts"]
    yield f"{found['id']}  {found['name']}"
    yield f"{found['status']}: {found['explanation']}"
    yield (
        f"eSIMs      {counts['total']:,}: {counts['accepted']:,} accepted, "
        f"{counts['held']:,} held, {counts['refused']:,} refused, "
        f"{counts['cancelled']:,} cancelled, {counts['remaining']:,} remaining"
    )
    reported = found["reported"]
    yield (
        f"reported   {reported['delivered']:,} delivered, {reported['failed']:,} failed, "
        f"{reported['optedOut']:,} opted out"
    )
    yield f"parts      {found['parts']:,}, {_cost(found)}"
    local = f", at {found['localTime']} of each eSIM" if found["localTime"] else ""
    yield f"pace       {found['perSecond']:,} a second{local}"
    yield f"from       {found['startAt']} to {found['notAfter']}"


def preview_lines(found: dict[str, Any]) -> Iterator[str]:
    """What it would do, and the text of each language."""
    yield f"eSIMs        {found['total']:,}, of which {found['decided']:,} were decided"
    yield f"would send   {found['sends']:,}"
    yield f"would hold   {found['holds']:,}"
    yield f"parts        {found['parts']:,}, {_cost(found)}"
    yield f"takes        {timedelta(seconds=found['seconds'])} at its pace"
    if found["tooLate"]:
        yield f"too late     {found['tooLate']:,} are not reached before --not-after"
    for each in found["refusals"]:
        yield f"would refuse {each['count']:,}: {each['reason']['explanation']}"
    for each in found["samples"]:
        yield f"{each['language']:<5} {each['esimTranNo']}  {each['text']}"


def _cost(found: dict[str, Any]) -> str:
    """The cost, and how much of it is a guess."""
    unpriced = found["unpriced"]
    guess = f"; no known price for {counted(unpriced, 'eSIM')}, 1 unit a part" if unpriced else ""
    return f"{found['cost']} cost units{guess}"
