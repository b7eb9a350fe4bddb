import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from simpost.domain.accounts import Account
from simpost.domain.decision_record import NO_FACTS
from simpost.domain.esims import Esim
from simpost.domain.messages import Category
from simpost.domain.options import DEFAULT_OPTIONS, Concatenation
from simpost.domain.reasons import Reason
from simpost.domain.states import State
from simpost.errors import PolicyError
from simpost.messaging.decision import LONGEST_DELAY_MS, Hold, decide
from simpost.messaging.plan import Refusal, SendOptions, SendPlan
from simpost.messaging.routes import Route, Routing
from simpost.ports.carrier import AddressType, CarrierCapabilities
from simpost.text import CallLimit

ACCOUNT = Account(id=1, access_code="acme", secret="s")
ESIM = Esim(
    esim_tran_no="26010100000001",
    iccid="8944538532008160222",
    msisdn="447700900001",
    imsi="234507000000001",
    smdp_status="ENABLED",
    esim_status="IN_USE",
    sms_status=1,
    package_code="PKG-1",
    slug="GB_1_7",
)
TRAITS = CarrierCapabilities(name="main")
ROUTING = Routing(routes=(Route(carriers=("main",)),), carriers={"main": TRAITS})


NOW_MS = 1_767_225_600_000


def decided(esim=ESIM, text="hello", category=None, routing=ROUTING, **times):
    return decide(ACCOUNT, esim, text, category, routing, **{"now_ms": NOW_MS, **times})


def changed(**facts):
    return msgspec.structs.replace(ESIM, **facts)


def test_a_plain_text_is_one_part_to_the_msisdn():
    plan = decided()
    assert plan == SendPlan(TRAITS, "447700900001", Category.SERVICE, "gsm7", "hello", ("hello",))


def test_the_account_gives_the_category_and_the_message_may_change_it():
    assert decided(category=Category.CODE).category is Category.CODE


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"esim": None}, Reason.ESIM_UNKNOWN),
        ({"esim": changed(sms_status=0)}, Reason.SMS_NOT_SUPPORTED),
        ({"esim": changed(smdp_status="RELEASED")}, Reason.NOT_INSTALLED),
        ({"esim": changed(msisdn="")}, Reason.NO_ADDRESS),
        ({"text": " \n\t"}, Reason.TEXT_BLANK),
        ({"text": "x" * (153 * 10 + 1)}, Reason.TOO_MANY_PARTS),
        ({"routing": Routing(routes=(), carriers={})}, Reason.NO_ROUTE),
    ],
)
def test_every_refusal_says_why(about, reason):
    answer = decided(**about)
    assert isinstance(answer, Refusal)
    assert answer.reason is reason


def test_too_many_parts_are_counted_exactly():
    answer = decided(text="x" * (153 * 10 + 1))
    assert answer.detail == "11 parts, 10 at most"


def test_a_plan_that_forbids_sms_is_reported_before_problems_of_the_text():
    assert decided(esim=changed(sms_status=0), text="").reason is Reason.SMS_NOT_SUPPORTED


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (AddressType.MSISDN, ESIM.msisdn),
        (AddressType.IMSI, ESIM.imsi),
        (AddressType.ICCID, ESIM.iccid),
        (AddressType.ESIM_TRAN_NO, ESIM.esim_tran_no),
    ],
)
def test_a_carrier_gets_the_address_it_delivers_to(kind, value):
    capabilities = CarrierCapabilities(name="main", address=kind)
    routing = Routing(routes=(Route(carriers=("main",)),), carriers={"main": capabilities})
    assert decided(routing=routing).destination == value


def test_the_first_route_that_fits_is_taken():
    capabilities = {name: CarrierCapabilities(name=name) for name in ("a", "b", "c", "d")}
    routing = Routing(
        routes=(
            Route(carriers=("a",), account="someone-else"),
            Route(carriers=("b",), msisdn_prefix="49"),
            Route(carriers=("c",), plan="GB_1_7", imsi_prefix="234"),
            Route(carriers=("d",)),
        ),
        carriers=capabilities,
    )
    assert decided(routing=routing).carrier.name == "c"
    assert decided(esim=changed(slug="", imsi=""), routing=routing).carrier.name == "d"


def test_national_tables_are_used_only_where_the_carrier_allows_them():
    turkish = "ışığını söndürmüş" * 5
    allowed = CarrierCapabilities(name="main", languages=frozenset({1}))
    routing = Routing(routes=(Route(carriers=("main",)),), carriers={"main": allowed})
    assert decided(text=turkish).encoding == "ucs2"
    assert decided(text=turkish, routing=routing).encoding.startswith("gsm7+")


@given(ahead_ms=st.integers(-2 * LONGEST_DELAY_MS, 2 * LONGEST_DELAY_MS))
def test_a_time_is_held_for_up_to_sixty_days_and_else_refused(ahead_ms):
    decision = decided(send_at_ms=NOW_MS + ahead_ms)
    if ahead_ms <= 0:
        assert decision.reason is Reason.SEND_AT_PASSED
    elif ahead_ms > 60 * 86_400_000:
        assert decision.reason is Reason.SEND_AT_TOO_FAR
    else:
        assert decision == Hold(NOW_MS + ahead_ms, Reason.SCHEDULED, decided())
        assert decision.state is State.SCHEDULED
    assert isinstance(decision, Hold) == (0 < ahead_ms <= 60 * 86_400_000)


@given(ahead_ms=st.integers(1, LONGEST_DELAY_MS), sms_status=st.sampled_from([0, 1, 2]))
def test_a_message_for_later_is_held_exactly_when_it_would_be_sent_now(ahead_ms, sms_status):
    esim = changed(sms_status=sms_status)
    now, later = decided(esim), decided(esim, send_at_ms=NOW_MS + ahead_ms)
    if isinstance(now, Refusal):
        assert later == now
    else:
        assert later.plan == now
    assert isinstance(later, Refusal) == (sms_status == 0)


class PolicyDouble:
    def __init__(self, apply, stop=None):
        self._apply = apply
        self._stop = stop

    def describe(self, *_facts):
        return NO_FACTS

    def find_stop(self, _account, _esim, _category):
        return self._stop

    def __call__(self, *facts):
        return self._apply(*facts)


@given(until_ms=st.integers(NOW_MS, NOW_MS + LONGEST_DELAY_MS), text=st.text(min_size=1))
def test_policy_holds_what_would_be_sent_and_is_not_asked_about_the_rest(until_ms, text):
    asked = []

    def quiet(account, esim, plan, now_ms):
        asked.append((account, esim, plan, now_ms))
        return Hold(until_ms, Reason.CARRIER_PAUSED, plan)

    plain, decision = decided(text=text), decided(text=text, policy=PolicyDouble(quiet))
    if isinstance(plain, Refusal):
        assert decision == plain
        assert asked == []
    else:
        assert decision == Hold(until_ms, Reason.CARRIER_PAUSED, plain)
        assert decision.state is State.HELD
        assert asked == [(ACCOUNT, ESIM, plain, NOW_MS)]


def test_policy_may_refuse_or_let_pass():
    refusal = Refusal(Reason.RATE_LIMITED)
    assert decided(policy=PolicyDouble(lambda *_: refusal)) is refusal
    assert decided(policy=PolicyDouble(lambda _account, _esim, plan, _now_ms: plan)) == decided()


@pytest.mark.parametrize("returned", [None, True, "plan"])
def test_policy_that_returns_no_decision_is_an_error_and_no_permission(returned):
    with pytest.raises(PolicyError, match=f"PolicyDouble returned {type(returned).__name__}, and"):
        decided(policy=PolicyDouble(lambda *_: returned))


def test_policy_is_applied_when_a_scheduled_message_is_due():
    refusal = Refusal(Reason.RATE_LIMITED)
    decision = decided(send_at_ms=NOW_MS + 1, policy=PolicyDouble(lambda *_: refusal))
    assert decision.reason is Reason.SCHEDULED


@pytest.mark.parametrize("send_at_ms", [None, NOW_MS + 1])
def test_a_stop_refuses_scheduled_messages_too(send_at_ms):
    refusal = Refusal(Reason.SENDING_STOPPED, "why")
    policy = PolicyDouble(lambda _account, _esim, plan, _now_ms: plan, stop=refusal)
    assert decided(send_at_ms=send_at_ms, policy=policy) is refusal


QUOTES = "“" + "x" * 78 + "”"


def recorded_saving(decision):
    record = decision.record
    return record and (record.cheaper_parts, record.replaceable)


@pytest.mark.parametrize(
    ("text", "saving"),
    [
        (QUOTES, (1, 2)),
        ("“" * 400, (3, 400)),
        ("x" * 400, None),
        ("“short”", None),
        ("”" + "漢" * 100, None),
        ("я" * 200, None),
        # The accents are composed first, which leaves the quote.
        ("“" + "e\u0301" * 80, (1, 81)),
    ],
)
def test_a_decision_records_what_look_alikes_would_save(text, saving):
    assert recorded_saving(decided(text=text)) == saving


@given(text=st.text(alphabet="ab“…’é\u0301\u200bя€", min_size=1, max_size=400))
def test_a_saving_is_recorded_exactly_when_look_alikes_save_parts(text):
    plain = decided(text=text)
    assume(isinstance(plain, SendPlan))
    with_look_alikes = decided(text=text, options=SendOptions(look_alikes=True))
    saves = with_look_alikes.part_count < plain.part_count
    assert (recorded_saving(plain) is not None) == saves
    if saves:
        assert plain.record.cheaper_parts == with_look_alikes.part_count
    assert recorded_saving(with_look_alikes) is None


def test_whatever_is_decided_keeps_the_saving():
    refusal = Refusal(Reason.RATE_LIMITED)
    double = PolicyDouble(lambda *_: refusal)
    assert recorded_saving(decided(text=QUOTES, policy=double)) == (1, 2)
    stopped = PolicyDouble(lambda *_: refusal, stop=Refusal(Reason.SENDING_STOPPED))
    decision = decided(text=QUOTES, policy=stopped, expires_at_ms=NOW_MS - 1)
    assert (decision.reason, recorded_saving(decision)) == (Reason.SENDING_STOPPED, (1, 2))
    assert recorded_saving(decided(text=QUOTES, send_at_ms=NOW_MS + 1)) == (1, 2)


def by_carrier(**changed):
    carrier = msgspec.structs.replace(TRAITS, **changed)
    return Routing(routes=(Route(carriers=("main",)),), carriers={"main": carrier})


def test_a_text_longer_than_a_request_takes_is_refused_with_its_size():
    routing = by_carrier(concatenation="payload", call_limit=CallLimit(500, "utf16"))
    plan = decided(text="x" * 500, routing=routing)
    assert (plan.parts, plan.part_count) == (("x" * 500,), 4)
    assert plan.options.concatenation is Concatenation.PAYLOAD
    refusal = decided(text="\U0001f600" * 251, routing=routing)
    assert refusal == Refusal(Reason.TEXT_TOO_LONG, "502 UTF-16 units, 500 at most in a request")


def test_a_longer_text_is_sent_as_numbered_texts_if_the_carrier_says_so():
    routing = by_carrier(concatenation="numbered", call_limit=CallLimit(500, "utf16"))
    plan = decided(text="x" * 501, routing=routing)
    assert plan.parts == ("x" * 496, "x" * 5)
    assert plan.options.concatenation is Concatenation.NUMBERED
    assert plan.part_count == 5  # 500 characters are four SMS, and the second text is one
    whole = decided(text="x" * 500, routing=routing)
    assert whole.options.concatenation is Concatenation.PAYLOAD
    assert (whole.parts, whole.part_count) == (("x" * 500,), 4)
    short = decided(text="x", routing=routing)
    assert (short.parts, short.options) == (("x",), DEFAULT_OPTIONS)


def test_one_sms_per_request_has_no_header():
    routing = by_carrier(concatenation="numbered", call_limit=CallLimit(1, "sms"))
    plan = decided(text="x" * 161, routing=routing)
    assert (len(plan.parts), plan.part_count) == (2, 2)
    routing = by_carrier(concatenation="payload", call_limit=CallLimit(1, "sms"))
    assert decided(text="ж" * 71, routing=routing) == Refusal(
        Reason.TEXT_TOO_LONG, "2 SMS, 1 at most in a request"
    )
