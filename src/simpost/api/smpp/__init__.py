"""The SMPP port: clients of accounts bind, send messages, and get receipts and replies.

It reads a PDU, gives it to the same intake as the other APIs, and words the response. It has no
rule of its own about what may be sent. `docs/smpp-server.md` has the tables.
"""
