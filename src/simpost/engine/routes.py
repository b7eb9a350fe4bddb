"""Routes: the rules that pick the carrier of a message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from simpost.domain.esims import Esim
from simpost.ports.carrier import Traits


class Route(msgspec.Struct, frozen=True):
    """Send through `carrier` what fits every field that is given; an empty field fits all."""

    carrier: str
    msisdn_prefix: str = ""
    imsi_prefix: str = ""
    plan: str = ""
    """Slug or package code."""
    account: str = ""
    """Access code."""

    def fits(self, access_code: str, esim: Esim) -> bool:
        return (
            esim.msisdn.startswith(self.msisdn_prefix)
            and esim.imsi.startswith(self.imsi_prefix)
            and self.plan in ("", esim.slug, esim.package_code)
            and self.account in ("", access_code)
        )


class Routing(msgspec.Struct, frozen=True):
    """All routes in order, and the traits of the carriers they lead to."""

    routes: Sequence[Route]
    carriers: Mapping[str, Traits]

    def pick(self, access_code: str, esim: Esim) -> Traits | None:
        """The carrier of the first route that fits."""
        for route in self.routes:
            if route.fits(access_code, esim):
                return self.carriers[route.carrier]
        return None
