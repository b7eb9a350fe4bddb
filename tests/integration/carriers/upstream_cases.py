"""The upstream APIs of the table."""

from __future__ import annotations

from tests.integration.carriers import esim_access_cases, generic_cases

CASES = [*generic_cases.CASES, *esim_access_cases.CASES]
