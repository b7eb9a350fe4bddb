"""Broadcasts: one template to many eSIMs, each once."""
