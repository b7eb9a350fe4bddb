"""The bound clients of a node: what each request of theirs is answered."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from simpost.api.shared.error_log import log_crash, log_store_refusal
from simpost.api.smpp.binds import API
from simpost.api.smpp.receipts import message_id_of
from simpost.api.smpp.sends import Sends
from simpost.api.smpp.statuses import error_code, message_state
from simpost.api.smpp.submits import SubmitError
from simpost.domain.accounts import Account
from simpost.domain.smpp_logins import SmppLogin
from simpost.domain.states import State
from simpost.errors import StoreError
from simpost.messaging.intake import Intake
from simpost.messaging.smpp_logins import SmppLogins
from simpost.observe import get_logger
from simpost.ports.store import MessageLog
from simpost.smpp import (
    CancelSm,
    CancelSmResp,
    CloseReason,
    Pdu,
    PduError,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    Session,
    SessionHandler,
    SessionState,
    Status,
    SubmitSm,
    SubmitSmResp,
    command_name,
    format_absolute,
    status_name,
)

log = get_logger(__name__)

_GRACE_S: Final = 10.0
"""Longest wait for requests in progress when simpost stops."""
_RECEIVING: Final = frozenset({SessionState.BOUND_RX, SessionState.BOUND_TRX})
Answer = Coroutine[Any, Any, Pdu]


class Clients(SessionHandler):
    """Handles the requests of bound clients, each in a task that ends with the commit.

    Attributes:
        bound: the login of each bound session.
        window: most requests of a client without a response.
        responses: by command and status, as the standard names them.
    """

    def __init__(
        self,
        logins: SmppLogins,
        sends: Sends,
        intake: Intake,
        messages: MessageLog,
        *,
        window: int,
    ) -> None:
        self.bound: dict[Session, SmppLogin] = {}
        self.window = window
        self.responses: Counter[tuple[str, str]] = Counter()
        self._logins = logins
        self._sends = sends
        self._intake = intake
        self._messages = messages
        self._is_stopping = False
        self._tasks: set[asyncio.Task[None]] = set()

    def receivers_of(self, system_id: str) -> list[Session]:
        """The sessions of a login that take deliver_sm."""
        return [
            session
            for session, login in self.bound.items()
            if login.system_id == system_id and session.state in _RECEIVING
        ]

    def receiving(self) -> dict[str, SmppLogin]:
        """The logins with a session that takes deliver_sm, by system_id."""
        return {
            login.system_id: login
            for session, login in self.bound.items()
            if session.state in _RECEIVING
        }

    def bound_count(self, account_id: int) -> int:
        """Binds of an account on this node."""
        return sum(login.account_id == account_id for login in self.bound.values())

    def end_revoked(self) -> None:
        """Unbind the sessions of logins that were revoked, and of disabled accounts."""
        for session, login in list(self.bound.items()):
            if self._logins.account_of(login) is None:
                self._spawn(_unbind(session))

    async def stop(self) -> None:
        """Refuse further requests, and return once those in progress are answered, or late."""
        self._is_stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE_S)

    # Called by sessions.

    def on_bound(self, session: Session) -> None:
        """Count the client among those of its login."""
        assert session.bind is not None
        self.bound[session] = login = self._logins.find(session.bind.system_id)
        log.info("smpp_bound", system_id=login.system_id, bind=session.state, peer=session.peer)

    def on_closed(self, session: Session, reason: CloseReason) -> None:
        """Forget the client. Requests in progress are committed; nobody gets their response."""
        login = self.bound.pop(session, None)
        if login is not None:
            log.info(
                "smpp_unbound", system_id=login.system_id, peer=session.peer, reason=reason.value
            )

    def on_malformed(self, session: Session, error: PduError) -> None:
        """Count the error that the session has answered."""
        self._count(command_name(error.command_id), error.status)

    def on_request(self, session: Session, request: Pdu) -> None:
        """Answer now, or once the store has committed."""
        login = self.bound.get(session)
        account = self._logins.account_of(login) if login else None
        if login is None or account is None:
            self._refuse(session, request, Status.ESME_RBINDFAIL)
        elif self._is_stopping:
            self._refuse(session, request, Status.ESME_RSYSERR)
        elif session.unacked > self.window:
            self._refuse(session, request, Status.ESME_RTHROTTLED)
        elif isinstance(request, SubmitSm):
            self._answer(session, request, self._submit(account, login, request))
        elif isinstance(request, QuerySm):
            self._answer(session, request, self._query(account, request))
        elif isinstance(request, CancelSm):
            self._answer(session, request, self._cancel(account, request))
        elif isinstance(request, ReplaceSm):
            self._refuse(session, request, Status.ESME_RREPLACEFAIL)
        else:
            self._refuse(session, request, Status.ESME_RINVCMDID)

    # Answers.

    async def _submit(self, account: Account, login: SmppLogin, request: SubmitSm) -> Pdu:
        return SubmitSmResp(message_id=await self._sends.send(account, login, request))

    async def _query(self, account: Account, request: QuerySm) -> Pdu:
        message_id = message_id_of(request.message_id)
        message = message_id and await self._messages.find_message(account.id, message_id)
        if not message:
            raise SubmitError(Status.ESME_RINVMSGID)
        final = ""
        if message.state.is_final:
            final = format_absolute(datetime.fromtimestamp(message.updated_ms / 1000, UTC))
        return QuerySmResp(
            message_id=request.message_id,
            final_date=final,
            message_state=message_state(message.state, message.reason),
            error_code=error_code(message.state, message.reason),
        )

    async def _cancel(self, account: Account, request: CancelSm) -> Pdu:
        """Without a message id the standard means all messages of an address: not supported."""
        message_id = message_id_of(request.message_id)
        message = message_id and await self._intake.cancel(account, message_id)
        if not message:
            raise SubmitError(Status.ESME_RINVMSGID)
        if message.state is not State.CANCELLED:
            raise SubmitError(Status.ESME_RCANCELFAIL)
        return CancelSmResp()

    def _answer(self, session: Session, request: Pdu, answer: Answer) -> None:
        self._spawn(self._respond(session, request, answer))

    async def _respond(self, session: Session, request: Pdu, answer: Answer) -> None:
        command = command_name(request.command_id)
        try:
            response = await answer
        except SubmitError as error:
            self._refuse(session, request, error.status)
        except StoreError as error:
            log_store_refusal(API, command, error)
            self._refuse(session, request, Status.ESME_RSYSERR)
        except Exception as error:  # noqa: BLE001  the root of a request: it must be answered
            log_crash(API, command, error)
            self._refuse(session, request, Status.ESME_RSYSERR)
        else:
            session.respond(request, response)
            self._count(command, Status.ESME_ROK)

    def _refuse(self, session: Session, request: Pdu, status: int) -> None:
        session.refuse(request, status)
        self._count(command_name(request.command_id), status)

    def _count(self, command: str, status: int) -> None:
        """Unknown commands are counted together: their number is not bounded."""
        name = command if not command.startswith("0x") else "unknown"
        self.responses[name, status_name(status)] += 1

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _unbind(session: Session) -> None:
    await session.unbind()
