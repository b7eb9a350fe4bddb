"""What was found about one thing."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How serious it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class Finding(NamedTuple):
    """One line of the report.

    Attributes:
        subject: what was looked at, such as `disk` or `carrier smsc`.
        remedy: what to do about it; empty if nothing is to be done.
    """

    subject: str
    severity: Severity
    words: str
    remedy: str = ""


def ok(subject: str, words: str) -> Finding:
    """Nothing is to be done."""
    return Finding(subject, Severity.OK, words)


def warning(subject: str, words: str, remedy: str) -> Finding:
    """It works, and will not for ever."""
    return Finding(subject, Severity.WARNING, words, remedy)


def problem(subject: str, words: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(subject, Severity.PROBLEM, words, remedy)
