"""Builds the binds in the settings of a carrier."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from simpost.carriers.smpp.bind import BindConnection, BindKind, BindListener
from simpost.carriers.smpp.command_status import StatusMap
from simpost.carriers.smpp.outbind import serve_outbind
from simpost.carriers.smpp.reconnect import keep_bound
from simpost.config import SmppCarrierSettings as Settings
from simpost.net.resolver import NameResolver
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


def build_binds(
    settings: Settings, statuses: StatusMap, listener: BindListener
) -> list[BindConnection]:
    """Return the binds, not started: those that simpost opens, and the one for outbind."""
    names = NameResolver()  # one per carrier: a name server that hangs blocks no other carrier
    binds = [
        BindConnection(
            kind,
            number,
            settings,
            listener,
            partial(keep_bound, _bind_pdu(settings, kind), statuses, names),
        )
        for number in range(1, settings.binds + 1)
        for kind in _KINDS[settings.bind]
    ]
    if settings.outbind_port:
        bind_pdu = _bind_pdu(settings, BindKind.RECEIVER)
        number = settings.binds + 1
        keep = partial(serve_outbind, bind_pdu)
        binds.append(
            BindConnection(BindKind.RECEIVER, number, settings, listener, keep, connects=False)
        )
    return binds


def _bind_pdu(settings: Settings, kind: BindKind) -> Callable[[], Bind]:
    return partial(
        _BIND[kind],
        system_id=settings.system_id,
        password=settings.password.get_secret_value(),
        system_type=settings.system_type,
        interface_version=_VERSIONS[settings.interface_version],
    )
