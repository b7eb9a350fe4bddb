"""The SMPP driver: one SMSC and one or more binds to it."""

from simpost.carriers.smpp.carrier import SmppCarrier

__all__ = ["SmppCarrier"]
