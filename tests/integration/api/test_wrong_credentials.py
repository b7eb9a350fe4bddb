"""Wrong credentials are reported, counted, logged and slowed; right ones are never delayed."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from simpost.api.shared.wrong_credentials import FREE, MAX_DELAY_S, MAX_DELAYED, WrongCredentials
from tests.integration.api.conftest import Service

SERVED = Any  # the `service` fixture of conftest.py


class Delays:
    """A sleep that records the delay of each response and returns at once."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)


@pytest.fixture
def delays() -> Delays:
    return Delays()


@pytest.fixture
def settings(delays: Delays) -> dict[str, Any]:
    return {
        "wrong_credentials": WrongCredentials(sleep=delays.sleep),
        "metrics_token": "token-of-the-metrics",
    }


async def detail(service: Service, path: str = "/v1/messages", **given: Any) -> str:
    answer = await service.client.get(path, **given)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    words: str = answer.json()["detail"]
    return words


async def test_wrong_and_missing_credentials_have_different_errors(service: SERVED) -> None:
    assert "No credentials were given" in await detail(service)
    wrong = "The access code or the secret is wrong."
    assert await detail(service, auth=("demo", "wrong")) == wrong
    assert await detail(service, auth=("nobody", "demo-secret")) == wrong
    both = {"RT-AccessCode": "demo", "RT-SecretKey": "wrong"}
    assert await detail(service, headers=both) == wrong
    assert "RT-SecretKey is missing" in await detail(service, headers={"RT-AccessCode": "demo"})
    assert "not HTTP Basic" in await detail(service, headers={"Authorization": "Basic ~"})
    bearer = {"Authorization": "Bearer admin-token"}
    assert "not a valid key" in await detail(service, headers=bearer)


@pytest.mark.parametrize(
    ("path", "name"), [("/v1/admin/accounts", "admin token"), ("/metrics", "metrics token")]
)
async def test_wrong_and_missing_tokens_have_different_errors(
    service: SERVED, path: str, name: str
) -> None:
    assert f"No {name} was given" in await detail(service, path)
    headers = {"Authorization": "Bearer wrong"}
    assert await detail(service, path, headers=headers) == f"The {name} is wrong."


async def fail(service: Service, api: str) -> int:
    if api == "open":
        headers = {"RT-AccessCode": "demo", "RT-SecretKey": "wrong"}
        answer = await service.client.post("/api/v1/open/package/list", headers=headers)
        assert answer.json()["errorCode"] == "101003"
        return 401
    paths = {"native": "/v1/messages", "admin": "/v1/admin/accounts", "metrics": "/metrics"}
    auth = ("demo", "wrong") if api == "native" else None
    headers = {} if auth else {"Authorization": "Bearer wrong"}
    return (await service.client.get(paths[api], auth=auth, headers=headers)).status_code


@pytest.mark.parametrize("api", ["open", "native", "admin", "metrics"])
async def test_each_kind_of_credential_is_counted_logged_and_slowed(
    service: SERVED, delays: Delays, api: str
) -> None:
    with capture_logs() as lines:
        for _ in range(12):
            assert await fail(service, api) == 401
    failures = [line for line in lines if line["event"] == "authentication_failed"]
    assert [line["count"] for line in failures] == [1, 10]
    assert "wrong" not in [value for line in failures for value in line.values()]
    assert len(delays.asked) == 12 - FREE
    assert delays.asked == sorted(delays.asked)
    assert delays.asked[-1] == MAX_DELAY_S
    metrics = await service.client.get(
        "/metrics", headers={"Authorization": "Bearer token-of-the-metrics"}
    )
    assert f'simpost_authentication_failures_total{{api="{api}"}} 12.0' in metrics.text


async def test_right_credentials_are_never_delayed(service: SERVED, delays: Delays) -> None:
    for _ in range(FREE + 3):
        await fail(service, "open")
        await fail(service, "admin")
    held = len(delays.asked)
    assert (await service.send()).json()["success"] is True
    assert (await service.native("GET", "messages")).status_code == 200
    assert (await service.operate("GET", "accounts")).status_code == 200
    assert len(delays.asked) == held


@pytest.mark.parametrize("secret", ["short", "fifteen-letters", "with a space in it", "x" * 129])
async def test_a_given_secret_has_16_to_128_characters(service: SERVED, secret: str) -> None:
    added = await service.operate("POST", "accounts", json={"accessCode": "new", "secret": secret})
    changed = await service.operate("PATCH", "accounts/demo", json={"secret": secret})
    for answer in (added, changed):
        assert answer.status_code == 422
        assert "16 to 128" in answer.json()["errors"][0]["reason"]
        assert secret not in answer.text
    good = await service.operate(
        "POST", "accounts", json={"accessCode": "new", "secret": "sixteen-letters!"}
    )
    assert good.status_code == 201


def test_memory_and_log_lines_are_bounded_whatever_strangers_send() -> None:
    now_s = 0.0
    failures = WrongCredentials(lambda: now_s)
    with capture_logs() as lines:
        for number in range(20_000):
            failures.count("open", f"198.51.{number % 256}.{number // 256}", "demo")
    assert len(failures._failed) == 10_000
    assert len(lines) <= 20
    assert failures.counts["open",] == 20_000


def test_failures_are_forgotten_after_a_quarter_of_an_hour() -> None:
    now_s = 0.0
    failures = WrongCredentials(lambda: now_s)
    delays = [failures.count("open", "192.0.2.1", "demo") for _ in range(FREE + 1)]
    assert delays == [0.0] * FREE + [0.25]
    now_s = 900.0
    assert failures.count("open", "192.0.2.1", "demo") == 0.0
    assert failures.count("open", "192.0.2.2", "demo") == 0.0


async def test_the_responses_delayed_at_the_same_time_are_bounded() -> None:
    release = asyncio.Event()
    waiting = 0

    async def sleep(_seconds: float) -> None:
        nonlocal waiting
        waiting += 1
        await release.wait()

    failures = WrongCredentials(sleep=sleep)
    scope = {"client": ("192.0.2.1", 1)}
    tasks = [
        asyncio.create_task(failures.note("open", scope, "demo"))
        for _ in range(FREE + MAX_DELAYED + 50)
    ]
    await asyncio.gather(*tasks[:FREE], *tasks[FREE + MAX_DELAYED :])
    assert waiting == MAX_DELAYED
    assert not any(task.done() for task in tasks[FREE : FREE + MAX_DELAYED])
    release.set()
    await asyncio.gather(*tasks)
