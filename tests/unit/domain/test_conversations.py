"""What texts, replies and people do to a conversation."""

from hypothesis import given
from hypothesis import strategies as st

from simpost.domain.conversations import (
    Conversation,
    ConversationChange,
    ConversationRules,
    ConversationStatus,
    ReceiptStep,
    after_failure,
    after_receipt,
    after_reply,
    change_conversation,
    decide_receipt,
)

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
RULES = ConversationRules()
OPEN, WAITING, CLOSED = ConversationStatus


def conversation(status=OPEN, **fields):
    return Conversation(b"c" * 16, 1, "e1", status, NOW_MS, NOW_MS, **fields)


def test_the_first_text_begins_a_conversation():
    assert decide_receipt(None, NOW_MS, RULES) is ReceiptStep.BEGIN


def test_a_text_reopens_a_closed_conversation_for_72_hours():
    closed = conversation(CLOSED)
    last_ms = NOW_MS + 72 * HOUR_MS
    assert decide_receipt(closed, last_ms, RULES) is ReceiptStep.REOPEN
    assert decide_receipt(closed, last_ms + 1, RULES) is ReceiptStep.BEGIN


def test_an_old_conversation_that_is_not_closed_goes_on():
    late_ms = NOW_MS + 1000 * HOUR_MS
    assert decide_receipt(conversation(WAITING), late_ms, RULES) is ReceiptStep.CONTINUE


def test_the_timer_of_the_first_reply_runs_from_the_first_text():
    first = after_receipt(conversation(), ReceiptStep.BEGIN, "12345", NOW_MS, RULES)
    second = after_receipt(first, ReceiptStep.CONTINUE, "12345", NOW_MS + HOUR_MS, RULES)
    assert (second.unread, second.unanswered_ms) == (2, NOW_MS)
    assert second.reply_due_ms == NOW_MS + 4 * HOUR_MS
    replied = after_reply(second, NOW_MS + 2 * HOUR_MS)
    assert (replied.status, replied.unread, replied.reply_due_ms) == (WAITING, 0, None)
    assert replied.first_reply_ms == NOW_MS + 2 * HOUR_MS
    assert after_reply(replied, NOW_MS + 9 * HOUR_MS).first_reply_ms == NOW_MS + 2 * HOUR_MS


def test_the_timer_runs_again_after_a_failed_reply():
    asked = after_receipt(conversation(), ReceiptStep.BEGIN, "12345", NOW_MS, RULES)
    sent_ms, failed_ms = NOW_MS + HOUR_MS, NOW_MS + 2 * HOUR_MS
    replied = after_reply(asked, sent_ms)
    failed = after_failure(replied, b"r" * 16, sent_ms, failed_ms, RULES)
    assert (failed.status, failed.failed_id) == (OPEN, b"r" * 16)
    assert (failed.unanswered_ms, failed.first_reply_ms) == (failed_ms, None)
    assert failed.reply_due_ms == failed_ms + 4 * HOUR_MS
    second = after_reply(replied, NOW_MS + HOUR_MS + 1)
    failed = after_failure(second, b"r" * 16, NOW_MS + HOUR_MS + 1, failed_ms, RULES)
    assert failed.first_reply_ms == sent_ms


def test_a_failed_reply_leaves_a_timer_that_runs_as_it_is():
    replied = after_reply(conversation(), NOW_MS)
    asked = after_receipt(replied, ReceiptStep.CONTINUE, "12345", NOW_MS + HOUR_MS, RULES)
    failed = after_failure(asked, b"r" * 16, NOW_MS, NOW_MS + 2 * HOUR_MS, RULES)
    assert failed.unanswered_ms == NOW_MS + HOUR_MS
    assert failed.reply_due_ms == NOW_MS + 5 * HOUR_MS


def test_a_closed_conversation_expects_no_reply():
    asked = after_receipt(conversation(), ReceiptStep.BEGIN, "12345", NOW_MS, RULES)
    closed = change_conversation(asked, ConversationChange(status=CLOSED), NOW_MS + 5)
    assert (closed.unread, closed.unanswered_ms, closed.reply_due_ms) == (0, None, None)
    assert (closed.closed_ms, closed.updated_ms) == (NOW_MS + 5, NOW_MS + 5)


def test_a_change_that_changes_nothing_leaves_the_time_as_it_is():
    tagged = conversation(tags=("a", "b"))
    assert change_conversation(tagged, ConversationChange(tags=("b", "a", "b")), 9) is not None
    assert change_conversation(tagged, ConversationChange(tags=("b", "a")), NOW_MS + 9) == tagged
    assert change_conversation(tagged, ConversationChange(), NOW_MS + 9) == tagged


@given(st.lists(st.sampled_from(["text", "reply", "fail", "close", "open", "wait"]), max_size=30))
def test_whatever_happens_a_due_reply_belongs_to_an_unanswered_text(steps):
    found = conversation(WAITING)
    for number, step in enumerate(steps):
        at_ms = NOW_MS + number
        if step == "text":
            found = after_receipt(found, decide_receipt(found, at_ms, RULES), "1", at_ms, RULES)
            assert found.status is OPEN
        elif step == "reply":
            found = after_reply(found, at_ms)
            assert found.status is WAITING
        elif step == "fail":
            found = after_failure(found, b"r" * 16, None, at_ms, RULES)
            assert (found.status, found.failed_id) == (OPEN, b"r" * 16)
        else:
            status = {"close": CLOSED, "open": OPEN, "wait": WAITING}[step]
            found = change_conversation(found, ConversationChange(status=status), at_ms)
        if found.reply_due_ms is not None:
            assert found.unanswered_ms is not None
            assert found.status is OPEN
        assert (found.closed_ms is not None) == (found.status is CLOSED)
        assert found.updated_ms <= at_ms
