"""The SMPP carrier: one message centre, reached through one or more binds."""

from simpost.carriers.smpp.carrier import SmppCarrier

__all__ = ["SmppCarrier"]
