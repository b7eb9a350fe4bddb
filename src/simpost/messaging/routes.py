"""The rules that select the carriers of a message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from simpost.domain.esims import Esim
from simpost.ports.carrier import CarrierCapabilities


class Route(msgspec.Struct, frozen=True):
    """Selects `carriers`, in order, for messages that match every field that is not empty."""

    carriers: tuple[str, ...]
    msisdn_prefix: str = ""
    imsi_prefix: str = ""
    plan: str = ""
    """Slug or package code."""
    account: str = ""
    """Access code."""

    def matches(self, access_code: str, esim: Esim) -> bool:
        """Whether a message of this account to this eSIM matches."""
        return (
            esim.msisdn.startswith(self.msisdn_prefix)
            and esim.imsi.startswith(self.imsi_prefix)
            and self.plan in ("", esim.slug, esim.package_code)
            and self.account in ("", access_code)
        )


def _always(_carrier: str) -> bool:
    return True


class Routing(msgspec.Struct, frozen=True):
    """All routes in order, and the capabilities of their carriers.

    Attributes:
        is_available: whether a carrier, by name, should be preferred now.
    """

    routes: Sequence[Route]
    carriers: Mapping[str, CarrierCapabilities]
    is_available: Callable[[str], bool] = _always

    def pick(self, access_code: str, esim: Esim) -> tuple[CarrierCapabilities, ...]:
        """The carriers of the first route that matches, in order, the available ones first."""
        for route in self.routes:
            if route.matches(access_code, esim):
                if len(route.carriers) == 1:
                    return (self.carriers[route.carriers[0]],)
                return self._by_availability(route)
        return ()

    def _by_availability(self, route: Route) -> tuple[CarrierCapabilities, ...]:
        names = sorted(route.carriers, key=lambda name: not self.is_available(name))
        return tuple(self.carriers[name] for name in names)
