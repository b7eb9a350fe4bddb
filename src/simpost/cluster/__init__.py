"""Several processes on one database: nodes, heartbeats, binds with one owner, shared rate limits.

It controls the carriers of its node through `local_carriers` and does not know messages.
"""
