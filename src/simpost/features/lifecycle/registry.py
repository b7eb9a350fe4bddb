"""The kinds of sources, by the name in their URL."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from simpost.features.lifecycle.adapters import (
    airalo,
    dt_one,
    emnify,
    esim_access,
    esim_go,
    esimfly,
    roamify,
)
from simpost.features.lifecycle.adapters.report import Read
from simpost.features.lifecycle.field_paths import MappingReader, parse_mapping
from simpost.net.body_signatures import SignatureRule
from simpost.ports.store import LifecycleSource


class SourceKind(StrEnum):
    """A kind of source: the supplier, or `mapping`."""

    ESIM_ACCESS = "esimaccess"
    HIROAMING = "hiroaming"
    ESIM_GO = "esimgo"
    ESIMFLY = "esimfly"
    AIRALO = "airalo"
    ROAMIFY = "roamify"
    DT_ONE = "dtone"
    EMNIFY = "emnify"
    ONE_NCE = "1nce"
    MAPPING = "mapping"


class Adapter(msgspec.Struct, frozen=True):
    """How the deliveries of a source are read and signed; no rule: they are not signed."""

    read: Read
    signature: SignatureRule | None = None


ADAPTERS: Final = {
    SourceKind.ESIM_ACCESS: Adapter(esim_access.read),
    SourceKind.HIROAMING: Adapter(esim_access.read),
    SourceKind.ESIM_GO: Adapter(esim_go.read, esim_go.SIGNATURE),
    SourceKind.ESIMFLY: Adapter(esimfly.read, esimfly.SIGNATURE),
    SourceKind.AIRALO: Adapter(airalo.read, airalo.SIGNATURE),
    SourceKind.ROAMIFY: Adapter(roamify.read, roamify.SIGNATURE),
    SourceKind.DT_ONE: Adapter(dt_one.read),
    SourceKind.EMNIFY: Adapter(emnify.read),
    SourceKind.ONE_NCE: Adapter(emnify.read),
}


def adapter_of(source: LifecycleSource) -> Adapter | None:
    """The adapter of a source; `None` for a kind that a newer release added."""
    if source.kind != SourceKind.MAPPING:
        return ADAPTERS.get(source.kind)  # type: ignore[call-overload, no-any-return]
    mapping = parse_mapping(source.mapping or "")
    rule = None
    if mapping.signature_header:
        rule = SignatureRule((mapping.signature_header.lower(),), mapping.signature_digest)
    return Adapter(MappingReader(mapping).read, rule)
