"""The use cases of messaging: intake, decision, dispatch, inbound messages, maintenance.

No HTTP, no SQL and no carrier drivers: only ports.
"""
