"""The carriers allowed for a message, and their order (field.md 3, row 27)."""

import msgspec

from simpost.domain.accounts import Account
from simpost.domain.esims import Esim
from simpost.domain.reasons import Reason
from simpost.messaging.decision import decide
from simpost.messaging.plan import Refusal, SendPlan
from simpost.messaging.routes import Route, Routing
from simpost.ports.carrier import AddressType, CarrierCapabilities

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
A, B = CarrierCapabilities(name="a"), CarrierCapabilities(name="b")


def routing(*carriers, down=()):
    return Routing(
        routes=(Route(carriers=tuple(carrier.name for carrier in carriers)),),
        carriers={carrier.name: carrier for carrier in carriers},
        is_available=lambda name: name not in down,
    )


def decided(routing, text="hello", esim=ESIM):
    return decide(ACCOUNT, esim, text, None, routing, now_ms=0)


def carrier_of(decision):
    assert isinstance(decision, SendPlan)
    return decision.carrier.name


def test_the_first_carrier_of_a_route_is_taken_while_it_takes_messages():
    assert carrier_of(decided(routing(A, B))) == "a"


def test_a_carrier_that_takes_no_messages_is_skipped_when_a_later_one_does():
    assert carrier_of(decided(routing(A, B, down={"a"}))) == "b"


def test_when_no_carrier_takes_messages_the_first_one_gets_them():
    assert carrier_of(decided(routing(A, B, down={"a", "b"}))) == "a"


def test_a_later_carrier_that_cannot_take_the_text_is_skipped_though_the_first_is_down():
    short = msgspec.structs.replace(B, max_parts=1)
    assert carrier_of(decided(routing(A, short, down={"a"}), "x" * 200)) == "a"


def test_a_carrier_whose_address_the_esim_lacks_is_skipped():
    by_imsi = msgspec.structs.replace(A, address=AddressType.IMSI)
    assert (
        carrier_of(decided(routing(by_imsi, B), esim=msgspec.structs.replace(ESIM, imsi=""))) == "b"
    )


def test_when_no_carrier_can_take_it_the_reason_is_that_of_the_first():
    short = msgspec.structs.replace(A, max_parts=1)
    by_imsi = msgspec.structs.replace(B, address=AddressType.IMSI)
    refusal = decided(routing(short, by_imsi), "x" * 200, msgspec.structs.replace(ESIM, imsi=""))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.TOO_MANY_PARTS


def test_a_message_of_one_route_never_goes_by_the_carriers_of_another():
    both = Routing(
        routes=(Route(("a",), plan="GB_1_7"), Route(("b",))),
        carriers={"a": A, "b": B},
        is_available=lambda name: name == "b",
    )
    assert carrier_of(decided(both)) == "a"
