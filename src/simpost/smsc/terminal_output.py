"""One line of terminal output for each text: number, length, result.

The text itself is not printed: the handset shows it.
"""

from __future__ import annotations

from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.content import text_of
from simpost.smsc.reassembly import HandsetMessage
from simpost.text.display import visible


def message_line(number: str, message: HandsetMessage, *, packed: bool) -> str | None:
    """The line of a text received or sent; None until all parts or responses have arrived."""
    size = sum(len(text_of(part, packed=packed)) for part in message.parts if part)
    length = f"{size} characters in {len(message.parts)} part{'s' * (len(message.parts) > 1)}"
    if message.destination:
        if not message.responses:
            return None
        responses = ", ".join(sorted(set(message.responses)))
        return visible(f"{number} sent {length} to {message.destination}: {responses}")
    if not message.is_complete:
        return None
    return visible(f"{number} got {length} from {message.source or 'no sender'}")


def undelivered_line(number: str, submit: AcceptedSubmit) -> str:
    """The line of a part that its handset does not show."""
    return visible(f"{number} got nothing from {submit.source[2]}: {submit.state.name}")
