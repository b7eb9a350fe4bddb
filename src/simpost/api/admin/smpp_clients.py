"""The clients that are bound to the SMPP port of this node."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from simpost.api.shared.auth import ServicesDep, admit_admin
from simpost.api.shared.schemas import Schema

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_admin)])


class ClientOut(Schema):
    """A bound client; `unanswered` are its requests without a response."""

    system_id: str
    access_code: str
    bind: str
    address: str
    unanswered: int


class SmppPortOut(Schema):
    """`port` is null on a node that does not listen."""

    port: int | None
    clients: list[ClientOut]


@router.get("/smpp-clients", summary="Show the clients of the SMPP port")
async def list_smpp_clients(services: ServicesDep) -> SmppPortOut:
    """Of the node that answers, in the order of their binds."""
    port = services.smpp_port
    if port is None or port.listens_on is None:
        return SmppPortOut(port=None, clients=[])
    clients = []
    for each in port.bound_clients():
        account = services.accounts.by_id(each.account_id)
        clients.append(
            ClientOut(
                system_id=each.system_id,
                access_code=account.access_code if account else "",
                bind=each.bind,
                address=each.peer,
                unanswered=each.unanswered,
            )
        )
    return SmppPortOut(port=port.listens_on, clients=clients)
