"""Automations: messages that start when something happens to an eSIM."""
