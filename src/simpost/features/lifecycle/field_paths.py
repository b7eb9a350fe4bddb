"""Sources that simpost does not know: paths from their JSON to the fields of an event.

A path is a singular query of JSONPath (RFC 9535, 2.3.5.1): `$`, then `.name`, `['name']` or `[0]`.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from simpost.domain.lifecycle import EventKind, LifecycleEvent
from simpost.errors import InvalidRequest
from simpost.features.lifecycle.adapters.report import SourceDelivery, named
from simpost.features.lifecycle.document import (
    NotUnderstood,
    UnknownEvent,
    country,
    iccid,
    identifier,
    octets,
    optional_time_ms,
    percent,
    text,
    time_ms,
)

MOST_STEPS: Final = 16
_STEP: Final = re.compile(
    r"\.([A-Za-z_][A-Za-z0-9_]*)|\['([^'\\]{1,64})'\]|\[(0|[1-9][0-9]{0,3})\]"
)

Path = tuple[str | int, ...]


class FieldMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Where the fields of an event are in the body of a source.

    Attributes:
        kind: the path of the name of the event.
        kinds: our kind for each name; names that are not listed mean nothing.
        signature_header: of an HMAC of the body, `signature_digest` with the secret of the source.
    """

    kind: str
    kinds: dict[str, EventKind]
    id: str = ""
    at: str = ""
    iccid: str = ""
    esim_tran_no: str = ""
    order_no: str = ""
    country: str = ""
    plan: str = ""
    used_percent: str = ""
    remaining_octets: str = ""
    total_octets: str = ""
    expires_at: str = ""
    signature_header: str = ""
    signature_digest: str = "sha256"


_PATHS: Final = (
    "kind", "id", "at", "iccid", "esim_tran_no", "order_no", "country", "plan", "used_percent",
    "remaining_octets", "total_octets", "expires_at",
)  # fmt: skip


class MappingReader:
    """Reads the bodies of a source by its mapping."""

    def __init__(self, mapping: FieldMapping) -> None:
        """Raises InvalidRequest for a path that is none, or a mapping that names no eSIM."""
        self._mapping = mapping
        self._paths = {name: parse_path(getattr(mapping, name)) for name in _PATHS}
        if not any(self._paths[name] for name in ("iccid", "esim_tran_no", "order_no")):
            raise InvalidRequest("the mapping needs iccid, esimTranNo or orderNo")
        if not mapping.kinds or not self._paths["kind"]:
            raise InvalidRequest("the mapping needs kind and kinds")
        if mapping.signature_digest not in ("sha256", "sha512"):
            raise InvalidRequest("signatureDigest must be sha256 or sha512")

    def read(self, delivery: SourceDelivery) -> list[LifecycleEvent]:
        """The event of a body."""
        found = {name: find(delivery.document, path) for name, path in self._paths.items()}
        name = text(found, "kind")
        kind = self._mapping.kinds.get(name)
        if kind is None:
            raise UnknownEvent(f"the mapping has no kind for {name!r}")
        if kind is EventKind.STATUS_CHANGED:
            raise NotUnderstood("status_changed cannot be mapped")
        event = delivery.event(
            kind,
            source_event_id=identifier(found, "id"),
            at_ms=time_ms(found, "at", default=delivery.received_ms),
            iccid=iccid(found, "iccid"),
            esim_tran_no=identifier(found, "esim_tran_no"),
            order_no=identifier(found, "order_no"),
            country=country(found, "country"),
            plan=text(found, "plan"),
            used_percent=percent(found, "used_percent"),
            remaining_octets=octets(found, "remaining_octets"),
            total_octets=octets(found, "total_octets"),
            expires_ms=optional_time_ms(found, "expires_at"),
        )
        return [event if kind is EventKind.TEST else named(event)]


def parse_mapping(document: str) -> FieldMapping:
    """The mapping in JSON. Raises InvalidRequest."""
    try:
        return msgspec.json.decode(document, type=FieldMapping)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"the mapping is invalid: {error}") from None


def parse_path(path: str) -> Path:
    """The names and indexes of a path; none for an empty path. Raises InvalidRequest."""
    if not path:
        return ()
    steps: list[str | int] = []
    place = 1
    while place < len(path):
        found = _STEP.match(path, place)
        if found is None or len(steps) == MOST_STEPS:
            raise InvalidRequest(f"{path[:80]!r} is not a path such as $.data.sim['iccid']")
        name, quoted, index = found.groups()
        steps.append(int(index) if index else name or quoted)
        place = found.end()
    if not path.startswith("$") or not steps:
        raise InvalidRequest(f"{path[:80]!r} is not a path such as $.data.sim['iccid']")
    return tuple(steps)


def find(document: Any, path: Path) -> Any:
    """What is at a path; `None` if nothing is, or the path is empty."""
    found: Any = document if path else None
    for step in path:
        if isinstance(step, str):
            found = found.get(step) if isinstance(found, dict) else None
        else:
            is_there = isinstance(found, list) and step < len(found)
            found = found[step] if is_there else None
    return found
