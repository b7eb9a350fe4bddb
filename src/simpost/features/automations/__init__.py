"""Automations: rules that send a template when something happens to an eSIM."""
