"""Plans and eSIMs that the upstream APIs list, replaced as a whole by a test or a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from simpost.errors import ConfigError

MAX_OCTETS: Final = 32 * 1024 * 1024
MAX_ROWS: Final = 100_000
_Iccid = Annotated[str, Meta(pattern="^[0-9]{18,20}$")]
_Time = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]


class UpstreamPlan(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A plan. `price` is in USD; `has_sms` is whether people can text to its eSIMs."""

    code: str
    name: str
    countries: tuple[str, ...] = ()
    days: int = 30
    megabytes: int = 1000
    price: float = 1.0
    has_sms: bool = False


class UpstreamEsim(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An eSIM. Its esimTranNo at eSIM Access is its ICCID. `changed_at` is of its last action."""

    iccid: _Iccid
    plan: str = ""
    status: Literal["new", "active", "depleted", "expired", "cancelled"] = "new"
    profile: Literal["released", "downloaded", "installed", "enabled", "disabled", "deleted"] = (
        "released"
    )
    msisdn: str = ""
    created_at: _Time = "2026-01-01T00:00:00Z"
    changed_at: _Time | None = None

    @property
    def action_at(self) -> str:
        """When it last changed."""
        return self.changed_at or self.created_at

    @property
    def was_installed(self) -> bool:
        """Whether its profile was ever installed."""
        return self.profile not in ("released", "downloaded")


class UpstreamCatalogue(Struct, frozen=True, forbid_unknown_fields=True):
    """All plans and eSIMs, in the order in which they are listed."""

    plans: Annotated[tuple[UpstreamPlan, ...], Meta(max_length=MAX_ROWS)] = ()
    esims: Annotated[tuple[UpstreamEsim, ...], Meta(max_length=MAX_ROWS)] = ()

    def plan_of(self, esim: UpstreamEsim) -> UpstreamPlan | None:
        """The plan of an eSIM, if it is listed."""
        return next((plan for plan in self.plans if plan.code == esim.plan), None)

    def find(self, iccid: str) -> UpstreamEsim | None:
        """The eSIM with this ICCID."""
        return next((esim for esim in self.esims if esim.iccid == iccid), None)


def parse_catalogue(body: bytes) -> UpstreamCatalogue:
    """A catalogue from JSON. Raises ConfigError."""
    try:
        return msgspec.json.decode(body, type=UpstreamCatalogue)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the catalogue is not valid: {error}") from None


def read_catalogue(path: Path) -> UpstreamCatalogue:
    """A catalogue from a file. Raises ConfigError."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    if len(body) > MAX_OCTETS:
        raise ConfigError(f"{path}: has more than {MAX_OCTETS} octets")
    try:
        return parse_catalogue(body)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def number_in(given: object, default: int, most: int) -> int:
    """A page number or size of a request, or the default; at least 1, at most `most`."""
    text = str(given or "")
    return min(max(int(text), 1), most) if text.isascii() and text.isdigit() else default
