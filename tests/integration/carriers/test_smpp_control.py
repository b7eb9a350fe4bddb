"""Carriers are paused, drained and reconfigured under load: nothing is lost or sent twice."""

import asyncio
import contextlib

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from simpost.carriers.smpp import SmppCarrier
from simpost.domain.accounts import Account
from simpost.domain.outcomes import OutcomeKind
from simpost.domain.states import State
from simpost.messaging.lane import Lane
from simpost.messaging.result_writer import ResultWriter
from simpost.messaging.retry import RetryPolicy
from simpost.ports.carrier import ConnectionState
from simpost.runtime.clock import wall_clock_ms
from simpost.smpp import CloseReason, SubmitSmResp
from simpost.store import SqliteStore
from tests.integration.carriers.centre import Centre, linked, listening, part, send, settings
from tests.integration.messaging.scripted import Bench


def after_a_while(session, submit):
    """Delays the answer, so that there are always unanswered submits."""
    answer = SubmitSmResp(message_id=f"id-{id(session)}-{submit.sequence_number}")
    asyncio.get_running_loop().call_later(0.02, session.respond, submit, answer)
    return "silence"


@contextlib.asynccontextmanager
async def traffic(folder, port, **changed):
    """Messages on their way from a store through a lane to a carrier at this port."""
    store = await SqliteStore.open(folder / "s.db", seal_key=Fernet.generate_key().decode())
    await store.accounts.add_account(Account(id=0, access_code="a", secret="s"))
    carrier = SmppCarrier(settings(port, name="c", **changed))
    result_writer = ResultWriter(store.queue)
    lane = Lane(
        carrier,
        store.queue,
        result_writer,
        owner="embedded",
        depth=carrier.depth,
        retry_policy=RetryPolicy(unreachable_s=0.1),
        clock_ms=wall_clock_ms,
    )
    running = asyncio.gather(lane.run(), result_writer.run())
    await carrier.start(lane)
    try:
        yield Bench(store, carrier, lane, result_writer, wall_clock_ms)
    finally:
        await carrier.close()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await store.close()


async def pause_and_resume(carrier, _):
    carrier.pause()
    assert not carrier.is_open
    await asyncio.sleep(0.1)
    assert carrier.state is ConnectionState.READY
    carrier.resume()


async def drain_and_resume(carrier, _):
    await carrier.drain()
    assert carrier.state is ConnectionState.CLOSING
    assert carrier.connections()[0].unanswered == 0
    carrier.resume()


async def resume_in_the_middle_of_a_drain(carrier, _):
    draining = asyncio.ensure_future(carrier.drain())
    await asyncio.sleep(0.005)
    carrier.resume()
    await draining


async def take_other_settings(carrier, port):
    await carrier.reconfigure(settings(port, name="c", binds=3, window=5))
    assert len(carrier.connections()) == 3


@pytest.mark.parametrize(
    "action",
    [pause_and_resume, drain_and_resume, resume_in_the_middle_of_a_drain, take_other_settings],
)
async def test_nothing_is_lost_and_nothing_sent_twice(tmp_path, action):
    centre = Centre(after_a_while)
    async with (
        listening(centre) as port,
        traffic(tmp_path, port) as bench,
    ):
        accepting = asyncio.ensure_future(bench.accept_many(40))
        for _ in range(5):
            await centre.submits.get()
        await action(bench.carrier, port)
        for _ in range(5, 40):
            await centre.submits.get()
        for message_id in await accepting:
            message = await bench.until(message_id, State.SENT)
            assert not any(attempt.repeat for attempt in message.attempts)
    assert sorted(centre.texts) == sorted(f"text {n}" for n in range(40))


async def test_changed_settings_apply_to_the_next_bind():
    old, new = Centre(), Centre()
    new.password = "changed"
    async with linked(centre=old) as (carrier, _, lane), listening(new) as port:
        assert await send(carrier, part())
        given = settings(
            port, password=SecretStr("changed"), source_address="newname", rate_per_s=20
        )
        await carrier.reconfigure(given)
        assert await old.ends.get() is CloseReason.UNBOUND_BY_PEER
        await lane.until_bound(carrier)
        assert carrier.capabilities.sender == "newname"
        assert carrier.connections()[0].allowed_per_s == 20
        assert (await send(carrier, part())).kind is OutcomeKind.ACCEPTED
        assert (len(old.texts), len(new.texts)) == (1, 1)


async def test_a_paused_carrier_still_takes_answers_and_sends_nothing():
    async with linked(centre=Centre(after_a_while)) as (carrier, centre, _):
        sent = send(carrier, part())
        carrier.pause()
        assert (carrier.capacity, carrier.is_open, carrier.is_paused) == (0, False, True)
        assert (await send(carrier, part())).kind is OutcomeKind.UNREACHABLE
        assert (await sent).kind is OutcomeKind.ACCEPTED
        assert len(centre.texts) == 1
        carrier.resume()
        assert (carrier.capacity, carrier.is_open) == (10, True)


async def test_a_pause_survives_changed_settings():
    async with linked() as (carrier, _, lane):
        carrier.pause()
        await carrier.reconfigure(settings(carrier._settings.port, window=3))
        await lane.until_bound(carrier)
        assert (carrier.is_paused, carrier.is_open) == (True, False)
        carrier.resume()
        assert carrier.capacity == 3


async def test_a_drained_carrier_stays_unbound_whatever_settings_it_gets():
    async with linked() as (carrier, centre, lane):
        await carrier.drain()
        await carrier.reconfigure(settings(carrier._settings.port))
        assert not carrier.is_open
        assert len(centre.binds) == 1
        carrier.resume()
        await lane.until_bound(carrier)
        assert len(centre.binds) == 2


async def test_draining_waits_for_every_answer_before_it_unbinds():
    async with linked(centre=Centre(after_a_while)) as (carrier, centre, _):
        answers = [send(carrier, part()) for _ in range(10)]
        await carrier.drain()
        assert all(answer.done() for answer in answers)
        assert {answer.result().kind for answer in answers} == {OutcomeKind.ACCEPTED}
        assert await centre.ends.get() is CloseReason.UNBOUND_BY_PEER


async def test_a_stop_during_a_reconfiguration_stays_a_stop():
    async with linked(centre=Centre(after_a_while)) as (carrier, centre, _):
        send(carrier, part())
        changing = asyncio.ensure_future(
            carrier.reconfigure(settings(carrier._settings.port, window=3))
        )
        await asyncio.sleep(0)
        await carrier.close()
        await changing
        assert len(centre.binds) == 1
        assert carrier.state is not ConnectionState.READY
