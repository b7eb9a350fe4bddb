"""One line for each text, for those who watch a terminal: who, how long, what became of it.

The words of a text are not in it: they are on the handset.
"""

from __future__ import annotations

from simpost.smsc.accepted_submits import AcceptedSubmit
from simpost.smsc.content import text_of
from simpost.smsc.reassembly import HandsetMessage
from simpost.text.display import visible


def line_of_message(number: str, message: HandsetMessage, *, packed: bool) -> str | None:
    """What a handset shows or has sent; None until all parts or responses are there."""
    size = sum(len(text_of(part, packed=packed)) for part in message.parts if part)
    what = f"{size} characters in {len(message.parts)} part{'s' * (len(message.parts) > 1)}"
    if message.destination:
        if not message.responses:
            return None
        responses = ", ".join(sorted(set(message.responses)))
        return visible(f"{number} sent {what} to {message.destination}: {responses}")
    if not message.is_complete:
        return None
    return visible(f"{number} got {what} from {message.source or 'no sender'}")


def line_of_loss(number: str, taken: AcceptedSubmit) -> str:
    """A part that its handset never shows."""
    return visible(f"{number} got nothing from {taken.source[2]}: {taken.state.name}")
