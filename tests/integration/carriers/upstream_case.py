"""A row of the table of upstream APIs: settings, the request of a part, outcomes of responses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.integration.carriers.upstream_api import Reply, Request

Row = tuple[Reply, str, str | None, str | None]


@dataclass
class Case:
    """An upstream API.

    Attributes:
        check: asserts what the request of a part with the text TEXT looks like.
        outcomes: a reply, the kind, the reason, and the carrier's code or id.
        accepted: a reply that accepts a part.
        log_in: path and reply of the log-in, if there is one.
    """

    name: str
    settings: dict[str, Any]
    check: Callable[[Request], None]
    accepted: Reply
    outcomes: list[Row] = field(default_factory=list)
    log_in: tuple[str, Reply] | None = None


THROTTLED: list[Row] = [
    (Reply(429, headers={"Retry-After": "1"}), "throttled", "throttled", "HTTP 429"),
    (Reply(503), "unreachable", "carrier_busy", "HTTP 503"),
    (Reply(502), "in_doubt", "unclear_response", "HTTP 502"),
]
"""Rows of every API."""
