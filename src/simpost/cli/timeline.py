"""The timeline of one message: request, attempts, receipts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simpost.domain.plurals import counted
from simpost.domain.states import State
from simpost.domain.texts import shown_absence
from simpost.messaging.message_events import explained, message_events
from simpost.text.display import visible


def timeline(message: dict[str, Any]) -> Iterator[str]:
    """The lines to show of a message as the native API returns it."""
    state = State(message["state"])
    parts = message["partCount"]
    yield f"message   {message['id']}"
    yield f"state     {state}{explained(message['reason'])}"
    yield f"eSIM      {message['esimTranNo']}  ICCID {message['iccid'] or '-'}  to {message['to']}"
    yield f"kind      {message['category']}, {counted(parts, 'part')} of {message['encoding']}"
    if message["requestId"]:
        yield f"request   {message['requestId']}"
    if reference := message.get("reference"):
        yield f"reference {visible(reference)}"
    yield from _options(message)
    if absence := message.get("textAbsence"):
        yield f"text      {shown_absence(absence)}"
    elif message["text"] is None:
        yield f"binary    {message['binary']}"
    else:
        yield f"text      {visible(message['text'])}"
    if source := message.get("template"):
        yield f"template  {source['name']}, version {source['version']}, in {source['language']}"
    if message.get("heldUntil"):
        yield f"waits     until {message['heldUntil']}"
    if waits := message.get("waitingFor"):
        problem = f": {visible(waits['problem'])}" if waits["problem"] else ""
        yield f"waits     for the carrier {waits['carrier']}, which is {waits['state']}{problem}"
    yield ""
    for time, line in sorted(message_events(message), key=lambda event: event[0]):
        yield f"{time}  {line}"
    if not state.is_final:
        yield f"{message['expiresAt']}  would expire"


def _options(message: dict[str, Any]) -> Iterator[str]:
    """The options of the request."""
    options = [f"from {message['from']}"] if message["from"] else []
    if message["class"] is not None:
        options.append(f"class {message['class']}")
    if ports := message["ports"]:
        options.append(f"to port {ports['destination']} from {ports['source']}")
    if not message["receipt"]:
        options.append("without a receipt")
    if message.get("sendAt"):
        options.append(f"at {message['sendAt']}")
    if options:
        yield f"options   {', '.join(options)}"
