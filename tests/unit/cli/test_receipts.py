"""`simpost receipts` says of each receipt what can be compared with the answers."""

from simpost.cli.receipts import _row

FACTS = {
    "carrier": "carrier-one",
    "carrierMessageId": "99887766",
    "textId": "c-1",
    "state": "failed",
    "disposition": "parked",
    "carrierCode": "3:27",
    "numbers": ["66812345678", "Shop"],
    "count": 2,
    "lastAt": "2026-01-01T00:00:07.000Z",
}


def test_a_receipt_is_shown_with_both_ids_and_its_numbers() -> None:
    assert _row(FACTS) == [
        "2026-01-01 00:00:07",
        "carrier-one",
        "99887766 or c-1",
        "failed (3:27)",
        "66812345678, Shop",
        "2",
        "parked",
    ]


def test_a_receipt_that_names_nothing_is_shown_too() -> None:
    bare = FACTS | {"carrierMessageId": "", "textId": None, "carrierCode": None, "numbers": []}
    assert _row(bare)[2:5] == ["-", "failed", "-"]
