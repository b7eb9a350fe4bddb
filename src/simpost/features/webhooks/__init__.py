"""Webhooks: events of an account, sent to its endpoints.

`endpoints` is the service behind the APIs; `delivery` is the job that runs on every node. An event
is sent at least once: the store records what was accepted, never only this process.
"""
