"""What must hold of one message, between the log, the wire and the clock."""

from simpost.carriers.smpp.delivery_receipts import STATE_OF
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.reasons import Reason
from simpost.domain.states import State, fold
from tests.integration.stories.loop import EPOCH_S
from tests.integration.stories.service import GRACE_S, REPEATED

SLACK_MS = 20_000
"""After its validity: an answer that is waited for, a round of the keeper, a poll."""
_WAITING = (State.ACCEPTED, State.SENDING, State.IN_DOUBT)
_STAYED = (Reason.CARRIER_UNREACHABLE, Reason.CARRIER_PAUSED, Reason.REQUEUED)
_FAILURES = (State.FAILED, State.EXPIRED, State.REJECTED)


def check_climbs(before, after):
    """No state goes down, of the message or of a part."""
    assert after.state == fold(part.state for part in after.parts)
    pairs = [(before, after), *zip(before.parts, after.parts, strict=True)]
    for old, new in pairs:
        assert new.state is old.state or new.state.outranks(old.state), "went down"


def check_ends(message, now_ms, up_ms):
    """By the end of its validity nothing waits; by the end of the grace nothing is open."""
    over_ms = min(now_ms - message.expires_ms, up_ms)
    for part in message.parts:
        if over_ms > SLACK_MS:
            assert part.state not in _WAITING, "waits beyond its validity"
        if over_ms > SLACK_MS + 1000 * GRACE_S:
            assert part.state.is_final, "never ends"


def check_part(message, part, submits):
    """The PDUs sent for a part, in order, and its log entries."""
    attempts = [one for one in message.attempts if one.part == part.number]
    left = [one for one in attempts if one.reason not in _STAYED]
    assert len(submits) <= len(left), "sent more often than the log tells"
    for submit in submits:
        assert 1000 * (EPOCH_S + submit.at_s) <= message.expires_ms, "sent after its validity"
    _check_repeats(message, attempts, submits)
    _check_says_so(part, submits)


def _check_repeats(message, attempts, submits):
    open_ones = [index for index, one in enumerate(submits) if not one.was_turned_back]
    if not open_ones:
        return
    again = submits[open_ones[0] + 1 :]
    marked = [one for one in attempts if one.repeat]
    assert not again or message.category in REPEATED, "repeated against its category"
    assert len(again) <= len(marked), "repeated, and the log does not say so"
    first = submits[open_ones[0]].operator
    assert all(one.operator == first for one in again), "in doubt here, and sent there"
    doubted = False
    for one in attempts:
        assert one.repeat or not doubted, "in doubt, and tried again without a mark"
        doubted = doubted or one.outcome == OutcomeKind.IN_DOUBT


def _check_says_so(part, submits):
    """The log never says of a part what did not happen."""
    taken = [one for one in submits if one.is_taken]
    told = {STATE_OF[one.script.state][0] for one in taken}
    if part.state is State.SENT:
        assert taken, "called sent although nobody took it"
    elif part.state is State.DELIVERED:
        assert State.DELIVERED in told, "called delivered although it was not"
    elif part.state is State.CANCELLED or part.reason is Reason.VALIDITY_EXPIRED:
        assert all(one.was_turned_back for one in submits), "called unsent although it left"
    elif part.state is State.REJECTED and part.reason is Reason.CARRIER_REFUSED:
        assert any(one.was_turned_back for one in submits), "called refused although it was not"


def check_told(message, part, end):
    """The network sent a receipt for a part whose id we know, and we acknowledged it."""
    wanted, _ = STATE_OF[end]
    taken_ms = min(
        (
            one.ended_ms
            for one in message.attempts
            if one.part == part.number and one.outcome == OutcomeKind.ACCEPTED
        ),
        default=0,  # no answer came: the id is that of a receipt
    )
    if part.reason is Reason.EXPIRED_IN_DOUBT and taken_ms >= part.final_ms:
        return  # its answer came when its validity was over
    assert part.state is wanted, f"a receipt for {wanted} was acknowledged and forgotten"
