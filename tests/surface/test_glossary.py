"""docs/glossary.md defines each term once, and has the words of every public list."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from simpost.domain.api_keys import KeyScope
from simpost.domain.inbound import InboundState
from simpost.domain.messages import Category
from simpost.domain.outcomes import OutcomeKind, ReceiptDisposition
from simpost.domain.states import State
from simpost.ports.carrier import ConnectionState

PAGE = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text("utf-8")
ROWS = [row for row in re.findall(r"^\| (.+?) \| (.+) \|$", PAGE, re.MULTILINE) if row[0] != "---"]


def test_each_term_is_defined_once() -> None:
    terms = [term for names, meaning in ROWS if meaning != "meaning" for term in names.split(", ")]
    assert len(terms) >= 50
    assert len(terms) == len(set(terms))


def test_the_terms_of_a_table_are_in_alphabetical_order() -> None:
    tables = re.findall(r"(?:^\| [^-\n].*\n)+", PAGE, re.MULTILINE)
    for table in tables:
        terms = [row.split("|")[1].strip().lower() for row in table.splitlines()]
        assert terms == sorted(terms)


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("connection", ConnectionState),
        ("category", Category),
        ("disposition", ReceiptDisposition),
        ("final", [state for state in State if state.is_final]),
        ("inbound message", InboundState),
        ("outcome", OutcomeKind),
        ("scope", KeyScope),
    ],
)
def test_a_list_in_the_glossary_is_that_of_the_code(term: str, words: type[StrEnum]) -> None:
    said = re.findall(r"`([\w:]+)`", dict(ROWS)[term])
    assert sorted(said) == sorted(words)
