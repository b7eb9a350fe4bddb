"""The settings of a simpost: one TOML file, checked as a whole before anything starts."""

from __future__ import annotations

from simpost.config.carriers import CarrierSettings, SmppCarrierSettings
from simpost.config.links import TlsMistake, tls_context
from simpost.config.load import load
from simpost.config.settings import Log, Messages, Route, Server, Settings
from simpost.config.store import ROLES, Node, Store

__all__ = [
    "ROLES",
    "CarrierSettings",
    "Log",
    "Messages",
    "Node",
    "Route",
    "Server",
    "Settings",
    "SmppCarrierSettings",
    "Store",
    "TlsMistake",
    "load",
    "tls_context",
]
