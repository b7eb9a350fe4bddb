"""The routes of all shapes."""

from __future__ import annotations

from starlette.routing import BaseRoute

from simpost.smsc.upstreams.api import UpstreamApi
from simpost.smsc.upstreams.esim_access import EsimAccessShape


def upstream_routes(api: UpstreamApi) -> list[BaseRoute]:
    """The documented paths of all APIs; none is one of the simulator's own."""
    return [*EsimAccessShape().routes(api)]
