"""The upstream API of each class of settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from simpost.carriers.http.emnify import Emnify
from simpost.carriers.http.esim_access import EsimAccess
from simpost.carriers.http.esim_go import EsimGo
from simpost.carriers.http.esimfly import Esimfly
from simpost.carriers.http.generic import GenericUpstream
from simpost.carriers.http.once import Once
from simpost.carriers.http.twilio import Twilio
from simpost.carriers.http.upstream import Upstream
from simpost.config import HttpCarrierSettings
from simpost.config.emnify_carrier import EmnifyCarrierSettings
from simpost.config.esim_access_carrier import EsimAccessCarrierSettings
from simpost.config.esim_go_carrier import EsimGoCarrierSettings
from simpost.config.esimfly_carrier import EsimflyCarrierSettings
from simpost.config.http_upstream import HttpUpstreamSettings
from simpost.config.once_carrier import OnceCarrierSettings
from simpost.config.twilio_carrier import TwilioCarrierSettings

_UPSTREAMS: Final[dict[type[HttpUpstreamSettings], Callable[[Any], Upstream]]] = {
    HttpCarrierSettings: GenericUpstream,
    EsimAccessCarrierSettings: EsimAccess,
    EsimGoCarrierSettings: EsimGo,
    EsimflyCarrierSettings: Esimfly,
    TwilioCarrierSettings: Twilio,
    EmnifyCarrierSettings: Emnify,
    OnceCarrierSettings: Once,
}


def upstream_of(settings: HttpUpstreamSettings) -> Upstream:
    """The API that the settings name."""
    return _UPSTREAMS[type(settings)](settings)
