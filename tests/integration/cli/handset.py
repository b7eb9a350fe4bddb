"""What a handset of the demo shows, once a message is delivered to it."""

from __future__ import annotations

import base64
import json
import urllib.request
from typing import Any

from tests.integration.cli.test_cli_inbox import NUMBER, PATIENCE_S


def wait_delivered(simpost: Any, message_id: str | None = None) -> None:
    """Return when the message is delivered, or any message: the stream of events says so."""
    login = base64.b64encode(b"demo:demo-secret").decode()
    request = urllib.request.Request(
        f"{simpost.url}/v1/events/stream?after=0", headers={"Authorization": f"Basic {login}"}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as stream:
        for line in stream:
            if line.startswith(b"data: "):
                event = json.loads(line.removeprefix(b"data: "))
                is_wanted = message_id in (None, event.get("subject"))
                if event.get("type") == "message.delivered" and is_wanted:
                    return
    raise AssertionError("the stream ended")


def shown_texts(simpost: Any) -> list[str]:
    """Texts on the handset, which has got one."""
    with urllib.request.urlopen(f"{simpost.handsets}handsets/{NUMBER}") as answer:
        return [each["text"] for each in json.load(answer)["messages"]]
