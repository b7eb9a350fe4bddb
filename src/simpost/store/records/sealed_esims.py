"""Seals the fields of an eSIM document with which anyone could install or unlock it.

A sealed field is an object `{"sealed": "..."}`, which no field of an import can be. Rows of stores
from before are read as they are, and sealed when they are saved.
"""

from __future__ import annotations

from typing import Any

import msgspec

from simpost.ports.store import EsimRow
from simpost.store.secret_box import SecretBox

FIELDS = ("ac", "pin", "puk", "qrCodeUrl", "shortUrl")
_MARK = "sealed"


def sealed(seal: SecretBox, esim: EsimRow) -> EsimRow:
    """The row with its secret fields sealed."""
    closed = {
        field: {_MARK: seal.close_field(_name(esim, field), text)}
        for field in FIELDS
        if (text := esim.document.get(field)) and isinstance(text, str)
    }
    return _with(esim, closed)


def opened(seal: SecretBox, esim: EsimRow) -> EsimRow:
    """The row as its account may read it. Raises StoreError if it was sealed with another key."""
    clear = {
        field: seal.open_field(_name(esim, field), value[_MARK])
        for field in FIELDS
        if isinstance(value := esim.document.get(field), dict)
    }
    return _with(esim, clear)


def _with(esim: EsimRow, fields: dict[str, Any]) -> EsimRow:
    if not fields:
        return esim
    return msgspec.structs.replace(esim, document={**esim.document, **fields})


def _name(esim: EsimRow, field: str) -> str:
    return f"{esim.esim_tran_no} {field}"
