"""Counts of messages by state for the last hour, day and week."""
