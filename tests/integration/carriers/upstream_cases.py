"""The upstream APIs of the table."""

from __future__ import annotations

from tests.integration.carriers import (
    emnify_cases,
    esim_access_cases,
    esim_go_cases,
    esimfly_cases,
    example_cases,
    generic_cases,
    twilio_cases,
)

CASES = [
    *generic_cases.CASES,
    *esim_access_cases.CASES,
    *esim_go_cases.CASES,
    *esimfly_cases.CASES,
    *twilio_cases.CASES,
    *emnify_cases.CASES,
    *example_cases.CASES,
]
