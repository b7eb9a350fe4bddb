"""The lines that a carrier's settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from simpost.carriers.smpp.answers import Answers
from simpost.carriers.smpp.calls import answer_calls
from simpost.carriers.smpp.dialling import keep_bound
from simpost.carriers.smpp.line import Line, Operator
from simpost.config import SmppCarrier as Settings
from simpost.net.resolver import NameResolver
from simpost.ports.carrier import BindKind
from simpost.smpp import (
    SMPP_3_4,
    SMPP_5_0,
    Bind,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
)

_VERSIONS: Final = {"3.4": SMPP_3_4, "5.0": SMPP_5_0}
_BIND: Final[dict[BindKind, type[Bind]]] = {
    BindKind.TRANSCEIVER: BindTransceiver,
    BindKind.TRANSMITTER: BindTransmitter,
    BindKind.RECEIVER: BindReceiver,
}
_KINDS: Final = {
    "transceiver": (BindKind.TRANSCEIVER,),
    "transmitter_receiver": (BindKind.TRANSMITTER, BindKind.RECEIVER),
    "transmitter": (BindKind.TRANSMITTER,),
}


def lines_of(settings: Settings, answers: Answers, operator: Operator) -> list[Line]:
    """Lines to start: those we dial, and the one the message centre calls us on."""
    names = NameResolver()  # each carrier's own: a name server that hangs holds nobody else up
    lines = [
        Line(
            kind,
            number,
            settings,
            operator,
            partial(keep_bound, _bind(settings, kind), answers, names),
        )
        for number in range(1, settings.binds + 1)
        for kind in _KINDS[settings.bind]
    ]
    if settings.outbind_port:
        bind = _bind(settings, BindKind.RECEIVER)
        number = settings.binds + 1
        keep = partial(answer_calls, bind)
        lines.append(Line(BindKind.RECEIVER, number, settings, operator, keep, dials=False))
    return lines


def _bind(settings: Settings, kind: BindKind) -> Callable[[], Bind]:
    return partial(
        _BIND[kind],
        system_id=settings.system_id,
        password=settings.password.get_secret_value(),
        system_type=settings.system_type,
        interface_version=_VERSIONS[settings.interface_version],
    )
