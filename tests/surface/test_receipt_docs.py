"""docs/receipts.md says what the code does."""

import re
from pathlib import Path

from simpost.carriers.smpp.delivery_receipts import STATE_OF
from simpost.domain.outcomes import ReceiptDisposition
from simpost.domain.receipt_ids import CONCLUSIVE_LENGTH, MIN_LENGTH_ACROSS_BASES
from simpost.domain.receipts.candidates import COMMON_WIDTHS
from simpost.messaging.message_events import KEPT
from simpost.store.limits import MOST_PARKED
from simpost.store.records.messages import MOST_RECEIPTS
from simpost.store.records.receipt_id_formats import MOST_FORMATS

PAGE = Path("docs/receipts.md").read_text(encoding="utf-8")


def test_every_disposition_is_documented_and_shown():
    rows = re.findall(r"^\| `(\w+)` \| [A-Z]", PAGE, re.MULTILINE)
    assert rows == [str(disposition) for disposition in ReceiptDisposition]
    assert set(KEPT) == set(ReceiptDisposition)


def test_every_state_a_carrier_reports_is_documented_with_what_it_becomes():
    rows = re.findall(
        r"^\| ([A-Z][^|]+) \| (?:stays )?`(\w+)` \| (?:`(\w+)` )?\|$", PAGE, re.MULTILINE
    )
    told = {
        name: (state, reason or None)
        for names, state, reason in rows
        for name in re.findall(r"\b[A-Z]{5,}\b", names)
    }
    assert told == {
        meaning.name: (str(state), reason and str(reason))
        for meaning, (state, reason) in STATE_OF.items()
    }


def test_the_bounds_are_those_of_the_code():
    page = " ".join(PAGE.split())
    assert f"of {CONCLUSIVE_LENGTH} significant characters" in page
    assert f"less than {MIN_LENGTH_ACROSS_BASES} digits" in page
    assert "padded to {}, {}, {}, {} or".format(*COMMON_WIDTHS) in page
    assert f"at most {MOST_FORMATS} formats" in page
    assert f"at most {MOST_PARKED:,} of them" in page
    assert f"`receipts`, at most {MOST_RECEIPTS};" in page
