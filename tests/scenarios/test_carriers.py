"""Two operators and a gateway in a process of its own: failover (field.md 3, row 27) and reload
while messages pass (row 23)."""

import asyncio
import os
import signal

import aiohttp
import pytest
from cryptography.fernet import Fernet

from bench.gateway import Process, free_ports
from simpost.smsc import Simulator, SimulatorOptions
from simpost.smsc.faults import Faults, Refuse, Rule, Silent

TOKEN = "a-token-for-the-admin"
ESIM = "26010100000001"
BASE = """\
[server]
port = {port}
admin_token = "{token}"
[store]
secrets_key = "{key}"
[messages]
failover_after_s = 1
"""
CARRIER = """\
[[carriers]]
type = "smpp"
name = "{name}"
host = "127.0.0.1"
port = {port}
system_id = "simpost"
password = "hush"
response_timeout_s = 1
reconnect_max_s = 1
"""


class Field:
    """Operators by name, and the gateway between them and us."""

    def __init__(self, folder):
        self.operators = {}
        self.port = free_ports()[0]
        self._base = BASE.format(port=self.port, token=TOKEN, key=Fernet.generate_key().decode())
        self._file = folder / "simpost.toml"
        self._log = folder / "gateway.log"
        self._session = None

    async def start(self):
        for name in ("one", "two"):
            options = SimulatorOptions(system_id="simpost", password="hush")
            self.operators[name] = Simulator(options)
            await self.operators[name].start()
        self.configure('carriers = ["one", "two"]', "one", "two")
        arguments = ["serve", f"--config={self._file}"]
        self._process = Process(arguments, ready="listens on", log=self._log)
        self._session = aiohttp.ClientSession(f"http://127.0.0.1:{self.port}")
        await self.operate("POST", "accounts", accessCode="a", secret="a-secret-of-16-a")
        await self.operate("PATCH", "accounts/a", requestsPerSecond=0)
        await self.operate("PUT", "plans", [{"packageCode": "P", "smsStatus": 1}])
        await self.operate("PUT", "accounts/a/esims", [esim()])

    async def stop(self):
        await self._session.close()
        await asyncio.to_thread(self._process.stop)
        for operator in self.operators.values():
            await operator.stop()

    def configure(self, route, *names):
        carriers = [CARRIER.format(name=name, port=self.operators[name].port) for name in names]
        self._file.write_text(f"{self._base}{''.join(carriers)}[[routes]]\n{route}\n")

    def break_file(self):
        self._file.write_text(self._file.read_text() + 'prefix = "66"\n')

    def hang_up(self):
        os.kill(self._process._child.pid, signal.SIGHUP)

    def log_says(self, word):
        return word in self._log.read_text()

    async def operate(self, method, path, rows=None, **fields):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self._session.request(
            method, f"/v1/admin/{path}", json=rows or fields, headers=headers
        ) as answer:
            return await answer.json()

    async def ask(self, method, path, **fields):
        headers = {"RT-AccessCode": "a", "RT-SecretKey": "a-secret-of-16-a"}
        async with self._session.request(method, path, json=fields, headers=headers) as answer:
            return await answer.json()

    async def send(self, text, **fields):
        return (await self.ask("POST", "/v1/messages", esimTranNo=ESIM, text=text, **fields))["id"]

    async def until(self, message_id, *states):
        while True:
            message = await self.ask("GET", f"/v1/messages/{message_id}")
            if message["state"] in states:
                return message

    async def until_bound(self, *names):
        while True:
            carriers = (await self.operate("GET", "carriers"))["carriers"]
            if {each["name"] for each in carriers if each["state"] == "ready"} >= set(names):
                return

    def shown(self, name):
        handset = self.operators[name].handsets.find("66811234567")
        texts = handset.texts if handset else []
        return [each.parts[0].octets.decode() for each in texts]  # GSM and ASCII agree on them


def esim():
    return {
        "esimTranNo": ESIM,
        "iccid": "8944538532008160222",
        "msisdn": "66811234567",
        "smdpStatus": "ENABLED",
        "esimStatus": "IN_USE",
        "packageList": [{"packageCode": "P"}],
    }


@pytest.fixture
async def field(tmp_path):
    field = Field(tmp_path)
    await field.start()
    try:
        await field.until_bound("one", "two")
        yield field
    finally:
        await field.stop()


async def test_when_the_first_carrier_goes_away_messages_go_by_the_second(field):
    first = [await field.send(f"text {n}") for n in range(10)]
    for message_id in first:
        await field.until(message_id, "delivered")
    await field.operators["one"].stop()
    later = [await field.send(f"text {n}") for n in range(10, 30)]
    for message_id in later:
        await field.until(message_id, "delivered")
    assert sorted(field.shown("one")) == sorted(f"text {n}" for n in range(10))
    assert sorted(field.shown("two")) == sorted(f"text {n}" for n in range(10, 30))


async def test_a_carrier_that_refuses_our_bind_gives_way_to_the_next(field):
    field.operators["one"].set_faults(Faults((Rule(do=Refuse(status="ESME_RINVBNDSTS")),)))
    message = await field.until(await field.send("hello"), "delivered")
    assert [each["carrier"] for each in message["attempts"]] == ["one", "two"]
    assert (field.shown("one"), field.shown("two")) == ([], ["hello"])


async def test_a_part_in_doubt_at_one_carrier_never_reaches_the_next(field):
    field.operators["one"].set_faults(Faults((Rule(do=Silent(accepted=True)),)))
    doubtful = await field.send("in doubt", category="code")
    await field.until(doubtful, "in_doubt")
    await field.operators["one"].stop()
    waits = await field.until(await field.send("after"), "delivered")
    assert waits["attempts"][-1]["carrier"] == "two"
    message = await field.until(doubtful, "in_doubt")
    assert [each["carrier"] for each in message["attempts"]] == ["one"]
    assert field.shown("two") == ["after"]


async def test_a_carrier_is_replaced_under_load(field):
    field.configure('carrier = "one"', "one")
    assert (await field.operate("POST", "reload"))["removed"] == ["two"]

    async def send_all():
        return [await field.send(f"text {n}") for n in range(50)]

    sending = asyncio.create_task(send_all())
    await field.operators["one"].wait_for_submits(5)
    field.configure('carrier = "two"', "two")
    done = await field.operate("POST", "reload")
    assert (done["added"], done["removed"], done["sections"]) == (["two"], ["one"], ["routes"])
    for message_id in await sending:
        await field.until(message_id, "delivered")
    shown = field.shown("one") + field.shown("two")
    assert sorted(shown) == sorted(f"text {n}" for n in range(50))
    assert field.shown("two")


async def test_a_signal_reloads_and_an_invalid_file_changes_nothing(field):
    field.configure('carrier = "two"', "one", "two")
    field.break_file()
    refused = await field.operate("POST", "reload")
    assert refused["code"] == "invalid_configuration"
    assert refused["errors"][0]["reason"].startswith("routes[0].prefix: unknown setting")
    field.hang_up()
    while not field.log_says("configuration_refused"):
        await field.operate("GET", "carriers")
    await field.until(await field.send("by one"), "delivered")
    field.configure('carrier = "two"', "one", "two")
    field.hang_up()
    while not field.log_says("configuration_reloaded"):
        await field.operate("GET", "carriers")
    await field.until(await field.send("by two"), "delivered")
    assert (field.shown("one"), field.shown("two")) == (["by one"], ["by two"])
