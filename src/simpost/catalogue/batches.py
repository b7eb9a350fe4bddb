"""Checked rows, packed into requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from simpost.catalogue.normalization import doubt, parse_esim, parse_plan
from simpost.catalogue.row_fields import RefusedRow
from simpost.catalogue.rows import Kind, Row, RowError

MAX_ROWS = 1000
MAX_OCTETS = 1_000_000


class Batch(msgspec.Struct, frozen=True):
    """Valid rows of one request.

    Attributes:
        body: a JSON array of the normalized rows.
        lines: line number at which each row begins.
        keys: the key of each row.
        unusual_iccids: number of accepted rows with an unusual ICCID.
    """

    body: bytes
    lines: list[int]
    keys: list[str]
    unusual_iccids: int


def batches(
    items: Iterable[Row | RowError],
    kind: Kind,
    *,
    max_rows: int = MAX_ROWS,
    replace: bool = False,
) -> Iterator[Batch | RowError]:
    """Check rows and pack the valid ones; errors are yielded in their place."""
    rows: list[bytes] = []
    lines: list[int] = []
    keys: list[str] = []
    octets = unusual_iccids = 0
    for item in items:
        checked = _check(item, kind, replace=replace) if isinstance(item, Row) else item
        if isinstance(checked, RowError):
            yield checked
            continue
        body, key, is_odd = checked
        if rows and octets + len(body) > MAX_OCTETS:
            yield _packed(rows, lines, keys, unusual_iccids)
            rows, lines, keys, octets, unusual_iccids = [], [], [], 0, 0
        rows.append(body)
        lines.append(item.line)
        keys.append(key)
        octets += len(body)
        unusual_iccids += is_odd
        if len(rows) == max_rows:
            yield _packed(rows, lines, keys, unusual_iccids)
            rows, lines, keys, octets, unusual_iccids = [], [], [], 0, 0
    if rows:
        yield _packed(rows, lines, keys, unusual_iccids)


def _packed(rows: list[bytes], lines: list[int], keys: list[str], unusual_iccids: int) -> Batch:
    return Batch(b"[" + b",".join(rows) + b"]", lines, keys, unusual_iccids)


def _check(row: Row, kind: Kind, *, replace: bool) -> tuple[bytes, str, bool] | RowError:
    """The encoded row, its key, and whether it is doubtful."""
    try:
        if kind is Kind.PLANS:
            plan = parse_plan(row.value, partial=not replace)
            kind_given = {"type": plan.type} if plan.given is None or "type" in plan.given else {}
            body = msgspec.json.encode({**plan.document, **kind_given})
            return body, plan.package_code, False
        esim = parse_esim(row.value, 0, partial=not replace)
        body = msgspec.json.encode(esim.document)
        return body, esim.esim_tran_no, doubt(esim) is not None
    except RefusedRow as refused:
        return RowError(row.line, str(refused))
    except UnicodeEncodeError:
        return RowError(row.line, "holds text that is not UTF-8")
    except (OverflowError, ValueError, RecursionError):
        return RowError(row.line, "holds a number that is too large")
