"""Reads inbound messages, and the facts that route a new one."""

from __future__ import annotations

import apsw

from simpost.domain.inbound import InboundMessage, InboundPart, Subscriber
from simpost.ports.store.inbound import Assembly, InboundFilter
from simpost.store.records.ids import AFTER_ALL_IDS, first_id
from simpost.store.records.inbound import inbound_of, incoming_of
from simpost.store.records.texts import message_text
from simpost.store.sqlite.catalogue_rows import find_esim
from simpost.store.sqlite.queries import one_snapshot, row_of, rows_of
from simpost.store.text_seal import TextSeal


def parts_of(connection: apsw.Connection, texts: TextSeal, assembly: int) -> list[InboundPart]:
    """The stored parts of an assembly, in the order of their numbers."""
    row = row_of(connection, "find_assembly", (assembly,))
    if row is None:
        return []
    return incoming_of(texts, row, rows_of(connection, "incoming_parts", (assembly,)))


def incomplete(
    connection: apsw.Connection, texts: TextSeal, before_ms: int, most: int, limit: int
) -> list[Assembly]:
    with one_snapshot(connection):
        rows = rows_of(connection, "overdue_assemblies", (before_ms, limit))
        rows += rows_of(connection, "surplus_incomplete_assemblies", (most, limit))
        found = dict.fromkeys(row["id"] for row in rows)
        parts = {each: tuple(parts_of(connection, texts, each)) for each in found}
    return [Assembly(assembly, came) for assembly, came in parts.items()]


def find_number(
    connection: apsw.Connection, msisdn: str, account_id: int | None
) -> Subscriber | None:
    row = row_of(connection, "esim_of_number", (msisdn, account_id))
    if row is None:
        return None
    owner = row["account_id"]
    esim = find_esim(connection, owner, row["esim_tran_no"], None)
    return Subscriber(owner, esim) if esim else None


def count_identical(
    connection: apsw.Connection,
    texts: TextSeal,
    account_id: int,
    esim_tran_no: str,
    sender: str,
    text: str,
    since_ms: int,
    limit: int,
) -> int:
    parameters = {
        "account_id": account_id,
        "esim_tran_no": esim_tran_no,
        "sender": sender,
        "text": text,
        "since": first_id(since_ms),
    }
    rows = rows_of(connection, "count_identical", parameters)
    same = (message_text(texts, row, (account_id, row["id"]), row["text"]) == text for row in rows)
    return min(limit, sum(same))


def find_inbound(
    connection: apsw.Connection, texts: TextSeal, account_id: int, inbound_id: bytes
) -> InboundMessage | None:
    row = row_of(connection, "find_inbound", (account_id, inbound_id))
    return inbound_of(texts, row, row["text"], row["raw"]) if row else None


def list_inbound(
    connection: apsw.Connection, texts: TextSeal, account_id: int, which: InboundFilter
) -> list[InboundMessage]:
    parameters = {
        "account_id": account_id,
        "before": which.before or AFTER_ALL_IDS,
        "limit": which.limit,
        "carried": which.carried,
    }
    name = "list_inbound"
    if which.esim_tran_no is not None:
        name = "list_inbound_of_esim"
        parameters["esim_tran_no"] = which.esim_tran_no
    rows = rows_of(connection, name, parameters)
    return [inbound_of(texts, row, row["text"]) for row in rows]
