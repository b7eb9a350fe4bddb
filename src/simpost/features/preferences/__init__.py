"""What travellers want to be sent, and every way to say it: API, import, a text, a link.

Whether a message may be sent is decided in `domain/policy` and `messaging`, not here.
"""
