"""What is repeated, with which key, and what is never repeated."""

import httpx2
import pytest

from simpost_client import (
    Conflict,
    InDoubt,
    NoResponse,
    NotConnected,
    RateLimited,
    Retries,
    ServerFailed,
    SimpostClient,
    Timeouts,
)
from simpost_client.attempts import Attempts
from simpost_client.calls import Call, Response
from tests.clients.scripted import ACCEPTED, ScriptedHost, answer, problem

LOST = httpx2.ReadTimeout("")
UNREACHED = httpx2.ConnectError("")
ENVELOPE = {"success": True, "errorCode": None, "errorMsg": None, "obj": None}
MESSAGE = {"esim_tran_no": "23072017992029", "text": "Hello"}


def keys(host):
    return [request.headers["Idempotency-Key"] for request in host.requests]


@pytest.mark.parametrize("fault", [LOST, UNREACHED, problem(503, "store_unavailable")], ids=str)
def test_a_send_is_repeated_with_the_same_key(fault):
    host = ScriptedHost(fault, fault, answer(202, ACCEPTED))
    with host.native() as client:
        client.messages.send(**MESSAGE)
    assert len(set(keys(host))) == 1
    assert len(host.requests) == 3


def test_each_send_has_a_key_of_its_own():
    host = ScriptedHost(answer(202, ACCEPTED), answer(202, ACCEPTED))
    with host.native() as client:
        client.messages.send(**MESSAGE)
        client.messages.send(**MESSAGE)
    assert len(set(keys(host))) == 2


def test_an_error_has_the_key_to_repeat_with():
    host = ScriptedHost(LOST, LOST, LOST)
    with host.native() as client, pytest.raises(InDoubt) as caught:
        client.messages.send(**MESSAGE)
    assert {caught.value.idempotency_key} == set(keys(host))
    host = ScriptedHost(*[problem(500, "internal_error")] * 3)
    with host.native() as client, pytest.raises(ServerFailed) as failed:
        client.messages.send(**MESSAGE)
    assert {failed.value.idempotency_key} == set(keys(host))


def test_a_check_in_doubt_is_not_repeated():
    host = ScriptedHost(LOST)
    with host.native() as client, pytest.raises(InDoubt):
        client.verifications.check("019a4c7e-7a02-7d11-8b6e-5f0a2c9d4e33", "482910")
    assert len(host.requests) == 1


def test_a_check_that_was_not_sent_is_repeated():
    host = ScriptedHost(UNREACHED, problem(404, "not_found"))
    with host.native() as client, pytest.raises(Exception, match="not_found"):
        client.verifications.check("019a4c7e-7a02-7d11-8b6e-5f0a2c9d4e33", "482910")
    assert len(host.requests) == 2


def test_a_send_without_idempotency_is_not_repeated_in_doubt():
    host = ScriptedHost(LOST)
    with host.compatible(dialect="esim_access") as client, pytest.raises(InDoubt):
        client.send_sms("23072017992029", "Hello", check=False)
    assert len(host.requests) == 1
    host = ScriptedHost(problem(502, "bad_gateway"))
    with host.compatible(dialect="esim_access") as client, pytest.raises(Exception, match="502"):
        client.send_sms("23072017992029", "Hello", check=False)
    assert len(host.requests) == 1


def test_a_send_by_the_hiroaming_dialect_is_repeated_with_its_request_id():
    host = ScriptedHost(LOST, answer(200, ENVELOPE))
    with host.compatible() as client:
        client.send_sms("23072017992029", "Hello", check=False)
    one, two = (request.headers["RT-RequestID"] for request in host.requests)
    assert one == two


def test_a_busy_host_is_asked_again_whatever_its_status():
    busy = {"success": False, "errorCode": "900001", "errorMsg": "busy", "obj": None}
    host = ScriptedHost(answer(200, busy), answer(429, busy), answer(200, ENVELOPE))
    with host.compatible() as client:
        client.send_sms("23072017992029", "Hello", check=False)
    assert len(host.requests) == 3


def test_a_read_without_a_response_is_no_doubt():
    host = ScriptedHost(LOST, LOST, LOST)
    with host.native() as client, pytest.raises(NoResponse) as caught:
        client.messages.get("019a4c7e-7a02-7d11-8b6e-5f0a2c9d4e33")
    assert not isinstance(caught.value, InDoubt)


def test_a_host_that_is_not_reached_got_nothing():
    host = ScriptedHost(UNREACHED, UNREACHED, UNREACHED)
    with host.native() as client, pytest.raises(NotConnected):
        client.messages.send(**MESSAGE)


def test_a_wait_that_is_too_long_is_left_to_the_caller():
    host = ScriptedHost(problem(429, "too_many_requests", Retry_After="3600"))
    with host.native() as client, pytest.raises(RateLimited) as caught:
        client.messages.send(**MESSAGE)
    assert caught.value.retry_after_s == 3600
    assert len(host.requests) == 1


def test_a_conflict_is_not_repeated():
    host = ScriptedHost(problem(409, "broadcast_status"))
    with host.native() as client, pytest.raises(Conflict):
        client.broadcasts.pause("019a4c7e-7a02-7d11-8b6e-5f0a2c9d4e33")


def test_what_a_batch_could_not_commit_is_sent_again():
    refused = {"status": 503, "replayed": False, "message": None, "problem": {"code": "x"}}
    taken = {"status": 202, "replayed": True, "message": ACCEPTED, "problem": None}
    host = ScriptedHost(
        answer(207, {"accepted": 0, "refused": 1, "results": [refused]}, Retry_After="0"),
        answer(207, {"accepted": 1, "refused": 0, "results": [taken]}),
    )
    with host.native() as client:
        (outcome,) = client.messages.send_batch([MESSAGE])
    assert outcome.replayed
    assert len(set(keys(host))) == 1


UNSENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}


def leaves(kind):
    inner = kind.__subclasses__()
    return {kind} if not inner else set().union(*(leaves(each) for each in inner))


@pytest.mark.parametrize("kind", leaves(httpx2.RequestError), ids=lambda kind: kind.__name__)
def test_every_error_of_the_http_library_is_one_of_the_tree(kind):
    host = ScriptedHost(*[kind("")] * 3)
    expected = NotConnected if kind.__name__ in UNSENT else InDoubt
    with host.native() as client, pytest.raises(expected):
        client.messages.send(**MESSAGE)


@pytest.mark.parametrize("url", ["simpost.example", "ftp://a", "http://", "http://a:b"])
def test_a_url_that_cannot_be_one_is_refused(url):
    with pytest.raises(ValueError, match="base URL"):
        SimpostClient(url, access_code="demo", secret="demo-secret")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def attempts(clock, **retries):
    call = Call(method="GET", path="/", read=lambda _: None, repeatable=True)
    return Attempts(call, Retries(**retries), Timeouts(total_s=10), clock, chance=lambda: 1.0)


def test_waits_double_and_follow_retry_after():
    made = attempts(Clock(), attempts=4, first_wait_s=1)
    assert made.after_response(Response(503, {}, b"")) == 1
    assert made.after_response(Response(503, {}, b"")) == 2
    assert made.after_response(Response(429, {"retry-after": "7"}, b"")) == 7
    assert made.after_response(Response(503, {}, b"")) is None


def test_no_wait_exceeds_the_time_of_the_call():
    clock = Clock()
    made = attempts(clock, attempts=9, first_wait_s=1)
    clock.now = 9.5
    assert made.after_response(Response(503, {}, b"")) is None


def test_every_timeout_is_finite():
    for wrong in (0, -1, float("inf"), float("nan")):
        with pytest.raises(ValueError, match="finite"):
            Timeouts(read_s=wrong)
