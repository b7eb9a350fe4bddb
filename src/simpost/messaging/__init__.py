"""Messages on their way: intake, decision, dispatch, inbound, maintenance.

No HTTP, no SQL and no carrier drivers: only ports.
"""
