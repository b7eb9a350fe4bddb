import pytest

from simpost.domain.receipt_delays import ReceiptDelay, summarise


@pytest.mark.parametrize(
    ("delays", "shown"),
    [
        ([7], ReceiptDelay(1, 7, 7)),
        ([9, 1], ReceiptDelay(2, 1, 9)),
        (list(range(100, 0, -1)), ReceiptDelay(100, 50, 95)),
        (list(range(1, 22)), ReceiptDelay(21, 11, 20)),
        ([-5, -5, 3], ReceiptDelay(3, 0, 3)),
    ],
)
def test_quantiles_are_delays_that_were_seen(delays: list[int], shown: ReceiptDelay) -> None:
    assert summarise(delays) == shown
