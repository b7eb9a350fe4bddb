"""The native API of a gateway in memory: which function answers which path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simpost_client.testing import (
    broadcasts,
    conversations,
    messages,
    templates,
    verifications,
)
from simpost_client.testing.state import Answer, Refusal, State, found, page

_Body = Mapping[str, Any]
_Query = Mapping[str, str]
_Handler = Callable[[State, Sequence[str], _Body, _Query], Any]


def answer(state: State, method: str, path: str, body: _Body, query: _Query) -> Answer:
    """The response to a request. Raises Refusal."""
    for verb, pattern, handler in _ROUTES:
        names = re.fullmatch(pattern, path)
        if verb == method and names is not None:
            result = handler(state, names.groups(), body, query)
            return result if isinstance(result, Answer) else Answer(200, result)
    raise Refusal(404, "not_found", "There is no such path.")


def _events(state: State, query: _Query) -> Answer:
    after, limit = int(query.get("after", "0")), int(query.get("limit", "50"))
    if after > len(state.events):
        detail = "Events after this number are deleted, or it was never assigned."
        raise Refusal(410, "events_gone", detail, lastSequence=len(state.events))
    rows = state.events[after : after + limit]
    more = after + limit < len(state.events)
    last = rows[-1]["sequence"] if rows else after
    return Answer(200, {"events": rows, "next": last, "hasMore": more})


def stream(state: State, after: int) -> bytes:
    """The events after a number as server-sent events; a heartbeat, and the end."""
    frames = ["retry: 10\n\n"]
    for row in state.events[after:]:
        data = json.dumps(row, ensure_ascii=False)
        frames.append(f"id: {row['sequence']}\nevent: {row['type']}\ndata: {data}\n\n")
    return "".join([*frames, "event: heartbeat\ndata: {}\n\n"]).encode()


_ID = r"([^/]+)"
_ROUTES: tuple[tuple[str, str, _Handler], ...] = (
    ("POST", "/v1/messages", lambda s, _, body, query: messages.send(s, body, query)),
    ("GET", "/v1/messages", lambda s, _, __, query: messages.search(s, query)),
    ("GET", f"/v1/messages/{_ID}", lambda s, ids, *_: messages.show(s, ids[0])),
    ("DELETE", f"/v1/messages/{_ID}", lambda s, ids, *_: messages.cancel(s, ids[0])),
    ("POST", "/v1/verifications", lambda s, _, body, __: verifications.start(s, body)),
    ("GET", "/v1/verifications", lambda s, _, __, query: verifications.search(s, query)),
    (
        "POST",
        f"/v1/verifications/{_ID}/check",
        lambda s, ids, body, _: verifications.check(s, ids[0], body),
    ),
    ("GET", f"/v1/verifications/{_ID}", lambda s, ids, *_: found(s.verifications, ids[0])),
    ("DELETE", f"/v1/verifications/{_ID}", lambda s, ids, *_: verifications.cancel(s, ids[0])),
    ("POST", "/v1/templates", lambda s, _, body, __: templates.save(s, body)),
    ("GET", "/v1/templates", lambda s, _, __, query: templates.summaries(s, query)),
    ("GET", f"/v1/templates/{_ID}", lambda s, ids, *_: templates.version_of(s, ids[0], None)),
    (
        "GET",
        f"/v1/templates/{_ID}/versions/{_ID}",
        lambda s, ids, *_: templates.version_of(s, ids[0], int(ids[1])),
    ),
    (
        "POST",
        f"/v1/templates/{_ID}/render",
        lambda s, ids, body, _: templates.rendered(s, ids[0], body),
    ),
    ("DELETE", f"/v1/templates/{_ID}", lambda s, ids, *_: templates.delete(s, ids[0])),
    ("POST", "/v1/broadcasts", lambda s, _, body, __: broadcasts.start(s, body)),
    (
        "GET",
        "/v1/broadcasts",
        lambda s, _, __, query: page([*reversed(s.broadcasts.values())], query, "broadcasts"),
    ),
    ("GET", f"/v1/broadcasts/{_ID}", lambda s, ids, *_: found(s.broadcasts, ids[0])),
    (
        "GET",
        f"/v1/broadcasts/{_ID}/recipients",
        lambda s, ids, _, query: broadcasts.recipients(s, ids[0], query),
    ),
    (
        "POST",
        f"/v1/broadcasts/{_ID}/(pause|resume|cancel)",
        lambda s, ids, body, _: broadcasts.step(s, ids[0], ids[1], body),
    ),
    ("POST", "/v1/conversations", lambda s, _, body, __: conversations.start(s, body)),
    ("GET", "/v1/conversations", lambda s, _, __, query: conversations.search(s, query)),
    ("GET", f"/v1/conversations/{_ID}", lambda s, ids, *_: found(s.conversations, ids[0])),
    (
        "PATCH",
        f"/v1/conversations/{_ID}",
        lambda s, ids, body, _: conversations.change(s, ids[0], body),
    ),
    (
        "GET",
        f"/v1/conversations/{_ID}/entries",
        lambda s, ids, _, query: conversations.entries(s, ids[0], query),
    ),
    (
        "POST",
        f"/v1/conversations/{_ID}/replies",
        lambda s, ids, body, query: conversations.reply(s, ids[0], body, query),
    ),
    (
        "POST",
        f"/v1/conversations/{_ID}/notes",
        lambda s, ids, body, _: conversations.add_note(s, ids[0], body),
    ),
    (
        "GET",
        f"/v1/conversations/{_ID}/notes",
        lambda s, ids, _, query: page([*reversed(s.notes[ids[0]])], query, "notes"),
    ),
    (
        "GET",
        "/v1/inbound",
        lambda s, _, __, query: page([*reversed(s.inbound.values())], query, "inbound"),
    ),
    (
        "GET",
        f"/v1/inbound/{_ID}",
        lambda s, ids, *_: {**found(s.inbound, ids[0]), "parts": []},
    ),
    ("GET", "/v1/events", lambda s, _, __, query: _events(s, query)),
)
