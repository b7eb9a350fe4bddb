"""Passwords that are guessed. The node of this file refuses the address of the tests afterwards."""

from contextlib import closing

from simpost.smpp import Status
from tests.integration.smpp_server.raw import RawClient


def bind(served, login):
    with closing(RawClient(served.port)) as client:
        return client.bind(login).command_status


def test_an_address_that_guesses_is_refused_unchecked(embedded):
    known, guessed = embedded.login(), embedded.login()
    assert bind(embedded, known) == Status.ESME_ROK
    statuses = []
    while Status.ESME_RBINDFAIL not in statuses:
        statuses.append(bind(embedded, (guessed[0], "wrong")))
    assert set(statuses) == {Status.ESME_RINVPASWD, Status.ESME_RBINDFAIL}
    assert bind(embedded, known) == Status.ESME_RBINDFAIL  # the same address
    count = len(statuses) - 1
    assert f'simpost_authentication_failures_total{{api="smpp"}} {count}' in embedded.metrics()
