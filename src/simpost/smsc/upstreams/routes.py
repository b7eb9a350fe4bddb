"""The routes of all shapes."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.routing import BaseRoute

from simpost.smsc.faults import UpstreamName
from simpost.smsc.upstreams.api import UpstreamApi
from simpost.smsc.upstreams.emnify import SimulatedEmnify
from simpost.smsc.upstreams.esim_access import SimulatedEsimAccess
from simpost.smsc.upstreams.esim_go import SimulatedEsimGo
from simpost.smsc.upstreams.esimfly import SimulatedEsimfly
from simpost.smsc.upstreams.once import SimulatedOnce
from simpost.smsc.upstreams.twilio import SimulatedTwilio


def upstream_routes(api: UpstreamApi, callback_urls: Mapping[UpstreamName, str]) -> list[BaseRoute]:
    """The documented paths of all APIs; none is one of the simulator's own."""
    return [
        *SimulatedEsimAccess().routes(api),
        *SimulatedEsimGo(callback_urls.get("esim_go", "")).routes(api),
        *SimulatedEsimfly().routes(api),
        *SimulatedTwilio().routes(api),
        *SimulatedEmnify(callback_urls.get("emnify", "")).routes(api),
        *SimulatedOnce(callback_urls.get("once", "")).routes(api),
    ]
