"""Outbound network access: where calls may go, and how names are resolved.

May be used by everything that calls out. Knows no account, no store and no HTTP API of ours.
"""
