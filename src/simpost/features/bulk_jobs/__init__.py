"""Bulk jobs: one verb on many messages or deliveries, after a time to undo it.

A job only calls what a person could call for each item. Nothing here sends by rules of its own.
"""
