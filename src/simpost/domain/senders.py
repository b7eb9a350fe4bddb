"""Senders shown by handsets: a number, a short code or a name."""

from __future__ import annotations

import re

_SENDER = re.compile(r"\+?[0-9]{1,15}|(?=.*[A-Za-z])[A-Za-z0-9 ._&-]{1,11}")


def is_sender(text: str) -> bool:
    """Whether it is a sender: up to 15 digits (E.164), with or without +, or up to 11 characters.

    A name is letters, digits, space and `._&-`, with one letter at least: what every network shows
    as it was written.
    """
    return _SENDER.fullmatch(text) is not None
