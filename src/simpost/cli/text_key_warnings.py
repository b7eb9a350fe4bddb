"""Warnings about stored texts whose keys the configuration does not have."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from simpost.config import StoreSettings
from simpost.errors import StoreTimeout
from simpost.store.sqlite import inspection
from simpost.store.text_key_check import key_problems
from simpost.store.text_seal import TextSeal
from simpost.text.display import visible


def warnings_of_file(store: StoreSettings, path: Path) -> list[str]:
    """A warning for each key that sealed texts in the file and is missing or wrong."""
    return list(key_problems(inspection.sealed_texts(path), _seal(store)))


def warnings_of_database(store: StoreSettings) -> list[str]:
    """The same for the database of the settings."""
    from simpost.store.postgres.inspection import sealed_texts  # takes time to import

    try:
        found = asyncio.run(sealed_texts(store.database_url))
    except StoreTimeout:
        return ["the sealed texts were not counted in time: `simpost seal` counts them in steps"]
    return list(key_problems(found, _seal(store)))


def print_warnings(warnings: Sequence[str]) -> None:
    """Print to stderr, so that a script that reads the output does not hide them."""
    for warning in warnings:
        print(f"warning: {visible(warning)}", file=sys.stderr)


def _seal(store: StoreSettings) -> TextSeal:
    return TextSeal(store.secrets_key.get_secret_value(), store.text_keys)
