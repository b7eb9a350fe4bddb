"""Fault rules as data: the structure of a file of faults.

Every condition and fault is documented in `docs/faults.md`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct, field

from simpost.smpp import Status

MAX_RULES: Final = 1000

Count: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=86_400)]
Octet: TypeAlias = Annotated[int, Meta(ge=0, le=255)]
Copies: TypeAlias = Annotated[int, Meta(ge=2, le=10)]
StatusName: TypeAlias = str | Annotated[int, Meta(ge=1, le=0xFFFFFFFF)]
BindKind: TypeAlias = Literal["transmitter", "receiver", "transceiver"]
UpstreamName: TypeAlias = Literal["esim_access", "esim_go", "esimfly", "twilio", "emnify", "once"]
CallName: TypeAlias = Literal["plans", "esims", "esim", "log_in", "state"]
"""A request by HTTP that is no text: lists of plans and eSIMs, one eSIM, a log-in, the state of a
message."""
SourceKind: TypeAlias = BindKind | UpstreamName
"""Where a submit came from: a session of this kind, or a request by HTTP in this shape."""
StateName: TypeAlias = Literal[
    "ENROUTE",
    "DELIVERED",
    "EXPIRED",
    "DELETED",
    "UNDELIVERABLE",
    "ACCEPTED",
    "UNKNOWN",
    "REJECTED",
    "SKIPPED",
]
ReceiptLabel: TypeAlias = Literal["id", "sub", "dlvrd", "submit", "done", "stat", "err", "text"]


class When(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Conditions of a rule. All must match; each counts what matched those before it.

    Attributes:
        to: prefix of the destination, without `+`.
        bind: kind of the bind, or of the session of the submit.
        upstream: shape of a request by HTTP.
        call: kind of a request by HTTP that is no text; None: texts only.
        bound: least number of sessions that are bound (binds only).
        from_s, until_s: seconds since the rules were set.
        after: number of first matches to skip.
        every: N applies the rule to every Nth of the rest.
        share: random fraction of those.
        above_per_s: of those, only what exceeds this many per second.
        times: most applications of the rule.
    """

    to: Annotated[str, Meta(pattern=r"^[0-9]{0,20}$")] = ""
    bind: BindKind | None = None
    upstream: UpstreamName | None = None
    call: CallName | None = None
    bound: Annotated[int, Meta(ge=0)] = 0
    from_s: Annotated[float, Meta(ge=0)] = 0.0
    until_s: Annotated[float, Meta(ge=0)] | None = None
    after: Annotated[int, Meta(ge=0)] = 0
    every: Count = 1
    share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    above_per_s: Annotated[float, Meta(gt=0)] | None = None
    times: Count | None = None


class SimulatedFault(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    kw_only=True,
    tag_field="fault",
):
    """Base of all faults; `tag` is the name in a file."""


class RefuseBind(SimulatedFault, frozen=True, tag="refuse_bind"):
    status: StatusName
    seconds: Seconds = 0.0

    def __post_init__(self) -> None:
        status_code(self.status)


class Refuse(SimulatedFault, frozen=True, tag="refuse"):
    status: StatusName

    def __post_init__(self) -> None:
        status_code(self.status)


class HttpError(SimulatedFault, frozen=True, tag="http_error"):
    """A response by HTTP that is an error in the shape of the upstream."""

    status: Annotated[int, Meta(ge=200, le=599)]
    code: Annotated[str, Meta(max_length=64, pattern=r"^[\x21-\x7e]*$")] = ""
    message: Annotated[str, Meta(max_length=200)] = ""
    retry_after: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    accepted: bool = False


class EmptyBody(SimulatedFault, frozen=True, tag="empty_body"):
    pass


class ShortList(SimulatedFault, frozen=True, tag="short_list"):
    rows: Annotated[int, Meta(ge=0, le=100_000)] = 0


class Slow(SimulatedFault, frozen=True, tag="slow"):
    seconds: Seconds
    max_seconds: Seconds | None = None


class Congestion(SimulatedFault, frozen=True, tag="congestion"):
    percent: Annotated[int, Meta(ge=0, le=100)]


class Silent(SimulatedFault, frozen=True, tag="silent"):
    accepted: bool = True


class Drop(SimulatedFault, frozen=True, tag="drop"):
    accepted: bool = True


class Reset(SimulatedFault, frozen=True, tag="reset"):
    octets: Annotated[int, Meta(ge=0, le=65_536)] = 10
    accepted: bool = True


class HalfOpen(SimulatedFault, frozen=True, tag="half_open"):
    seconds: Seconds = 600.0
    accepted: bool = True


class WrongSequence(SimulatedFault, frozen=True, tag="wrong_sequence"):
    by: Annotated[int, Meta(ge=1, le=0x7FFFFFFE)] = 1_000_000


class DoubleResponse(SimulatedFault, frozen=True, tag="double_response"):
    copies: Copies = 2


class MangleResponse(SimulatedFault, frozen=True, tag="mangle_response"):
    changes: Annotated[int, Meta(ge=1, le=1000)] = 3
    header: bool = False


class FinalState(SimulatedFault, frozen=True, tag="final_state"):
    state: StateName
    error: Annotated[int, Meta(ge=0, le=999)] = 0
    network: Octet = 3
    code: Annotated[int, Meta(ge=0, le=0xFFFF)] | None = None


class HandsetOff(SimulatedFault, frozen=True, tag="handset_off"):
    seconds: Seconds


class ReceiptFirst(SimulatedFault, frozen=True, tag="receipt_first"):
    seconds: Seconds = 0.0


class DelayReceipt(SimulatedFault, frozen=True, tag="delay_receipt"):
    seconds: Seconds
    max_seconds: Seconds | None = None


class DoubleReceipt(SimulatedFault, frozen=True, tag="double_receipt"):
    copies: Copies = 2
    seconds: Seconds = 0.0


class LoseReceipt(SimulatedFault, frozen=True, tag="lose_receipt"):
    pass


class ReceiptId(SimulatedFault, frozen=True, tag="receipt_id"):
    base: Literal["decimal", "hex"] | None = None
    case: Literal["upper", "lower"] = "upper"
    width: Annotated[int, Meta(ge=0, le=64)] = 0
    where: Literal["both", "text", "tlv"] = "both"


class ShapeReceipt(SimulatedFault, frozen=True, tag="shape_receipt"):
    tlvs: bool = True
    text: bool = True
    separator: Annotated[str, Meta(min_length=1, max_length=3)] = " "
    omit: tuple[ReceiptLabel, ...] = ()


class Intermediate(SimulatedFault, frozen=True, tag="intermediate"):
    always: bool = False


class MangleReceipt(SimulatedFault, frozen=True, tag="mangle_receipt"):
    changes: Annotated[int, Meta(ge=1, le=1000)] = 3
    header: bool = False


ResponseFault: TypeAlias = (
    Silent | Drop | Reset | HalfOpen | WrongSequence | DoubleResponse | MangleResponse
)
SubmitFault: TypeAlias = (
    Refuse
    | HttpError
    | EmptyBody
    | ShortList
    | Slow
    | Congestion
    | ResponseFault
    | FinalState
    | HandsetOff
    | ReceiptFirst
    | DelayReceipt
    | DoubleReceipt
    | LoseReceipt
    | ReceiptId
    | ShapeReceipt
    | Intermediate
    | MangleReceipt
)
AnyFault: TypeAlias = RefuseBind | SubmitFault
_SUPPLIERS: Final = frozenset({"esim_access", "esim_go", "esimfly"})
CALLS: Final[Mapping[CallName, frozenset[str]]] = {
    "plans": _SUPPLIERS,
    "esims": _SUPPLIERS,
    "esim": frozenset({"esim_go"}),
    "log_in": frozenset({"emnify", "once"}),
    "state": frozenset({"twilio", "emnify", "once"}),
}
"""The shapes that have a call."""
CALL_FAULTS: Final = (
    *(HttpError, EmptyBody, ShortList, Slow),
    *(Silent, HalfOpen, Drop, Reset, MangleResponse),
)
"""Faults of calls; the others are of texts."""


class Rule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A fault and its conditions; counters show the name."""

    do: AnyFault
    when: When = When()
    name: Annotated[str, Meta(max_length=100)] = ""

    def __post_init__(self) -> None:
        if isinstance(self.do, ShortList) and self.when.call not in ("plans", "esims"):
            raise ValueError("do: short_list needs when.call = plans or esims")
        if self.when.call:
            self._check_call(self.when.call)
        if isinstance(self.do, RefuseBind):
            if self.when.to:
                raise ValueError("when.to: a bind has no destination")
            if self.when.upstream:
                raise ValueError("when.upstream: only SMPP has binds")
        elif self.when.bound:
            raise ValueError("when.bound: only for refuse_bind")

    def _check_call(self, call: CallName) -> None:
        if type(self.do) not in CALL_FAULTS:
            raise ValueError(f"do: {fault_name(self.do)} is no fault of a call")
        if self.when.bind:
            raise ValueError("when.bind: calls come by HTTP")
        if self.when.to and call != "esim":
            raise ValueError(f"when.to: {call} names no eSIM")
        if self.when.upstream and self.when.upstream not in CALLS[call]:
            raise ValueError(f"when.call: {self.when.upstream} has no {call}")


class Faults(Struct, frozen=True, forbid_unknown_fields=True):
    """All matching rules apply; where two set the same thing, the first one wins."""

    rules: Annotated[tuple[Rule, ...], Meta(max_length=MAX_RULES)] = field(default=())


def status_code(status: StatusName) -> int:
    """The command_status of a name or number. Raises ValueError for an unknown name."""
    if isinstance(status, int):
        return status
    if status == "ESME_ROK" or status not in Status.__members__:
        raise ValueError(f"{status!r} is not an error status of SMPP; write a vendor's as a number")
    return int(Status[status])


def fault_name(fault: AnyFault) -> str:
    """The name of a fault in a file."""
    return str(fault.__struct_config__.tag)
