"""The settings of a simpost: one TOML file, checked as a whole before anything starts."""

from __future__ import annotations

from simpost.config.carriers import CarrierSettings, SmppCarrierSettings
from simpost.config.http_carrier import HttpCarrierSettings
from simpost.config.http_upstream import HttpUpstreamSettings
from simpost.config.links import TlsMistake, tls_context
from simpost.config.load import load
from simpost.config.preferences import PreferenceSettings
from simpost.config.settings import (
    LogSettings,
    MessageSettings,
    RouteSettings,
    ServerSettings,
    Settings,
)
from simpost.config.store import ROLES, NodeSettings, StoreSettings

__all__ = [
    "ROLES",
    "CarrierSettings",
    "HttpCarrierSettings",
    "HttpUpstreamSettings",
    "LogSettings",
    "MessageSettings",
    "NodeSettings",
    "PreferenceSettings",
    "RouteSettings",
    "ServerSettings",
    "Settings",
    "SmppCarrierSettings",
    "StoreSettings",
    "TlsMistake",
    "load",
    "tls_context",
]
