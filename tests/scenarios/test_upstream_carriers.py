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
CALLED = "a-token-of-24-characters"
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
    "esim_go": ("/v2.5", f'api_key = "{SECRET}"\ncallback_token = "{CALLED}"'),
    "esimfly": ("/api/v1/business", f'access_code = "code"\nsecret_key = "{SECRET}"'),
    "twilio": (
        "",
        f"""account_sid = "AC1"
auth_token = "{SECRET}"
source_address = "447700900000"
callback_token = "{CALLED}"
callback_url = "http://127.0.0.1:PORT"
""",
    ),
    "emnify": (
        "/api/v1",
        f"""application_token = "{SECRET}"
receipts = "callback"
callback_token = "{CALLED}"
api_secret = "{SECRET}"
""",
    ),
    "once": (
        "/management-api",
        f"""username = "user"
password = "{SECRET}"
receipts = "callback"
callback_token = "{CALLED}"
""",
    ),
}


def esim(name, spare=0):
    index = list(CARRIERS).index(name)
    return {
        "esimTranNo": f"260101000000{spare}{index}",
        "iccid": f"89445385320081602{spare}{index}",
        "msisdn": f"66{index}1123456{spare}",
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
        urls = {
            name: f"http://127.0.0.1:{self.port}/carriers/{name}/{CALLED}"
            for name in ("emnify", "esim_go", "once", "twilio")
        }
        self.upstream = Simulator(
            SimulatorOptions(upstream_secret=SECRET, callback_urls=urls, retry_s=0.1, seed=1)
        )
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
        await self._operate(
            "PUT", "accounts/a/esims", [esim(name, spare) for name in CARRIERS for spare in (0, 1)]
        )

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

    async def send(self, name, text, spare=0, **fields):
        number = esim(name, spare)["esimTranNo"]
        sent = await self._ask("POST", "/v1/messages", esimTranNo=number, text=text, **fields)
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

    def set_faults(self, faults):
        """Faults of requests from now on: for each API, by the number of its request."""
        self.upstream.set_faults(
            Faults(
                tuple(
                    Rule(do=fault, when=When(upstream=name, after=number, times=1))
                    for name, numbered in faults.items()
                    for number, fault in numbered.items()
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


STATES = {"twilio": "delivered", "emnify": "delivered", "once": "delivered"}
"""What becomes of a text that its handset shows; other APIs say no more than that they took it."""


CALLED_BACK = {"twilio", "emnify", "once"}
"""A callback also ends the doubt about a text whose response was lost."""


def state_of(name):
    return STATES.get(name, "sent")


async def each_carrier(check, names=tuple(CARRIERS)):
    """Run a check for all carriers at the same time; its name is in the error of one."""

    async def named(name):
        try:
            await check(name)
        except (AssertionError, TimeoutError, ValueError) as error:
            raise AssertionError(f"{name}: {error!r}") from error

    await asyncio.gather(*(named(name) for name in names))


async def test_a_text_is_on_the_handset_and_the_state_follows(field):
    field.set_faults({})

    async def check(name):
        before = len(field.shown(name))
        texts = ["Grüße, €5", "Привет 😀"]
        for message_id in [await field.send(name, text) for text in texts]:
            message = await field.until(message_id, state_of(name), "failed")
            assert message["state"] == state_of(name)
            assert {each["carrier"] for each in message["attempts"]} == {name}
        assert sorted(field.shown(name)[before:]) == texts

    await each_carrier(check)


async def test_a_throttled_text_is_sent_again_and_one_in_doubt_is_not(field):
    faults = {0: f.HttpError(status=429, retry_after=1), 2: f.Drop()}
    field.set_faults(dict.fromkeys(CARRIERS, faults))

    async def check(name):
        before = len(field.shown(name))
        throttled = await field.until(await field.send(name, "again"), state_of(name))
        assert [each["outcome"] for each in throttled["attempts"]] == ["throttled", "accepted"]
        state = "delivered" if name in CALLED_BACK else "in_doubt"
        doubtful = await field.until(await field.send(name, "lost", category="code"), state)
        assert [each["outcome"] for each in doubtful["attempts"]] == ["in_doubt"]
        assert field.shown(name)[before:] == ["again", "lost"]

    await each_carrier(check)


REFUSED = {
    "esim_access": f.HttpError(status=200, code="310403"),
    "esim_go": f.HttpError(status=403, code="no_bundle"),
    "esimfly": f.HttpError(status=403, code="FORBIDDEN"),
    "twilio": f.HttpError(status=400, code="21610"),
    "emnify": f.HttpError(status=422, code="UnprocessableEntity"),
    "once": f.HttpError(status=422, code="UnprocessableEntity"),
}
CODES = {"esim_go": "HTTP 403: no available bundles left"}


async def test_a_refused_text_ends_with_the_code_of_the_api(field):
    field.set_faults({name: {0: fault} for name, fault in REFUSED.items()})

    async def check(name):
        before = len(field.shown(name))
        message = await field.until(await field.send(name, "no"), "rejected")
        [attempt] = message["attempts"]
        assert attempt["carrierCode"] == CODES.get(name, REFUSED[name].code)
        assert len(field.shown(name)) == before

    await each_carrier(check)


FAILED = {
    "esim_go": f.FinalState(state="UNDELIVERABLE"),
    "twilio": f.FinalState(state="EXPIRED"),
    "emnify": f.FinalState(state="REJECTED"),
    "once": f.FinalState(state="UNDELIVERABLE"),
}


async def test_a_failure_that_is_called_back_twice_and_late_ends_the_message(field):
    """Without an id a failure counts only if one part fits, so no other text may be open."""
    field.upstream.set_faults(
        Faults(
            tuple(
                Rule(do=each, when=When(upstream=name))
                for name, fault in FAILED.items()
                for each in (fault, f.DoubleReceipt(), f.DelayReceipt(seconds=0.2))
            )
        )
    )
    before = field.upstream.stats().callbacks.acknowledged

    async def check(name):
        message = await field.until(await field.send(name, "to nobody", spare=1), "failed")
        assert message["attempts"][-1]["outcome"] == "accepted"

    await each_carrier(check, FAILED)
    async with asyncio.timeout(20):
        while field.upstream.stats().callbacks.acknowledged < before + 2 * len(FAILED) + 1:
            await asyncio.sleep(0.02)  # Twilio also calls when the text is sent


async def test_a_callback_before_the_response_counts_too(field):
    names = ("twilio", "emnify", "once")
    field.set_faults({name: {0: f.ReceiptFirst(seconds=0.2)} for name in names})

    async def check(name):
        await field.until(await field.send(name, "early"), "delivered")

    await each_carrier(check, names)


async def test_a_201_without_a_body_gets_its_id_from_the_list(field):
    field.set_faults({"once": {0: f.EmptyBody()}})
    message = await field.until(await field.send("once", "no id"), "delivered")
    assert message["attempts"][-1]["outcome"] == "accepted"


async def test_a_text_of_a_handset_comes_by_the_api_that_has_replies(field):
    """A long text is one inbound message: emnify and 1NCE pass its parts on one by one."""
    texts = {"twilio": "Danke, Grüße", "emnify": "Привет " * 30, "once": "Thanks " * 40}

    async def check(name):
        number = esim(name)["msisdn"]
        url = f"http://127.0.0.1:{field.upstream.http_port}/handsets/{number}/messages"
        to = "12345" if name == "emnify" else "447700900000"
        body = {"to": to, "text": texts[name], "by": name}
        async with aiohttp.ClientSession() as client, client.post(url, json=body) as answer:
            shown = await answer.json()
        assert set(shown["responses"]) == {"HTTP 200"}, shown
        async with asyncio.timeout(20):
            while True:
                found = await field._ask("GET", "/v1/inbound")
                got = {each["from"].strip("+"): each["text"] for each in found["inbound"]}
                if got.get(number) == texts[name]:
                    return
                await asyncio.sleep(0.02)

    await each_carrier(check, texts)
