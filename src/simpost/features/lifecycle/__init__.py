"""Lifecycle events of eSIMs: received from suppliers, read by an adapter for each, and recorded.

An adapter turns a body into events in the normal form of `simpost.domain.lifecycle`. It is pure:
no clock, no store, no network.
"""
