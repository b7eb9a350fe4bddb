"""Rows of inbound messages and of their parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from simpost.domain.inbound import InboundMessage, InboundPart, InboundState, PartPosition, RawPart
from simpost.store.records.columns import reason_of
from simpost.store.records.row import NamedRow

_encode_raw = msgspec.msgpack.Encoder().encode
_decode_raw = msgspec.msgpack.Decoder(tuple[RawPart, ...]).decode
_decode_missing = msgspec.json.Decoder(tuple[int, ...]).decode


def incoming_of(assembly: NamedRow, part_rows: Iterable[NamedRow]) -> list[InboundPart]:
    """The parts of an assembly that arrived, in the order of their numbers."""
    return [
        InboundPart(
            carrier=assembly["carrier"],
            source=assembly["source"],
            destination=assembly["destination"],
            octets=row["octets"],
            encoding=row["encoding"],
            place=PartPosition(
                assembly["kind"], assembly["reference"], assembly["total"], row["number"]
            ),
            received_ms=row["received_ms"],
            for_application=bool(row["for_application"]),
            raw=_decode_raw(row["raw"])[0] if row["raw"] else None,
        )
        for row in part_rows
    ]


def raw_octets(parts: Sequence[RawPart | None]) -> bytes | None:
    """Parts as they came, in one column: they are written, read and dropped together."""
    known = [part for part in parts if part is not None]
    return _encode_raw(known) if known else None


def inbound_of(row: NamedRow, text: str, raw: bytes | None = None) -> InboundMessage:
    """`text` comes apart: the stores keep it each in its own way."""
    return InboundMessage(
        id=row["id"],
        account_id=row["account_id"],
        esim_tran_no=row["esim_tran_no"],
        carrier=row["carrier"],
        source=row["source"],
        destination=row["destination"],
        state=InboundState(row["state"]),
        reason=reason_of(row["reason"]),
        encoding=row["encoding"],
        text=text,
        part_count=row["part_count"],
        missing=_decode_missing(row["missing"]) if row["missing"] else (),
        message_id=row["message_id"],
        received_ms=row["received_ms"],
        raw=_decode_raw(raw) if raw else (),
    )
