"""The plan of a message: its carrier, encoding and parts, or why no carrier can take it.

Pure. `decision` then applies policy and time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Final, Literal, NamedTuple

import msgspec

from simpost.domain.accounts import Account
from simpost.domain.decision_record import DecisionRecord
from simpost.domain.esims import Esim, blocking_reason
from simpost.domain.messages import Category
from simpost.domain.options import DEFAULT_OPTIONS, Concatenation, Options, Ports, TemplateRef
from simpost.domain.policy.quotas import Quota
from simpost.domain.reasons import Reason
from simpost.messaging.routes import Routing
from simpost.ports.carrier import AddressType, CarrierCapabilities
from simpost.text import (
    UCS2,
    CallLimit,
    CallTexts,
    Segments,
    Spelling,
    TextTooLong,
    TooManyParts,
    call_texts,
    may_save_parts,
    parse_encoding,
    segment_octets,
    spell,
)


class SendOptions(msgspec.Struct, frozen=True, gc=False):
    """Options of a request, besides the text.

    Attributes:
        sender: shown on the handset; `None` for the one of the carrier.
        message_class, receipt, ports: see `Options`.
        binary: whether the text is octets in hex digits.
        look_alikes: whether look-alikes are sent if that saves parts; `None` for the setting of the
            account.
        template: what the text was rendered from; `None` if the caller gave a text.
    """

    sender: str | None = None
    message_class: int | None = None
    receipt: bool = True
    binary: bool = False
    ports: Ports | None = None
    look_alikes: bool | None = None
    template: TemplateRef | None = None


DEFAULT_SEND_OPTIONS = SendOptions()
_PAYLOAD: Final = Concatenation.PAYLOAD
_ADDRESS: Final[Mapping[AddressType, Callable[[Esim], str]]] = {
    AddressType.MSISDN: attrgetter("msisdn"),
    AddressType.IMSI: attrgetter("imsi"),
    AddressType.ICCID: attrgetter("iccid"),
    AddressType.ESIM_TRAN_NO: attrgetter("esim_tran_no"),
}


class LookAlikeSaving(NamedTuple):
    """What look-alikes would save: the parts with them, and the characters that they replace."""

    parts: int
    characters: int


class SendPlan(msgspec.Struct, frozen=True):
    """What will be sent, and by which carrier.

    Attributes:
        text: as it is sent; `options` lists the characters that were replaced.
        parts: the text of each PDU.
        segments: the parts that a carrier which segments texts itself probably makes.
        quotas: what the message uses of quotas when it is committed.
        record: what policy looked at; `None` if that need not be kept.
        saving: `None` if look-alikes would save no parts, or are used already.
    """

    carrier: CarrierCapabilities
    destination: str
    category: Category
    encoding: str
    text: str
    parts: tuple[str, ...]
    sender: str = ""
    options: Options = DEFAULT_OPTIONS
    segments: tuple[str, ...] | None = None
    quotas: tuple[Quota, ...] = ()
    record: DecisionRecord | None = None
    saving: LookAlikeSaving | None = None

    @property
    def part_count(self) -> int:
        """Number of parts that the handset receives and the carrier charges."""
        return len(self.segments or self.parts)


class Refusal(msgspec.Struct, frozen=True):
    """Why nothing will be sent. `detail` adds numbers to the explanation of the reason.

    Attributes:
        record: what policy looked at; `None` if another rule refused.
        budget: the name of the budget that is reached; empty if it is another reason.
        until_ms: when it may be sent; `None` if that is not known.
    """

    reason: Reason
    detail: str = ""
    record: DecisionRecord | None = None
    budget: str = ""
    until_ms: int | None = None


def find_plan(
    account: Account,
    esim: Esim | None,
    text: str,
    category: Category | None,
    routing: Routing,
    options: SendOptions,
) -> SendPlan | Refusal:
    """The plan for the first carrier of the route that supports the message."""
    if esim is None:
        return Refusal(Reason.ESIM_UNKNOWN)
    if reason := blocking_reason(esim):
        return Refusal(reason)
    if not text.strip() and not options.binary:
        return Refusal(Reason.TEXT_BLANK)
    if account.look_alikes and options.look_alikes is None:
        options = _with_look_alikes(options)
    first_refusal: Refusal | None = None
    for carrier in routing.pick(account.access_code, esim):
        plan = plan_for_carrier(carrier, esim, text, category or account.category, options)
        if isinstance(plan, SendPlan):
            return plan
        first_refusal = first_refusal or plan
    return first_refusal or Refusal(Reason.NO_ROUTE)


def plan_for_carrier(
    carrier: CarrierCapabilities,
    esim: Esim,
    text: str,
    category: Category,
    options: SendOptions = DEFAULT_SEND_OPTIONS,
) -> SendPlan | Refusal:
    """The plan for this carrier, or why it does not support the message."""
    destination = _ADDRESS[carrier.address](esim)
    if not destination:
        return Refusal(Reason.NO_ADDRESS, f"{carrier.name} delivers to the {carrier.address}")
    if options is not DEFAULT_SEND_OPTIONS and (reason := _unsupported(carrier, options)):
        return Refusal(reason)
    try:
        spelling = _spell(text, carrier, options)
        calls = (
            None if carrier.call_limit is None else _calls(spelling, carrier.call_limit, carrier)
        )
    except TooManyParts as error:
        return Refusal(Reason.TOO_MANY_PARTS, f"{error.parts} parts, {error.limit} at most")
    except TextTooLong as error:
        return Refusal(Reason.TEXT_TOO_LONG, str(error))
    cut, replaced = spelling.segments, spelling.replaced
    concatenation, saving = None, None
    if len(cut.parts) > 1 or calls:
        concatenation = _concatenation(carrier, cut, calls)
        saving = _find_saving(spelling, text, carrier, options)
    if options.ports and concatenation and not _has_header(concatenation):
        return Refusal(Reason.PORTS_NEED_ONE_PART, f"{len(cut.parts)} parts")
    is_whole = concatenation is _PAYLOAD
    message_options = _options(options, concatenation, receipts=carrier.receipts)
    return SendPlan(
        carrier,
        destination,
        category,
        cut.encoding.label,
        spelling.text,
        (spelling.text,) if is_whole else calls.texts if calls else cut.parts,
        options.sender or carrier.sender,
        msgspec.structs.replace(message_options, replaced=replaced)
        if replaced
        else message_options,
        cut.parts if is_whole else calls.segments if calls else None,
        saving=saving,
    )


def _concatenation(
    carrier: CarrierCapabilities, cut: Segments, calls: CallTexts | None
) -> Concatenation | None:
    """How the parts are marked; `None` for one part, if it is one request, too."""
    method = carrier.concatenation_method
    if method is not Concatenation.NUMBERED:
        return method if len(cut.parts) > 1 else None
    if calls and len(calls.texts) > 1:
        return method
    return _PAYLOAD if len(cut.parts) > 1 else None  # the carrier splits a single text


def _find_saving(
    spelling: Spelling, text: str, carrier: CarrierCapabilities, options: SendOptions
) -> LookAlikeSaving | None:
    """What look-alikes would save; looks only at texts that take several parts of UCS-2."""
    cut = spelling.segments
    if len(cut.parts) < 2 or cut.encoding != UCS2 or options.look_alikes:
        return None
    if not may_save_parts(spelling.text, carrier.languages, parse_encoding(carrier.alphabet)):
        return None
    other = _spell(text, carrier, _with_look_alikes(options))
    if len(other.segments.parts) >= len(cut.parts):
        return None
    return LookAlikeSaving(len(other.segments.parts), sum(each.count for each in other.replaced))


def _calls(spelling: Spelling, limit: CallLimit, carrier: CarrierCapabilities) -> CallTexts:
    """The text of each request to a carrier with a limit for a request."""
    return call_texts(
        spelling.text,
        spelling.segments.encoding,
        limit,
        is_numbered=carrier.concatenation_method is Concatenation.NUMBERED,
        max_parts=carrier.max_parts,
    )


def _unsupported(carrier: CarrierCapabilities, options: SendOptions) -> Reason | None:
    """The reason why the carrier does not support the options; `None` when it does."""
    if options.sender and not carrier.allows_sender(options.sender):
        return Reason.SENDER_NOT_ALLOWED
    if options.message_class is not None and not carrier.class_alphabets:
        return Reason.CLASS_NOT_SUPPORTED
    if options.binary and not carrier.binary:
        return Reason.BINARY_NOT_SUPPORTED
    return None


@lru_cache(maxsize=256)
def _with_look_alikes(options: SendOptions) -> SendOptions:
    return msgspec.structs.replace(options, look_alikes=True)


@lru_cache(maxsize=256)
def _options(
    options: SendOptions, concatenation: Concatenation | None, *, receipts: bool
) -> Options:
    receipt = options.receipt and receipts
    found = Options(
        concatenation,
        options.message_class,
        receipt,
        options.ports,
        template=options.template,
    )
    return DEFAULT_OPTIONS if found == DEFAULT_OPTIONS else found


def _has_header(concatenation: Concatenation) -> bool:
    return concatenation in (Concatenation.UDH8, Concatenation.UDH16)


def _spell(text: str, carrier: CarrierCapabilities, options: SendOptions) -> Spelling:
    bits: Literal[8, 16] = 8 if carrier.reference_bits == 8 else 16
    most = carrier.max_parts
    if options.binary:
        octets = bytes.fromhex(text)
        cut = segment_octets(octets, reference_bits=bits, ports=options.ports, max_parts=most)
        return Spelling(text, cut)
    default = parse_encoding(carrier.alphabet)
    if options.message_class is not None and carrier.alphabet not in carrier.class_alphabets:
        default = UCS2
    found = spell(
        text,
        look_alikes=bool(options.look_alikes),
        reference_bits=bits,
        languages=carrier.languages,
        default=default,
        max_parts=most,
    )
    cut = found.segments
    if (
        len(cut.parts) > 1
        and cut.encoding.shift_octets
        and not _has_header(carrier.concatenation_method)
    ):
        # National tables need a user data header, which excludes other kinds of concatenation.
        return spell(
            text,
            look_alikes=bool(options.look_alikes),
            reference_bits=bits,
            default=default,
            max_parts=most,
        )
    return found
