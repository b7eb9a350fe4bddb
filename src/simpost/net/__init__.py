"""Outbound network access: an HTTP client, the address guard and name look-ups.

Contains nothing about accounts, the store or our HTTP APIs.
"""
