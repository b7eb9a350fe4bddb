"""The HTTP APIs: compatible, native and admin."""

from __future__ import annotations

from simpost.api.router import build
from simpost.api.server import build_server
from simpost.api.shared.services import Services

__all__ = ["Services", "build", "build_server"]
