"""Verifications: one-time codes for eSIMs, sent, sent again and checked."""
