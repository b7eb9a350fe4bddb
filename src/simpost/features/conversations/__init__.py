"""Conversations: people answer the texts of travellers."""
