"""The steps of an erasure that erase where the traveller was.

Times, kinds and digests stay, so that a repeated report changes nothing. A change of the country
was known by its second and the country: now by its second and its id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from simpost.domain.lifecycle import EsimFacts, Transition
from simpost.ports.store.erasures import ERASURE_STEP, Erasure
from simpost.store.records.ids import first_id
from simpost.store.records.row import NamedRow
from simpost.store.shared.steps import Steps

SQL: Final = {
    "names": """
        SELECT iccid FROM esims WHERE esim_tran_no = $1 AND account_id = $2 AND iccid <> ''
    """,
    "lifecycle_events": """
        SELECT id, document FROM lifecycle_events
        WHERE account_id = $1 AND esim_tran_no = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5
    """,
    "erase_lifecycle_event": """
        UPDATE lifecycle_events SET document = $3 WHERE account_id = $1 AND id = $2
    """,
    "transitions": """
        SELECT id, transition, occurrence, country, handled_ms FROM esim_transitions
        WHERE account_id = $1 AND esim_tran_no = $2 AND id > $3 AND id < $4 ORDER BY id LIMIT $5
    """,
    "erase_transition": """
        UPDATE esim_transitions SET country = '', occurrence = $3,
          handled_ms = coalesce(handled_ms, $4)
        WHERE account_id = $1 AND id = $2
    """,
    "runs": """
        SELECT id, esim_tran_no, started_by, occurrence, country, state FROM automation_runs
        WHERE account_id = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4
    """,
    "end_run": """
        UPDATE automation_runs SET state = 'cancelled', ended_ms = $3
        WHERE account_id = $1 AND id = $2 AND state = 'waiting'
    """,
    "erase_run": """
        UPDATE automation_runs SET country = '', occurrence = $3 WHERE account_id = $1 AND id = $2
    """,
    # Holds the facts until the commit.
    "hold_facts": """
        UPDATE esim_facts SET updated_ms = updated_ms
        WHERE account_id = $1 AND esim_tran_no = $2 RETURNING facts
    """,
    "save_facts": """
        UPDATE esim_facts SET facts = $3 WHERE account_id = $1 AND esim_tran_no = $2
    """,
    "erase_country": """
        UPDATE recipients SET country = ''
        WHERE account_id = $1 AND esim_tran_no = $2 AND country <> '' RETURNING esim_tran_no
    """,
    "events": """
        SELECT sequence, type, subject, at_ms, data FROM events
        WHERE account_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3
    """,
    "erase_event": """
        UPDATE events SET data = $3 WHERE account_id = $1 AND sequence = $2
    """,
}
_PLACES: Final = ("country", "detail")
"""Fields of a lifecycle event: a detail is in the words of the supplier."""

_decode_object = msgspec.json.Decoder(dict[str, Any]).decode
_decode_facts = msgspec.json.Decoder(EsimFacts).decode


def of_esim(erasure: Erasure, after: bytes) -> tuple[int, str, bytes, bytes]:
    """The range of ids of the eSIM up to the beginning of the erasure."""
    return erasure.account_id, erasure.esim_tran_no, after, first_id(erasure.begun_ms + 1)


def of_account(erasure: Erasure, after: bytes) -> tuple[int, bytes, bytes]:
    """The range of ids of the account up to the beginning of the erasure."""
    return erasure.account_id, after, first_id(erasure.begun_ms + 1)


def last_id(rows: Sequence[NamedRow]) -> Any:
    """The id after which the next step begins; `None` after the last one."""
    return rows[-1]["id"] if len(rows) == ERASURE_STEP else None


def lifecycle_events(
    erasure: Erasure, after: bytes, _now_ms: int
) -> Steps[tuple[bytes | None, int]]:
    """Erase the places in the history of the eSIM."""
    rows = yield SQL["lifecycle_events"], (*of_esim(erasure, after), ERASURE_STEP)
    count = 0
    for row in rows:
        count += yield from _erase_document(erasure, row)
    return last_id(rows), count


def unassigned_events(
    erasure: Erasure, after: bytes, _now_ms: int
) -> Steps[tuple[bytes | None, int]]:
    """Erase the places in events that name the eSIM and were not applied to it."""
    found = yield SQL["names"], (erasure.esim_tran_no, erasure.account_id)
    names = {erasure.esim_tran_no, *(row["iccid"] for row in found)}
    account_id, _, *ids = of_esim(erasure, after)
    rows = yield SQL["lifecycle_events"], (account_id, "", *ids, ERASURE_STEP)
    count = 0
    for row in rows:
        document = _decode_object(row["document"])
        if names & {document.get("esim_tran_no"), document.get("iccid")}:
            count += yield from _erase_document(erasure, row)
    return last_id(rows), count


def _erase_document(erasure: Erasure, row: NamedRow) -> Steps[int]:
    document = _decode_object(row["document"])
    cleared = {name: each for name, each in document.items() if name not in _PLACES}
    if cleared == document:
        return 0
    text = msgspec.json.encode(cleared).decode()
    yield SQL["erase_lifecycle_event"], (erasure.account_id, row["id"], text)
    return 1


def transitions(erasure: Erasure, after: bytes, now_ms: int) -> Steps[tuple[bytes | None, int]]:
    """Erase their countries; one that was not handled starts no automation any more."""
    rows = yield SQL["transitions"], (*of_esim(erasure, after), ERASURE_STEP)
    count = 0
    for row in rows:
        occurrence = _without_country(row["transition"], row)
        if row["country"] or occurrence != row["occurrence"] or row["handled_ms"] is None:
            key = erasure.account_id, row["id"]
            yield SQL["erase_transition"], (*key, occurrence, now_ms)
            count += 1
    return last_id(rows), count


def runs(erasure: Erasure, after: bytes, now_ms: int) -> Steps[tuple[bytes | None, int]]:
    """Erase the countries of runs of automations; one that waits is cancelled."""
    rows = yield SQL["runs"], (*of_account(erasure, after), ERASURE_STEP)
    count = 0
    for row in rows:
        if row["esim_tran_no"] != erasure.esim_tran_no:
            continue
        key, occurrence = (erasure.account_id, row["id"]), _without_country(row["started_by"], row)
        if row["state"] == "waiting":
            yield SQL["end_run"], (*key, now_ms)
        if row["country"] or occurrence != row["occurrence"]:
            yield SQL["erase_run"], (*key, occurrence)
            count += 1
    return last_id(rows), count


def country_now(erasure: Erasure, _after: bytes, _now_ms: int) -> Steps[tuple[None, int]]:
    """Erase where the eSIM is, unless that was reported later.

    A report of the same second as the last one would be a change now: it has to be late.
    """
    key = erasure.account_id, erasure.esim_tran_no
    rows = yield SQL["hold_facts"], key
    for row in rows:
        facts = _decode_facts(row["facts"])
        if facts.country and facts.country_at_ms > erasure.begun_ms:
            return None, 0
        if facts.country:
            next_ms = 1000 * (facts.country_at_ms // 1000 + 1)
            facts = msgspec.structs.replace(facts, country="", country_at_ms=next_ms)
            yield SQL["save_facts"], (*key, msgspec.json.encode(facts).decode())
    erased = yield SQL["erase_country"], key
    return None, len(erased)


def events(erasure: Erasure, after: int, _now_ms: int) -> Steps[tuple[int | None, int]]:
    """Erase the countries in events of the account about the eSIM."""
    rows = yield SQL["events"], (erasure.account_id, after, ERASURE_STEP)
    count = 0
    for row in rows:
        if row["subject"] != erasure.esim_tran_no or row["at_ms"] > erasure.begun_ms:
            continue
        data = _decode_object(row["data"])
        if data.get("country"):
            text = msgspec.json.encode(data | {"country": None}).decode()
            yield SQL["erase_event"], (erasure.account_id, row["sequence"], text)
            count += 1
    return rows[-1]["sequence"] if len(rows) == ERASURE_STEP else None, count


def _without_country(transition: str, row: NamedRow) -> str:
    occurrence: str = row["occurrence"]
    if transition != Transition.COUNTRY_CHANGED or row["id"].hex() in occurrence:
        return occurrence
    return f"{occurrence.partition(' ')[0]} {row['id'].hex()}"
