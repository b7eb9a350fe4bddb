"""Every HTTP carrier of a gateway in a process of its own, pointed at the simulated upstreams.

One gateway and one simulator for all: a route per carrier, by the beginning of the number.
"""

import asyncio

import aiohttp
import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from bench.gateway import Process, free_ports
from simpost.smsc import Faults, Rule, Simulator, SimulatorOptions, When
from simpost.smsc import faults as f
from simpost.smsc.content import text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN = "a-token-for-the-admin"
SECRET = "hush-hush-key"
BASE = """\
[server]
port = {port}
admin_token = "{token}"
[store]
secrets_key = "{key}"
[policy]
quiet_hours = false
"""
CARRIER = """
[[carriers]]
type = "{name}"
name = "{name}"
base_url = "http://127.0.0.1:{port}{path}"
allow_private = true
response_timeout_s = 1
{more}
[[routes]]
carrier = "{name}"
msisdn_prefix = "66{index}"
"""
CARRIERS = {
    "esim_access": (
        "/api/v1/open",
        f'access_code = "code"\nsecret_key = "{SECRET}"\nrate_per_s = 0',
    ),
}


def esim(name):
    index = list(CARRIERS).index(name)
    return {
        "esimTranNo": f"2601010000000{index}",
        "iccid": f"894453853200816022{index}",
        "msisdn": f"66{index}11234567",
        "smdpStatus": "ENABLED",
        "esimStatus": "IN_USE",
        "packageList": [{"packageCode": "P"}],
    }


HANDSET = {"esim_access": "esimTranNo", "emnify": "esimTranNo", "twilio": "msisdn"}
"""How carriers call an eSIM; the others by its ICCID."""


class Field:
    """The gateway between us and the simulator."""

    def __init__(self, folder):
        self.port = free_ports(1)[0]
        self.upstream = Simulator(SimulatorOptions(upstream_secret=SECRET, seed=1))
        self._folder = folder

    async def start(self):
        await self.upstream.start()
        base = BASE.format(port=self.port, token=TOKEN, key=Fernet.generate_key().decode())
        carriers = [
            CARRIER.format(
                name=name, port=self.upstream.http_port, path=path, more=more, index=index
            )
            for index, (name, (path, more)) in enumerate(CARRIERS.items())
        ]
        file = self._folder / "simpost.toml"
        file.write_text(base + "".join(carriers).replace("PORT", str(self.port)))
        log = self._folder / "gateway.log"
        self._process = await asyncio.to_thread(
            Process, ["serve", f"--config={file}"], "listens on", log
        )
        self._session = aiohttp.ClientSession(f"http://127.0.0.1:{self.port}")
        await self._operate("POST", "accounts", accessCode="a", secret="a-secret-of-16-a")
        await self._operate("PATCH", "accounts/a", requestsPerSecond=0)
        await self._operate("PUT", "plans", [{"packageCode": "P", "smsStatus": 1}])
        await self._operate("PUT", "accounts/a/esims", [esim(name) for name in CARRIERS])

    async def stop(self):
        await self._session.close()
        await asyncio.to_thread(self._process.stop)
        await self.upstream.stop()

    async def _operate(self, method, path, rows=None, **fields):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self._session.request(
            method, f"/v1/admin/{path}", json=rows or fields, headers=headers
        ) as answer:
            return await answer.json()

    async def _ask(self, method, path, **fields):
        headers = {"RT-AccessCode": "a", "RT-SecretKey": "a-secret-of-16-a"}
        async with self._session.request(method, path, json=fields, headers=headers) as answer:
            return await answer.json()

    async def send(self, name, text, **fields):
        sent = await self._ask(
            "POST", "/v1/messages", esimTranNo=esim(name)["esimTranNo"], text=text, **fields
        )
        return sent["id"]

    async def until(self, message_id, *states):
        async with asyncio.timeout(20):
            while True:
                message = await self._ask("GET", f"/v1/messages/{message_id}")
                if message["state"] in states:
                    return message
                await asyncio.sleep(0.02)

    def shown(self, name):
        """The texts on the handset of the eSIM that a carrier reaches."""
        handset = self.upstream.handsets.find(esim(name)[HANDSET.get(name, "iccid")])
        return [
            "".join(text_of(part, packed=False) for part in each.parts)
            for each in (handset.texts if handset else [])
        ]

    def set_faults(self, name, faults):
        """Faults of requests to an API from now on, by the number of the request."""
        self.upstream.set_faults(
            Faults(
                tuple(
                    Rule(do=fault, when=When(upstream=name, after=number, times=1))
                    for number, fault in faults.items()
                )
            )
        )


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def field(tmp_path_factory):
    field = Field(tmp_path_factory.mktemp("upstreams"))
    await field.start()
    try:
        yield field
    finally:
        await field.stop()


STATES = {"esim_access": "sent"}
"""What becomes of a text that its handset shows: some APIs never say more than that they took it.
"""


@pytest.mark.parametrize("name", CARRIERS)
async def test_a_text_is_on_the_handset_and_the_state_follows(field, name):
    field.upstream.set_faults(None)
    texts = ["Grüße, €5", "Привет 😀"]
    for text in texts:
        message = await field.until(await field.send(name, text), STATES[name], "failed")
        assert message["state"] == STATES[name]
        assert {each["carrier"] for each in message["attempts"]} == {name}
    assert field.shown(name) == texts


@pytest.mark.parametrize("name", CARRIERS)
async def test_a_throttled_text_is_sent_again_and_one_in_doubt_is_not(field, name):
    before = len(field.shown(name))
    field.set_faults(name, {0: f.HttpError(status=429, retry_after=1), 2: f.Drop()})
    throttled = await field.until(await field.send(name, "again"), STATES[name])
    assert [each["outcome"] for each in throttled["attempts"]] == ["throttled", "accepted"]
    doubtful = await field.until(await field.send(name, "lost", category="code"), "in_doubt")
    assert [each["outcome"] for each in doubtful["attempts"]] == ["in_doubt"]
    assert field.shown(name)[before:] == ["again", "lost"]


REFUSED = {
    "esim_access": f.HttpError(status=200, code="310403"),
}


@pytest.mark.parametrize("name", CARRIERS)
async def test_a_refused_text_ends_with_the_code_of_the_api(field, name):
    before = len(field.shown(name))
    field.set_faults(name, {0: REFUSED[name]})
    message = await field.until(await field.send(name, "no"), "rejected")
    [attempt] = message["attempts"]
    assert attempt["carrierCode"] == (REFUSED[name].code or f"HTTP {REFUSED[name].status}")
    assert len(field.shown(name)) == before
