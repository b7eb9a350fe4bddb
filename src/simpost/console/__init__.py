"""The web console at `/console`: pages for support staff and administrators.

A page calls the services that the API calls, and shows what they return. No rule, no SQL and
nothing that the API and the CLI cannot do may enter here.
"""

from __future__ import annotations

from simpost.console.app import build_console

__all__ = ["build_console"]
